"""Incidents under load, with ``kill -9`` of workers and of the service: is anything lost or doubled?

    python -m scripts.soak                                  # 500 incidents, 40 kills, on SQLite
    python -m scripts.soak --db postgresql://...            # an empty database
    python -m scripts.soak --postgres                       # a PostgreSQL server of its own, for this run
    python -m scripts.soak --incidents 12 --kills 2 --seed 7

Clips with known defects are scanned as files, addresses and uploads while others read, acknowledge, resolve
and mute. A recording Slack and a webhook stand outside the service. In the end each incident must be stored
once, each page be told at least once and show its last state, and each scan have ended. Exit status 1 if not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import select

from agent.store import Store
from agent.store.tables import IncidentRow
from agent.store.tables_pages import PageIncidentRow
from agent.store.tables_service import JobRow
from scripts.running import WORKER, Service
from scripts.soak_parts import (
    Client,
    Input,
    Killer,
    counted,
    file_server,
    judged_incidents,
    judged_pages,
    make_inputs,
)
from tests.agent.notify.servers import Answer, Recorder, Request, serving
from tests.agent.notify.slack_server import CHANNEL, TOKEN, RecordingSlack
from tests.agent.postgres import postgres_server

__all__ = ["Outcome", "main", "soak"]

DEEDS = ("acknowledge", "acknowledge", "resolve", "mute", "none")
STANDING = {"acknowledge": "acknowledged", "resolve": "over", "mute": "muted", "none": "open"}
WHOM = ("worker", "worker", "service", "both")
RETIRED = "could not be scanned in"
TREE = """\
link = "https://vidette.example"

[destinations.desk]
kind = "slack"
channel = "{channel}"
token = {{ env = "SOAK_SLACK" }}
api = "{slack}/api/"
pace_s = 0
pictures = false

[destinations.hook]
kind = "webhook"
url = "{hook}"
secret = {{ env = "SOAK_HOOK" }}

[route]
to = ["desk", "hook"]
group_by = ["incident"]
"""


@dataclass
class Outcome:
    """What was counted, and what is wrong: nothing where all of ``wrong`` is zero."""

    facts: dict[str, object] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing was lost or doubled."""
        return not any(self.wrong.values())


@dataclass
class Hooks:
    """A webhook's receiver that sometimes has no time: what came last under each key."""

    recorder: Recorder = field(default_factory=Recorder)
    count: int = 0

    def __call__(self, request: Request) -> Answer:
        """Record, but refuse every fiftieth."""
        self.count += 1
        return Answer(503) if self.count % 50 == 0 else self.recorder(request)

    def shown(self) -> tuple[dict[str, list[str]], int]:
        """The newest state of each page, and how many deliveries came twice."""
        newest: dict[str, tuple[int, str]] = {}
        ids: Counter[str] = Counter()
        for request in self.recorder.requests:
            data = json.loads(request.body)["data"]
            seq = int(data["id"].rpartition(".")[2])
            ids[data["id"]] += 1
            text = " ".join(item["standing"] for item in data["incidents"])
            if seq >= newest.get(data["key"], (0, ""))[0]:
                newest[data["key"]] = (seq, text)
        return {key: [text] for key, (_, text) in newest.items()}, sum(ids.values()) - len(ids)


