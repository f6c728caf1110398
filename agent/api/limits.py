"""How often somebody may ask: token buckets in memory, and a limit on the size of bodies."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.api.problems import problem_response

__all__ = ["MAX_BODY_BYTES", "BodyLimit", "Buckets", "SafeHeaders"]

MAX_BODY_BYTES = 1 << 20
TOO_LARGE = f"a body may have at most {MAX_BODY_BYTES} bytes"
MOST_BUCKETS = 10_000
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
RAW = [(name.lower().encode(), value.encode()) for name, value in SAFE_HEADERS.items()]


class Buckets:
    """So many requests a second for each key, and twice as many at once unless told."""

    def __init__(
        self, per_s: float, *, burst: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._burst = per_s, max(burst or per_s * 2, 1.0)
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> float:
        """Take one; how long to wait before there is one, 0 where it was taken."""
        now = self._clock()
        with self._lock:
            level, at = self._levels.pop(key, (self._burst, now))
            level = min(self._burst, level + (now - at) * self._per_s)
            taken = level >= 1.0
            self._levels[key] = (level - taken, now)
            if len(self._levels) > MOST_BUCKETS:
                self._levels.popitem(last=False)
        return 0.0 if taken else (1.0 - level) / self._per_s


class _TooLarge(HTTPException):
    """FastAPI lets these through while it reads a body, and takes any other for broken JSON."""

    def __init__(self) -> None:
        super().__init__(413, TOO_LARGE)


class BodyLimit:
    """Middleware: bodies above the limit are refused, whatever their headers say of their length.

    Paths in ``free`` see to it themselves.
    """

    def __init__(self, app: ASGIApp, free: tuple[str, ...] = ()) -> None:
        self._app, self._free = app, free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, counting."""
        if scope["type"] != "http" or scope["path"] in self._free:
            return await self._app(scope, receive, send)
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not told.isdigit() or len(told) > 18 or int(told) > MAX_BODY_BYTES:
            return await problem_response(413, TOO_LARGE)(scope, receive, send)
        size, begun = 0, False

        async def counting() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY_BYTES:
                raise _TooLarge
            return message

        async def watching(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counting, watching)
        except _TooLarge:
            if not begun:
                await problem_response(413, TOO_LARGE)(scope, receive, send)
        return None


class SafeHeaders:
    """Middleware: what no browser is to guess, store, frame or pass on, unless a route says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add headers to the answer."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                there = {name.lower() for name, _ in headers}
                message = {**message, "headers": headers + [one for one in RAW if one[0] not in there]}
            await send(message)

        await self._app(scope, receive, adding if scope["type"] == "http" else send)
