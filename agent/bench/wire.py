"""HTTP/1.1 as the load needs it: GETs over kept connections, at a tenth of the cost of a whole client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

__all__ = ["Wire"]

MOST_CONNECTIONS = 64


class _Line(asyncio.Protocol):
    """One connection: a request, its answer, and then the next."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._body_at = self._ends = 0
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - it is a socket
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._ends and (head := self._held.find(b"\r\n\r\n")) >= 0:
            self._body_at = head + 4
            self._ends = self._body_at + _length(bytes(self._held[:head]))
        if self._ends and len(self._held) >= self._ends and self._answer is not None:
            status, body = int(self._held[9:12]), bytes(self._held[self._body_at : self._ends])
            self._held.clear()
            self._ends = 0
            self._answer.set_result((status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the service hung up"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the service hung up")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Wire:
    """So many connections to one service; whoever asks waits for one that is free."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._host, self._port = host, port
        self._head = f" HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._free: list[_Line] = []
        self._turn = asyncio.Semaphore(MOST_CONNECTIONS)

    @classmethod
    @asynccontextmanager
    async def to(cls, base: str, token: str) -> AsyncIterator[Wire]:
        """Connections to the service at ``base`` (``http://HOST:PORT``), closed in the end."""
        place = urlsplit(base)
        wire = cls(place.hostname or "", place.port or 80, token)
        try:
            yield wire
        finally:
            for line in wire._free:
                line.close()

    async def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body of the answer.

        Raises:
            OSError: the service cannot be reached, or hung up.
        """
        async with self._turn:
            line = self._free.pop() if self._free else await self._connected()
            answer = await line.ask(f"GET {path}{self._head}".encode())
            self._free.append(line)
            return answer

    async def _connected(self) -> _Line:
        _, line = await asyncio.get_running_loop().create_connection(_Line, self._host, self._port)
        return line


def _length(head: bytes) -> int:
    """The length of the body that a head tells; all answers of the service's API tell it."""
    lower = head.lower()
    at = lower.index(b"content-length:") + 15
    end = lower.find(b"\r\n", at)
    return int(lower[at : end if end >= 0 else len(lower)])
