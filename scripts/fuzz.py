"""Nonsense for a running service: mutated media, hostile playlists, API bodies, requests in Slack's name.

    python -m scripts.fuzz                       # 20 minutes
    python -m scripts.fuzz --minutes 1 --seed 7

The service may refuse what it likes. It must not crash, answer with a 5xx or a traceback, leave a scan
without an end, fail to end in order, or reach a forbidden address: a canary listens on one, at which
playlists and redirects point. Workers may die, for that is what they are for; it is counted. Exit status 1
where a promise is broken.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path

import httpx
from sqlalchemy import func, select

from agent.store import Store
from agent.store.tables_service import JobRow
from scripts.fuzz_inputs import api_request, hostile_playlist, mutated, slack_request
from scripts.running import Service
from tests.clips import black, moving, programme, write_clip

__all__ = ["Found", "fuzz", "main"]

ALLOWED, FORBIDDEN = "127.0.0.2", "127.0.0.1"
"""Both are loopback: the setting allows the first and no other."""
SECRET = "fuzz-signing-secret"  # noqa: S105
TREE = """\
[slack]
signing_secret = { env = "FUZZ_SLACK" }

[destinations.file]
kind = "file"
path = "PATH"

[route]
to = ["file"]
"""
DRAIN_S = 300.0
FULL = (503, 507)
"""What may begin with 5: the queue, or the disk, is full."""
IN_ORDER = (0, 128 + signal.SIGTERM)
MOST_WAITING = 12
"""Scans that wait: more of them would only wait longer."""


@dataclass
class Found:
    """What was sent, what came back, and what must not have."""

    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    deaths: int = 0
    scans: Counter[str] = field(default_factory=Counter)


@dataclass
class Web:
    """A server whose answers are what the fuzz last put there, and a canary that counts who comes."""

    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    canary: list[str] = field(default_factory=list)
    base: str = ""
    forbidden: int = 0


@contextmanager
def web() -> Iterator[Web]:
    """Both, while the block runs."""
    held = Web()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = held.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Canary(Pages):
        def handle(self) -> None:
            held.canary.append(str(self.client_address))

    with ExitStack() as stack:
        for address, handler in ((ALLOWED, Pages), (FORBIDDEN, Canary)):
            server = ThreadingHTTPServer((address, 0), handler)
            server.handle_error = lambda *_: None  # type: ignore[method-assign]
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            if handler is Canary:
                held.forbidden = server.server_port
            else:
                held.base = f"http://{ALLOWED}:{server.server_port}"
        yield held


def fuzz(folder: Path, *, seconds: float, seed: int, say: Callable[[str], object] = print) -> Found:
    """Fuzz for so long, then wait until all scans have ended; ``folder`` is empty.

    Raises:
        RuntimeError: the service does not start.
    """
    rng = random.Random(seed)
    tree = folder / "notify.toml"
    tree.write_text(TREE.replace("PATH", str(folder / "pages.jsonl")))
    settings = {
        "VIDETTE_ALLOW_NETWORKS": ALLOWED,
        "FUZZ_SLACK": SECRET,
        "VIDETTE_SCAN_TIMEOUT_S": "20",
        "VIDETTE_SCAN_STALL_S": "30",
        "VIDETTE_RATE_READS": "10000",
        "VIDETTE_RATE_WRITES": "10000",
    }
    service = Service(str(folder / "vidette.db"), folder, tree, workers=1, settings=settings)
    found = Found()
    with web() as held:
        service.start()
        try:
            with httpx.Client(base_url=service.base, timeout=60) as client:
                _Attack(service, client, held, rng, found, folder, say).run(seconds)
        finally:
            running = service.alive()
            status = _ended(service)
        _judge(service, held, found, running, status)
    return found


@dataclass
class _Attack:
    """Sends one thing after the other, drawn by lot."""

    service: Service
    client: httpx.Client
    web: Web
    rng: random.Random
    found: Found
    folder: Path
    say: Callable[[str], object]

    def run(self, seconds: float) -> None:
        """Until the time is over or the service is gone; then until no scan waits any more."""
        clips = _clips(self.folder)
        paths = self.client.get("/openapi.json").json()["paths"]
        end, told = time.monotonic() + seconds, time.monotonic()
        with Store.open(self.service.db) as store:
            while time.monotonic() < end and self.service.alive():
                kind = self.rng.choice(("media", "playlist", "api", "api", "api", "slack"))
                if kind in ("media", "playlist") and _waiting(store) >= MOST_WAITING:
                    kind = self.rng.choice(("api", "slack"))
                self._one(kind, clips, paths)
                if time.monotonic() - told > 60:
                    told = time.monotonic()
                    self.say(
                        f"{dict(self.found.sent)} {dict(self.found.answers)} wrong: {len(self.found.wrong)}"
                    )
            end = time.monotonic() + DRAIN_S
            while time.monotonic() < end and self.service.alive() and _waiting(store):
                time.sleep(0.2)

    def _one(self, kind: str, clips: list[bytes], paths: dict[str, object]) -> None:
        if kind == "api":
            self._send(kind, api_request(self.rng, paths), self.service.headers)
        elif kind == "slack":
            self._send(kind, slack_request(self.rng, SECRET), {})
        elif kind == "media" or self.rng.random() < 0.25:
            body = mutated(self.rng, self.rng.choice(clips))
            if kind == "playlist":
                body = hostile_playlist(self.rng, self.web.forbidden, self.web.base)
            given = {"method": "POST", "url": "/v1/scans/upload?name=fuzz.ts", "content": body}
            self._send(kind, given, self.service.headers)
        else:
            name = f"/{self.rng.randrange(1 << 30):x}.{self.rng.choice(('m3u8', 'mpd', 'ts', 'txt'))}"
            self.web.pages[name] = self._page(clips)
            given = {"method": "POST", "url": "/v1/scans", "json": {"url": self.web.base + name}}
            self._send(kind, given, self.service.headers)

    def _page(self, clips: list[bytes]) -> tuple[int, dict[str, str], bytes]:
        """A hostile playlist, mutated media, or a redirect to the canary."""
        if self.rng.random() < 0.25:
            target = f"http://{FORBIDDEN}:{self.web.forbidden}/redirected"
            return self.rng.choice((301, 302, 307, 308)), {"Location": target}, b""
        types = ("application/vnd.apple.mpegurl", "application/dash+xml", "video/mp2t", "text/plain")
        body = hostile_playlist(self.rng, self.web.forbidden, self.web.base)
        if self.rng.random() < 0.2:
            body = mutated(self.rng, self.rng.choice(clips))
        return 200, {"Content-Type": self.rng.choice(types)}, body

    def _send(self, kind: str, given: dict[str, object], headers: dict[str, str]) -> None:
        self.found.sent[kind] += 1
        sent = {**headers, **given.pop("headers", {})}  # type: ignore[dict-item]
        try:
            answer = self.client.request(**given, headers=sent)  # type: ignore[arg-type]
        except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError, TypeError):
            self.found.answers["not sendable"] += 1
            return
        except httpx.HTTPError as exc:
            self.found.answers[type(exc).__name__] += 1
            if not self.service.alive() or isinstance(exc, httpx.TimeoutException):
                self.found.wrong.append(f"{kind}: {type(exc).__name__} at {str(given)[:300]}")
            return
        self.found.answers[str(answer.status_code)] += 1
        if answer.status_code >= 500 and answer.status_code not in FULL:
            self.found.wrong.append(f"{kind}: {answer.status_code} at {str(given)[:300]}")
        if b"Traceback" in answer.content or b'File "/' in answer.content:
            self.found.wrong.append(f"{kind}: a traceback at {str(given)[:300]}")


def _ended(service: Service) -> int | None:
    """The status of an end in order; None where it had to be killed."""
    try:
        return service.stop()
    except subprocess.TimeoutExpired:
        return None
    finally:
        service.kill()


def _judge(service: Service, held: Web, found: Found, running: bool, status: int | None) -> None:
    if not running:
        found.wrong.append("the service crashed")
    elif status not in IN_ORDER:
        found.wrong.append(f"SIGTERM ended it with status {status}")
    if held.canary:
        found.wrong.append(f"a forbidden address was reached {len(held.canary)} times")
    log = service.log.read_text(errors="replace")
    found.deaths = log.count("its worker died")
    if "Traceback (most recent call last)" in log:
        place = log.index("Traceback (most recent call last)")
        found.wrong.append(f"the log has a traceback: ...{log[max(place - 200, 0) : place + 3000]}")
    with Store.open(service.db) as store, store.reading() as session:
        for state, status in session.execute(select(JobRow.state, JobRow.status)):
            found.scans[f"{state} {status or ''}".strip()] += 1
            if state not in ("done", "cancelled"):
                found.wrong.append(f"a scan is {state} in the end")


def _waiting(store: Store) -> int:
    with store.reading() as session:
        query = select(func.count(JobRow.id)).where(JobRow.state.in_(("queued", "running")))
        return session.scalar(query) or 0


def _clips(folder: Path) -> list[bytes]:
    """A second and a half of pictures and sound, in four containers."""
    made = []
    for suffix in ("ts", "mp4", "mkv", "mov"):
        pictures = chain(moving(12), black(12), moving(12, first=12))
        path = write_clip(folder / f"clip.{suffix}", pictures=pictures, sound=programme(1.44))
        made.append(path.read_bytes())
    return made


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fuzz", description="Fuzz a service of its own.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="vidette-fuzz-") as folder:
        found = fuzz(Path(folder), seconds=chosen.minutes * 60, seed=chosen.seed)
    print(f"sent {dict(found.sent)}\nanswers {dict(found.answers)}\nscans {dict(found.scans)}")
    print(f"workers that died: {found.deaths}")
    for line in found.wrong[:20]:
        print(f"WRONG: {line}")
    print("as promised" if not found.wrong else f"NOT as promised: {len(found.wrong)}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
