"""Where a scan of an address may go: a policy of addresses, and the gateway that holds FFmpeg to it."""

from agent.guard.addresses import AddressPolicy, Refused, Resolver
from agent.guard.gateway import Gateway

__all__ = ["AddressPolicy", "Gateway", "Refused", "Resolver"]
