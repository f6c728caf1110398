"""Throws mutated media, hostile playlists and broken requests at a served API, and watches what it does.

    python -m evals.fuzz --seconds 1200

The service must stay, answer every request without a trace of itself, end every scan, and reach nothing that
is forbidden. The seed makes a run repeatable.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from agent.store import Store
from agent.store.tokens import Scope, add_token
from evals.chaos import dark_clip

__all__ = ["Fuzz", "Seen", "main"]

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"
"""Two addresses of this machine: one that the service is allowed to reach, and one that it is not."""
PATIENCE_S = 240.0
MUCH = 64 << 10
FINE = frozenset({503, 507})
"""What may begin with 5: the queue or the disk is full."""

TARGETS = (
    "http://{private}/x",
    "https://{private}/x",
    "tcp://{private}",
    "crypto+tcp://{private}",
    "httpproxy://{private}/y:1",
    "file:///etc/passwd",
    "http://{public}/clip.ts",
    "//{private}/x",
    "clip.ts",
    "../../clip.ts?a=b",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "data:,x",
)
LINES = (
    "#EXTINF:1,",
    "#EXT-X-VERSION:3",
    "#EXT-X-TARGETDURATION:1",
    "#EXT-X-ENDLIST",
    '#EXT-X-KEY:METHOD=AES-128,URI="{target}"',
    '#EXT-X-MAP:URI="{target}"',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="{target}"',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\n{target}',
    "#EXT-X-BYTERANGE:99999999@-1",
    "{target}",
)
PATHS = (
    "/v1/scans",
    "/v1/scans/upload",
    "/v1/incidents",
    "/v1/incidents/{id}",
    "/v1/incidents/{id}/acknowledge",
    "/v1/incidents/{id}/feedback",
    "/v1/incidents/{id}/stills/onset.jpg",
    "/v1/incidents/{id}/clip",
    "/v1/waivers",
    "/v1/waivers/1",
    "/v1/events?wait=false&after=0",
    "/v1/session",
    "/slack",
    "/openapi.json",
    "/",
)
BODIES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"url": "http://127.0.0.1/"}',
    b'{"url": ' + b'"x"' * 3,
    b'{"kind": "false_alarm", "note": "\\ud800\\u0000"}',
    b'{"input": "*", "checks": ["black"], "reason": "x", "expires_at": "2090-01-01T00:00:00Z"}',
    b"[" * 5000,
    b"\xff\xfe\x00",
    b'{"url": 1e999}',
)


@dataclass(slots=True)
class Seen:
    """What was seen; ``wrong`` says what must not be."""

    requests: int = 0
    scans: int = 0
    forbidden: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong."""
        return not self.wrong and self.forbidden == 0


