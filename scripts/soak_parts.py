"""What the soak is made of: inputs with known incidents, a client that does not give up, a killer, judges."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from agent.store import Store
from agent.store.tables import EventRow, IncidentRow, InputRow
from agent.store.tables_pages import PageIncidentRow, PageRow, RouterRow
from agent.store.tables_service import ChangeRow, JobRow
from scripts.running import Service
from tests.clips import black, moving, write_clip

__all__ = [
    "Client",
    "Input",
    "Killer",
    "counted",
    "file_server",
    "judged_incidents",
    "judged_pages",
    "make_inputs",
]

RATE = 25
LEAD_S, BLACK_S, PAUSE_S = 1.0, 2.4, 1.6
SHAPES = (1, 2, 4)
"""So many incidents have the clips, in turn."""
TOLERANCE_S = 0.1
PATIENCE_S = 600.0
TIMEOUT_S = 60.0
PASSING = (408, 409, 429, 500, 502, 503)


@dataclass(frozen=True)
class Input:
    """Something to be scanned, and when its incidents begin. ``identity`` is what the store calls it."""

    kind: str
    path: Path
    identity: str
    starts_s: tuple[float, ...]


def make_inputs(folder: Path, incidents: int, base: str) -> list[Input]:
    """Files, addresses below ``base`` and uploads in turn, with ``incidents`` incidents in all."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = {count: _clip(folder / f"base-{count}.ts", count) for count in (1, 2, 3, 4)}
    made: list[Input] = []
    left = incidents
    while left:
        number = len(made)
        count = min(SHAPES[number % len(SHAPES)], left)
        path = folder / f"input-{number:04d}.ts"
        # The same pictures, and bytes of its own: packets of padding, which no decoder looks at.
        path.write_bytes(clips[count].read_bytes() + _padding(number))
        kind = ("file", "url", "upload")[number // len(SHAPES) % 3]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        identity = {"file": str(path), "url": f"{base}/{path.name}", "upload": f"sha256:{digest}"}[kind]
        starts = tuple(LEAD_S + index * (BLACK_S + PAUSE_S) for index in range(count))
        made.append(Input(kind, path, identity, starts))
        left -= count
    return made


def _clip(path: Path, incidents: int) -> Path:
    """``incidents`` times black, with pictures before, between and after."""
    seen = [moving(round(LEAD_S * RATE))]
    shown = round(LEAD_S * RATE)
    for _ in range(incidents):
        seen += [black(round(BLACK_S * RATE)), moving(round(PAUSE_S * RATE), first=shown)]
        shown += round(PAUSE_S * RATE)
    return write_clip(path, pictures=chain(*seen))


def _padding(number: int) -> bytes:
    """Null packets of a transport stream (ISO/IEC 13818-1, PID 0x1FFF)."""
    return b"\x47\x1f\xff\x10" + number.to_bytes(4, "big") + b"\xff" * 180


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """The address of a server of the files of a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Client:
    """Asks again, with the same key, until it is answered, as anybody should."""

    service: Service
    retries: Counter[str] = field(default_factory=Counter)

    def post(self, path: str, key: str, headers: Mapping[str, str] = {}, **given: Any) -> httpx.Response:
        """One POST that is done once.

        Raises:
            RuntimeError: it was not answered for ten minutes.
        """
        sent = {**self.service.headers, **headers, "Idempotency-Key": key}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                answer = httpx.post(self.service.base + path, headers=sent, timeout=TIMEOUT_S, **given)
            except httpx.HTTPError as exc:
                self.retries[type(exc).__name__] += 1
            else:
                if answer.status_code not in PASSING:
                    return answer
                self.retries[str(answer.status_code)] += 1
            time.sleep(0.2)
        raise RuntimeError(f"POST {path} was not answered")

    def submit(self, wanted: Input, key: str) -> str:
        """Ask for a scan; the id of its job.

        Raises:
            RuntimeError: it is refused.
        """
        if wanted.kind == "upload":
            headers = {"Content-Type": "application/octet-stream"}
            content = wanted.path.read_bytes()
            path = f"/v1/scans/upload?name={wanted.path.name}"
            answer = self.post(path, key, headers, content=content)
        else:
            answer = self.post("/v1/scans", key, json={"url": wanted.identity})
        if answer.status_code != 202:
            raise RuntimeError(f"{wanted.kind}: {answer.status_code} {answer.text[:300]}")
        return str(answer.json()["id"])


@dataclass
class Killer:
    """Kills a worker, the service or both, and starts the service again.

    ``plan``: after how many scans that have ended, whom, and so many seconds later: that may be any moment.
    """

    service: Service
    ended: Callable[[], int]
    rng: random.Random
    plan: list[tuple[int, str, float]]
    killed: Counter[str] = field(default_factory=Counter)
    struck: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill until all is done; the service runs in the end."""
        for threshold, whom, wait_s in self.plan:
            while self.ended() < threshold and not self.stop.wait(0.1):
                pass
            if self.stop.wait(wait_s):
                break
            self._strike(whom)
            self.struck += 1

    def _strike(self, whom: str) -> None:
        workers = self.service.worker_pids()
        if whom != "worker":
            self.service.kill()
            self.killed["service"] += 1
        if whom != "service" and workers:
            try:
                os.kill(self.rng.choice(workers), signal.SIGKILL)
                self.killed["worker"] += 1
            except ProcessLookupError:
                pass
        if whom != "worker":
            self.service.start()


def counted(store: Store) -> dict[str, int]:
    """How far the store is: jobs, those that have ended, incidents, and what still waits to be told."""
    with store.reading() as session:
        over = JobRow.state.in_(("done", "cancelled"))
        router = session.get(RouterRow, 1)
        newest = session.scalar(select(func.max(ChangeRow.id))) or 0
        return {
            "jobs": session.scalar(select(func.count(JobRow.id))) or 0,
            "ended": session.scalar(select(func.count(JobRow.id)).where(over)) or 0,
            "incidents": session.scalar(select(func.count(IncidentRow.id))) or 0,
            "behind": newest - (router.change_id if router else 0),
            "waiting": session.scalar(select(func.count(PageRow.key)).where(PageRow.state == "waiting")) or 0,
        }


def judged_incidents(store: Store, inputs: list[Input]) -> dict[str, int]:
    """What is wrong with the incidents that are stored; all zeros where nothing is."""
    with store.reading() as session:
        rows = session.execute(
            select(InputRow.identity, IncidentRow.id, IncidentRow.start_s).join(IncidentRow.input)
        ).all()
        opened = Counter(
            session.scalars(select(ChangeRow.incident_id).where(ChangeRow.kind == "incident.opened"))
        )
        checks = dict(session.execute(select(EventRow.incident_id, EventRow.check)).all())
    found: dict[str, list[float]] = {}
    for identity, incident_id, start_s in rows:
        if checks.get(incident_id) == "black":
            found.setdefault(identity, []).append(start_s)
    missing = doubled = 0
    for wanted in inputs:
        theirs = found.get(wanted.identity, [])
        for start_s in wanted.starts_s:
            near = sum(abs(start_s - other) < TOLERANCE_S for other in theirs)
            missing += near == 0
            doubled += max(near - 1, 0)
    wanted_in_all = sum(len(item.starts_s) for item in inputs)
    return {
        "incidents missing": missing,
        "incidents stored twice": doubled,
        "incidents nobody put there": len(rows) - (wanted_in_all - missing + doubled),
        "incidents opened twice or never": sum(opened[row.id] != 1 for row in rows),
    }


def judged_pages(
    store: Store, shown: dict[str, dict[str, list[str]]], standing: dict[str, str]
) -> dict[str, int]:
    """What is wrong with the pages.

    ``shown``: destination -> key of a page -> what each of its messages shows now. ``standing``: incident ->
    the word for where it stands.
    """
    wrong: Counter[str] = Counter()
    with store.reading() as session:
        about = dict(session.execute(select(PageIncidentRow.page_key, PageIncidentRow.incident_id)).all())
        pages = session.execute(select(PageRow.key, PageRow.destination, PageRow.state)).all()
    told: dict[str, Counter[str]] = {name: Counter() for name in shown}
    for key, destination, state in pages:
        told[destination][about[key]] += 1
        texts = shown[destination].get(key, [])
        wrong[f"{destination}: pages not told"] += state != "told"
        wrong[f"{destination}: pages that nobody got"] += not texts
        wrong[f"{destination}: pages that show an old state"] += bool(texts) and not any(
            standing[about[key]] in text for text in texts
        )
    for destination, count in told.items():
        wrong[f"{destination}: incidents without one page"] += sum(count[item] != 1 for item in standing)
    return dict(wrong)
