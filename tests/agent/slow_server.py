"""A web server that gives a file at its own pace, so that a test can act half-way through a scan."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["SlowFile", "slow_server"]

PIECE = 4096
PAUSE_S = 0.02


class SlowFile:
    """A file that is served: all of ``head`` at once, and the rest in pieces, or never if it stalls."""

    def __init__(self, path: Path, head: float, *, stalls: bool = False) -> None:
        self.data = path.read_bytes()
        self.head = int(len(self.data) * head)
        self.stalls = stalls
        self.half_way = threading.Event()
        self.done = threading.Event()
        self.url = ""


@contextmanager
def slow_server(file: SlowFile) -> Iterator[SlowFile]:
    """Serve it while the block runs; ``file.half_way`` is set when the head is out."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            self.wfile.write(file.data[: file.head])
            self.wfile.flush()
            file.half_way.set()
            for start in range(file.head, len(file.data), PIECE):
                while not file.done.wait(PAUSE_S) and file.stalls:
                    pass
                if file.done.is_set():
                    return
                try:
                    self.wfile.write(file.data[start : start + PIECE])
                except OSError:
                    return

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        file.url = f"http://127.0.0.1:{server.server_port}/clip.ts?key=secret"
        try:
            yield file
        finally:
            file.done.set()
            server.shutdown()
            thread.join()