def soak(
    db: str,
    folder: Path,
    *,
    incidents: int,
    kills: int,
    seed: int,
    patience_s: float = 3600.0,
    say: Callable[[str], object] = print,
) -> Outcome:
    """Run it; ``folder`` is empty, and so is the database ``db``.

    Raises:
        RuntimeError: the service does not start, or does not come to an end.
    """
    rng = random.Random(seed)
    slack, hooks = RecordingSlack(), Hooks()
    with ExitStack() as stack:
        slack.base = stack.enter_context(serving(slack))
        hook = stack.enter_context(serving(hooks))
        base = stack.enter_context(file_server(folder / "media"))
        inputs = make_inputs(folder / "media", incidents, base)
        tree = folder / "notify.toml"
        tree.write_text(TREE.format(channel=CHANNEL, slack=slack.base, hook=hook))
        settings = {
            "VIDETTE_ALLOW_NETWORKS": "127.0.0.1",
            "VIDETTE_SCAN_FILES": str(folder / "media"),
            "SOAK_SLACK": TOKEN,
            "SOAK_HOOK": "whsec_" + "c29hay1zb2FrLXNvYWstc29hay1zb2Fr",
        }
        service = Service(db, folder, tree, settings=settings)
        service.start()
        stack.callback(service.kill)
        store = stack.enter_context(Store.open(db))
        run = _Run(service, store, inputs, rng, kills, say)
        began = time.monotonic()
        run.through(patience_s)
        outcome = _judge(run, slack, hooks)
        outcome.facts["minutes"] = round((time.monotonic() - began) / 60, 1)
        outcome.wrong["SIGTERM did not end it in order"] = int(service.stop() != 143)
        outcome.wrong["workers left behind"] = _orphans(folder)
        return outcome


@dataclass
class _Run:
    """The load, the kills, and waiting for the end."""

    service: Service
    store: Store
    inputs: list[Input]
    rng: random.Random
    kills: int
    say: Callable[[str], object]
    deeds: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, Input] = field(default_factory=dict)
    retired: int = 0
    reads: Counter[str] = field(default_factory=Counter)
    traces: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.client = Client(self.service)
        spread = sorted(self.rng.sample(range(len(self.inputs)), min(self.kills, len(self.inputs))))
        plan = [(ended, self.rng.choice(WHOM), self.rng.random()) for ended in spread]
        self.killer = Killer(self.service, lambda: counted(self.store)["ended"], self.rng, plan)

    def through(self, patience_s: float) -> None:
        """From the first scan to the last page."""
        end = time.monotonic() + patience_s
        with ThreadPoolExecutor(4) as pool:
            others = [pool.submit(work) for work in (self.killer.run, self._read, self._act)]
            try:
                for index, wanted in enumerate(self.inputs):
                    self.jobs[self.client.submit(wanted, f"soak-{index}")] = wanted
                self._settle(end)
            finally:
                self.killer.stop.set()
                self.over.set()
            for other in others:
                other.result()

    def _settle(self, end: float) -> None:
        """Wait for scans, deeds and pages; ask again for what two deaths of workers ended."""
        wanted = sum(len(item.starts_s) for item in self.inputs)
        told = 0.0
        while True:
            found = counted(self.store)
            # What is asked for again now was not counted yet.
            again = self._ask_again()
            over = found["ended"] == found["jobs"] and not again
            done = over and not found["behind"] and not found["waiting"]
            if done and len(self.deeds) >= min(wanted, found["incidents"]) and not self._pending():
                return
            if time.monotonic() > end:
                raise RuntimeError(f"it does not come to an end: {found}, {len(self.deeds)} deeds")
            if time.monotonic() - told > 15:
                told = time.monotonic()
                self.say(f"{found} kills {dict(self.killer.killed)}")
            time.sleep(0.3)

    def _pending(self) -> bool:
        """Whether there are kills to come, or incidents that nobody has looked at."""
        if self.killer.struck < len(self.killer.plan):
            return True
        with self.store.reading() as session:
            known = set(session.scalars(select(IncidentRow.id)))
        return bool(known - self.deeds.keys())

    def _ask_again(self) -> int:
        """How many were asked for again."""
        retired = 0
        with self.store.reading() as session:
            ended = session.execute(
                select(JobRow.id, JobRow.error).where(JobRow.id.in_(self.jobs), JobRow.state == "done")
            ).all()
        for identity, error in ended:
            wanted = self.jobs.pop(identity)
            if error and RETIRED in error:
                retired += 1
                self.jobs[self.client.submit(wanted, f"again-{identity}")] = wanted
        self.retired += retired
        return retired

    def _read(self) -> None:
        """Others read meanwhile; while the service is away they hear nothing, but never of a fault in it."""
        while not self.over.wait(0.05):
            try:
                path = self.rng.choice(("/v1/incidents", "/v1/scans", "/v1/incidents?severity=critical"))
                answer = httpx.get(self.service.base + path, headers=self.service.headers, timeout=30)
            except httpx.HTTPError as exc:
                self.reads[type(exc).__name__] += 1
                continue
            self.reads[str(answer.status_code)] += 1
            self.traces += "Traceback" in answer.text

    def _act(self) -> None:
        """Somebody acknowledges, resolves or mutes what comes in, or does nothing."""
        while not self.over.wait(0.1):
            with self.store.reading() as session:
                # People act on what they were told of.
                known = session.scalars(select(PageIncidentRow.incident_id).distinct()).all()
            for incident in known:
                if incident in self.deeds or self.over.is_set():
                    continue
                deed = random.Random(incident).choice(DEEDS)
                if deed != "none":
                    key = f"deed-{incident}"
                    self.client.post(f"/v1/incidents/{incident}/{deed}", key, json={})
                self.deeds[incident] = deed


