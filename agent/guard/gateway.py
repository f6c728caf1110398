"""The only way out for FFmpeg: a proxy in this process that asks the policy before it connects.

FFmpeg looks hosts up itself, follows redirects itself, and opens what a playlist names. So within
``Gateway.guarding`` every HTTP connection that FFmpeg makes in this process goes through the gateway
(``http_proxy``), whatever asked for it: the input, a redirect, a playlist, a segment, a key.

TLS is the gateway's too, with certificates checked: FFmpeg is given ``http://HOST.tls.vidette.invalid:443/``
for ``https://HOST/``, and so are the addresses in playlists and redirects. What is not rewritten fails:
FFmpeg may use ``https`` only through a CONNECT, which the protocols that an input may use do not include.
"""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import certifi
import httpcore

from agent.guard.addresses import AddressPolicy, GuardedBackend, Refused, Resolver, resolve
from agent.guard.playlists import (
    HEAD_BYTES,
    MAX_PLAYLIST_BYTES,
    Forbidden,
    is_playlist,
    real_url,
    require_tame,
    rewritten,
)
from pipeline.source import redact
from pipeline.text import clean

__all__ = ["Gateway"]

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 20.0
MOST_TOLD = 20
PROXY_VARIABLES = ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY")

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"}
    | {"trailer", "transfer-encoding", "upgrade", "host", "accept-encoding", "content-length"}
)


class Gateway:
    """While it is entered it runs; within ``guarding``, FFmpeg reaches what the policy allows, nothing else.

    ``refusals`` tells what was not allowed, ``failures`` what did not answer, each in words.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        lookup: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.refusals: list[str] = []
        self.failures: list[str] = []
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or _tls(),
            network_backend=GuardedBackend(policy, lookup),
            max_connections=32,
            keepalive_expiry=10.0,
        )
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Gateway:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._pool.close()

    @contextlib.contextmanager
    def guarding(self) -> Iterator[None]:
        """Hold FFmpeg to the gateway while the block runs, and forget what was refused before.

        The environment is the process's own: nothing else in it may use HTTP at that time.
        """
        self.refusals.clear()
        self.failures.clear()
        before = {name: os.environ.pop(name, None) for name in PROXY_VARIABLES}
        os.environ["http_proxy"] = f"http://127.0.0.1:{self._server.server_port}"
        try:
            yield
        finally:
            del os.environ["http_proxy"]
            os.environ.update({name: value for name, value in before.items() if value is not None})

    @contextlib.contextmanager
    def fetch(self, method: str, url: str, headers: Mapping[str, str]) -> Iterator[httpcore.Response]:
        """Ask the server for it; redirects are not followed.

        Raises:
            httpcore.ConnectError, httpcore.TimeoutException, httpcore.ProtocolError ...: it cannot be had.
        """
        timeouts = {"connect": CONNECT_TIMEOUT_S, "read": READ_TIMEOUT_S, "write": READ_TIMEOUT_S}
        timeouts["pool"] = CONNECT_TIMEOUT_S
        sent = list(headers.items())
        with self._pool.stream(method, url, headers=sent, extensions={"timeout": timeouts}) as response:
            yield response


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gateway = gateway


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        self._relay()

    def do_HEAD(self) -> None:
        self._relay()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: addresses may hold secrets."""

    def _relay(self) -> None:
        self.close_connection = True
        gateway = self.server.gateway
        url = real_url(self.path)
        if url is None:
            self._refuse(400, "this is a proxy for http:// addresses")
            return
        sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        sent["Accept-Encoding"] = "identity"
        try:
            with gateway.fetch(self.command, url, sent) as response:
                self._answer(response, url)
        except (Refused, Forbidden) as exc:
            _note(gateway.refusals, str(exc))
            self._refuse(403, str(exc))
        except (BrokenPipeError, ConnectionResetError):
            return
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ValueError) as exc:
            told = f"{clean(redact(url), 120)}: {clean(str(exc), 120) or type(exc).__name__}"
            _note(gateway.failures, told)
            self._refuse(502, told)

    def _answer(self, response: httpcore.Response, url: str) -> None:
        chunks = response.iter_stream()
        first = _head(chunks)
        status = response.status
        headers = [(name.decode("latin-1"), value) for name, value in response.headers]
        kept = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
        length = _only(headers, "content-length")
        if (_only(headers, "content-encoding") or b"identity").lower() != b"identity":
            # It was asked for as it is: what is packed cannot be looked into.
            raise Forbidden(f"{clean(redact(url), 120)}: sends a content encoding that was not asked for")
        if is_playlist(first):
            text = _whole(first, chunks)
            require_tame(text)
            body = rewritten(text, tls=url.startswith("https:"))
            kept = [item for item in kept if item[0].lower() not in ("content-range", "accept-ranges")]
            status, length, first, chunks = 200, str(len(body)).encode(), body, iter(())
        self.send_response_only(status)
        for name, value in kept:
            if name.lower() == "location":
                value = rewritten(value.strip(), tls=url.startswith("https:"))
                require_tame(value)
            self.send_header(name, value.decode("latin-1").replace("\r", "").replace("\n", ""))
        if length is not None:
            self.send_header("Content-Length", length.decode("latin-1"))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(first)
            for chunk in chunks:
                self.wfile.write(chunk)

    def _refuse(self, status: int, why: str) -> None:
        with contextlib.suppress(OSError):
            body = clean(why, 300).encode()
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)


def _note(notes: list[str], told: str) -> None:
    if told not in notes and len(notes) < MOST_TOLD:
        notes.append(told)


def _tls() -> ssl.SSLContext:
    """Certificates are checked, against the system's authorities and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _head(chunks: Iterator[bytes]) -> bytes:
    """So much of the beginning as it takes to know a playlist, however it is cut into pieces."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head


def _whole(first: bytes, chunks: Iterator[bytes]) -> bytes:
    parts, size = [first], len(first)
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_PLAYLIST_BYTES:
            raise Forbidden(f"a playlist is larger than {MAX_PLAYLIST_BYTES >> 20} MiB")
    return b"".join(parts)


def _only(headers: list[tuple[str, bytes]], wanted: str) -> bytes | None:
    return next((value for name, value in headers if name.lower() == wanted), None)
