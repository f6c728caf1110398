"""Which addresses a scan may reach: those of the public internet, and what a setting allows."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import httpcore

from pipeline.errors import UsageError
from pipeline.text import clean

__all__ = ["AddressPolicy", "GuardedBackend", "Refused", "Resolver", "resolve"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

Resolver = Callable[[str, int], list[str]]
"""Host and port -> its addresses as text, in the order in which they are to be tried."""

METADATA = frozenset({ip_address("168.63.129.16")})
"""Addresses of cloud services that look public: Azure's. The others are link-local or reserved anyway."""

NAT64 = ip_network("64:ff9b::/96")
LOCAL_NAT64 = ip_network("64:ff9b:1::/48")


class Refused(httpcore.ConnectError):
    """The policy does not let a connection there; the message says why."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses, and the ``allowed`` networks beside them."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def allowing(cls, networks: Iterable[str]) -> AddressPolicy:
        """A policy that allows these networks too: ``10.1.0.0/16``, ``192.168.1.20``.

        Raises:
            UsageError: one of them is no network.
        """
        found = []
        for text in networks:
            try:
                found.append(ip_network(text.strip()))
            except ValueError as exc:
                raise UsageError(
                    f"VIDETTE_ALLOW_NETWORKS: {clean(text, 40)!r} is no network; write 10.1.0.0/16"
                ) from exc
        return cls(tuple(found))

    def why_not(self, text: str) -> str | None:
        """Why an address may not be reached; None where it may."""
        try:
            address = ip_address(text.split("%", 1)[0])
        except ValueError:
            return "it is no address"
        for inner in (address, *_embedded(address)):
            if any(inner.version == network.version and inner in network for network in self.allowed):
                return None
        for inner in (address, *_embedded(address)):
            if not inner.is_global or inner.is_multicast or inner in METADATA:
                return f"{inner} is not an address of the public internet"
        return None


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class GuardedBackend(httpcore.SyncBackend):
    """Looks a host up once, asks the policy about every answer, and connects to what it asked about."""

    def __init__(self, policy: AddressPolicy, lookup: Resolver = resolve) -> None:
        self._policy = policy
        self._lookup = lookup

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to an address of the host.

        Raises:
            Refused: one of its addresses is forbidden.
            httpcore.ConnectError: it has no address, or nobody answers there.
        """
        try:
            addresses = self._lookup(host, port)
        except (OSError, UnicodeError) as exc:
            raise httpcore.ConnectError(f"{clean(host, 80)} has no address") from exc
        for address in addresses:
            # One forbidden answer is enough: a name of both worlds is no name of the public one.
            reason = self._policy.why_not(address)
            if reason is not None:
                raise Refused(f"{clean(host, 80)} may not be reached: {reason}")
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failed = exc
        raise failed or httpcore.ConnectError(f"{clean(host, 80)} has no address")


def _embedded(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64 or address in LOCAL_NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