@dataclass(slots=True)
class Fuzz:
    """Goes on for ``seconds``, in a folder of its own."""

    folder: Path
    seconds: float
    seed: int = 1

    @property
    def _log(self) -> Path:
        return self.folder / "serve.log"

    def run(self) -> Seen:
        """Do it, and say what was seen."""
        dice, seen = random.Random(self.seed), Seen()  # noqa: S311 - it is to be the same each time
        clip = dark_clip(self.folder / "dark.ts").read_bytes()
        with _site(PUBLIC, clip, dice) as public, _site(PRIVATE, clip, dice) as private:
            with self._served() as (client, process):
                ends = time.monotonic() + self.seconds
                while time.monotonic() < ends and process.poll() is None:
                    self._once(client, dice, seen, clip, (public, private))
                self._wait(client, process, seen)
            seen.forbidden = private.connections
        if b"Traceback" in self._log.read_bytes():
            seen.wrong.append("the log has a traceback: a fault of vidette's own")
        if process.returncode not in (0, 143):
            seen.wrong.append(f"the service ended with {process.returncode}")
        return seen

    def _once(
        self, client: httpx.Client, dice: random.Random, seen: Seen, clip: bytes, sites: tuple[_Site, _Site]
    ) -> None:
        kind = dice.random()
        if kind < 0.03:
            answer = client.post("/v1/scans/upload", params={"name": "a.ts"}, content=_mutated(clip, dice))
            seen.scans += answer.status_code == 202
        elif kind < 0.08:
            sites[0].text = _playlist(dice, sites)
            body = {"url": f"http://{PUBLIC}:{sites[0].port}/{dice.randrange(1 << 30)}.m3u8"}
            answer = client.post("/v1/scans", json=body)
            seen.scans += answer.status_code == 202
        else:
            path = dice.choice(PATHS).replace(
                "{id}", dice.choice(["0" * 16, "1nc1de", "%00", "..", "a" * 300])
            )
            headers = {"Idempotency-Key": "k"} if dice.random() < 0.2 else {}
            content = _mutated(dice.choice(BODIES), dice) if dice.random() < 0.5 else dice.choice(BODIES)
            method = dice.choice(["GET", "POST", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"])
            headers["Content-Type"] = dice.choice(["application/json", "text/plain", "multipart/form-data"])
            answer = client.request(method, path, content=content, headers=headers)
        seen.requests += 1
        bad = answer.status_code >= 500 and answer.status_code not in FINE
        if bad or "Traceback" in answer.text[:MUCH]:
            seen.wrong.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")

    def _wait(self, client: httpx.Client, process: subprocess.Popen[bytes], seen: Seen) -> None:
        """Every scan must end."""
        ends = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < ends:
            states = ("queued", "running")
            if not client.get("/v1/scans", params={"state": states, "limit": 1}).json()["scans"]:
                return
            time.sleep(0.2)
        seen.wrong.append("a scan did not end" if process.poll() is None else "the service died")

    @contextmanager
    def _served(self) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
        db = str(self.folder / "vidette.db")
        with Store.open(db) as store, store.noting() as session:
            _, secret = add_token(session, "fuzz", Scope.ADMIN, datetime.now(UTC))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "agent.cli",
            "serve",
            "--workers",
            "1",
            "--port",
            str(port),
            "--db",
            db,
        ]
        settings = {
            "DATA_DIR": str(self.folder),
            "TRIAGE": "rules",
            "ALLOW_NETWORKS": PUBLIC,
            "SCAN_STALL_S": "20",
        }
        environment = os.environ | {f"VIDETTE_{name}": value for name, value in settings.items()}
        with self._log.open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603
        headers = {"Authorization": f"Bearer {secret}"}
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=90) as client:
                while process.poll() is None:
                    with suppress(httpx.TransportError):
                        client.get("/v1/session")
                        break
                    time.sleep(0.1)
                yield client, process
        finally:
            process.terminate()
            process.wait()


class _Site:
    """A server that counts connections; it gives ``text`` for playlists, and the clip for all else."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port, self.connections, self.text = server.server_port, 0, b""


@contextmanager
def _site(address: str, clip: bytes, dice: random.Random) -> Iterator[_Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = site.text if self.path.endswith(".m3u8") else _mutated(clip, dice)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            site.connections += 1
            return super().get_request()

        def handle_error(self, request: object, client_address: object) -> None:
            """A peer that turns away is no error here."""

    with Server((address, 0), Handler) as server:
        site = _Site(server)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def _playlist(dice: random.Random, sites: tuple[_Site, _Site]) -> bytes:
    public, private = (f"{name}:{site.port}" for name, site in zip((PUBLIC, PRIVATE), sites, strict=True))
    lines = ["#EXTM3U"]
    for _ in range(dice.randrange(1, 12)):
        target = dice.choice(TARGETS).format(public=public, private=private, port=sites[1].port)
        lines.append(dice.choice(LINES).replace("{target}", target))
    text = "\n".join(lines).encode()
    return _mutated(text, dice) if dice.random() < 0.3 else text


def _mutated(data: bytes, dice: random.Random) -> bytes:
    """Some bytes turned, cut out, doubled or cut off."""
    found = bytearray(data)
    for _ in range(dice.randrange(1, 20)):
        if not found:
            break
        at = dice.randrange(len(found))
        what = dice.randrange(4)
        if what == 0:
            found[at] = dice.randrange(256)
        elif what == 1:
            del found[at : at + dice.randrange(1, 200)]
        elif what == 2:
            found[at:at] = found[at : at + dice.randrange(1, 200)]
        elif dice.random() < 0.2:
            del found[at:]
    return bytes(found)


def main() -> int:
    """Run it from the command line; 0 where nothing was wrong."""
    parser = argparse.ArgumentParser(prog="evals.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vidette-fuzz-") as folder:
        seen = Fuzz(Path(folder), chosen.seconds, chosen.seed).run()
    print(f"{seen.requests} requests, {seen.scans} scans, {seen.forbidden} forbidden connections:", end=" ")
    print("sound" if seen.sound else f"NOT sound: {seen.wrong[:10]}")
    return 0 if seen.sound else 1


if __name__ == "__main__":
    sys.exit(main())