def _judge(run: _Run, slack: RecordingSlack, hooks: Hooks) -> Outcome:
    store = run.store
    with store.reading() as session:
        rows = session.execute(select(IncidentRow.id, IncidentRow.status, IncidentRow.muted)).all()
        jobs = session.execute(select(JobRow.state, JobRow.status, JobRow.error)).all()
    standing = {row.id: STANDING[run.deeds[row.id]] for row in rows}
    desk: dict[str, list[str]] = {}
    for message in slack.tops:
        key = message.get("metadata", {}).get("event_payload", {}).get("key", "")
        desk.setdefault(key, []).append(_state(message))
    hooked, twice = hooks.shown()
    outcome = Outcome()
    outcome.facts = {
        "incidents": len(rows),
        "scans": len(jobs),
        "inputs": len(run.inputs),
        "kills of workers": run.killer.killed["worker"],
        "kills of the service": run.killer.killed["service"],
        "scans retired after two deaths, asked for again": run.retired,
        "requests sent again": dict(run.client.retries),
        "reads meanwhile": dict(run.reads),
        "Slack messages doubled": sum(len(texts) - 1 for texts in desk.values()),
        "webhook deliveries doubled (same id)": twice,
    }
    outcome.wrong = {
        "scans without an end": sum(state != "done" for state, _, _ in jobs),
        "scans ended otherwise": sum(
            status != "ok" and RETIRED not in (error or "") for _, status, error in jobs
        ),
        "scans asked for once and stored twice": len(jobs) - len(run.inputs) - run.retired,
        "reads with a status of 5xx": sum(n for code, n in run.reads.items() if code.startswith("5")),
        "answers with a traceback": run.traces,
        **judged_incidents(store, run.inputs),
        **judged_pages(store, {"desk": desk, "hook": hooked}, standing),
    }
    return outcome


def _state(message: dict[str, Any]) -> str:
    """What a Slack message says of where its incident stands."""
    fields = [item["text"] for block in message["blocks"] for item in block.get("fields", ())]
    return next((text for text in fields if text.startswith("*State*")), "")


def _orphans(folder: Path) -> int:
    """Workers of this service that outlived it."""
    count = 0
    for process in psutil.process_iter(["cmdline", "environ"]):
        told = process.info["environ"] or {}
        ours = told.get("VIDETTE_DATA_DIR") == str(folder / "data")
        count += ours and WORKER in (process.info["cmdline"] or ())
    return count


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.soak", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--db", help="a database URL (an empty database); a SQLite file of its own if not given"
    )
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL server for this run")
    parser.add_argument("--incidents", type=int, default=500)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for what is made, which is kept")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = chosen.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vidette-soak-")))
        folder.mkdir(parents=True, exist_ok=True)
        db = chosen.db or str(folder / "vidette.db")
        if chosen.postgres:
            db = stack.enter_context(postgres_server())
        outcome = soak(db, folder, incidents=chosen.incidents, kills=chosen.kills, seed=chosen.seed)
    for name, value in {**outcome.facts, **outcome.wrong}.items():
        print(f"{name:<50} {value}")
    print("all is there, once" if outcome.ok else "NOT as promised")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
