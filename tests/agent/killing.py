"""Kills whoever delivers pages, again and again, and looks at what Slack then shows.

    python -m tests.agent.killing --incidents 500 --kills 40 [--db URL]

Incidents are stored and judged while processes that deliver are killed (SIGKILL) in the middle of a request:
before Slack has it, and after Slack did it but before the answer. In the end each incident must have one
message, which tells the last verdict.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agent.notify.tree import load_tree
from agent.page import PageState
from agent.paging import Paging
from agent.store import Store
from agent.verdict import Severity
from tests.agent.notify.servers import Answer, Request, serving
from tests.agent.notify.slack_server import CHANNEL, TOKEN, RecordingSlack
from tests.agent.stored import assessment, incident, verdict

__all__ = ["Outcome", "kill_and_look"]

ROOT = Path(__file__).parents[2]
LEASE_S = 1.0
PROGRAM = """
import sys, threading
from pathlib import Path
from agent.notify.tree import load_tree
from agent.paging import Paging, open_places
from agent.store import Store

tree = load_tree(Path(sys.argv[2]))
with Store.open(sys.argv[1]) as store:
    paging = Paging(store, tree, open_places(tree))
    paging.deliverer.lease_s = float(sys.argv[3])
    paging.run(threading.Event())
"""
TREE = """
[destinations.desk]
kind = "slack"
channel = "{channel}"
token = {{ env = "SLACK_BOT_TOKEN" }}
api = "{url}/api/"
pace_s = 0.0
pictures = false
[route]
to = ["desk"]
group_by = ["incident"]
"""


@dataclass(frozen=True)
class Outcome:
    """What was seen: messages an incident, and what those that are wrong show."""

    kills: int
    messages: dict[str, int]
    stale: list[str]
    wall_s: float


@dataclass
class Killer:
    """Between the process and Slack: kills it at requests drawn by lot."""

    slack: RecordingSlack
    rng: random.Random
    kills: int
    process: subprocess.Popen[bytes] | None = None
    done: int = 0
    _next: int = 0
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            self._seen += 1
            if self.done >= self.kills or self._seen < self._next or self.process is None:
                return self.slack(request)
            self._next = self._seen + self.rng.randint(2, 12)
            self.done += 1
            answer = Answer(500) if self.rng.random() < 0.5 else self.slack(request)
            self.process.kill()
            self.process.wait()
            return answer


def kill_and_look(db: str, folder: Path, incidents: int, kills: int, seed: int = 1) -> Outcome:
    """Do it on an empty store.

    Raises:
        AssertionError: pages are not delivered in ten minutes.
    """
    began = time.monotonic()
    slack = RecordingSlack()
    killer = Killer(slack, random.Random(seed), kills)
    with serving(killer) as url, Store.open(db) as store:
        path = folder / "notify.toml"
        path.write_text(TREE.format(channel=CHANNEL, url=url))
        paging = Paging(store, load_tree(path))
        paging.begin()
        feeder = threading.Thread(target=_feed, args=(store, incidents))
        feeder.start()
        while feeder.is_alive() or not _delivered(paging, incidents):
            assert time.monotonic() - began < 600, "pages are not delivered"
            if killer.process is None or killer.process.poll() is not None:
                killer.process = _start(db, path)
            time.sleep(0.05)
        feeder.join()
        if killer.process is not None:
            killer.process.kill()
            killer.process.wait()
    shown = Counter(_incident_of(top["text"]) for top in slack.tops)
    stale = [top["text"] for top in slack.tops if "last" not in top["text"]]
    return Outcome(killer.done, dict(shown), stale, time.monotonic() - began)


def _feed(store: Store, incidents: int) -> None:
    """Each incident is stored as the rules see it, then judged."""
    for number in range(incidents):
        identity = f"i{number:05d}"
        first = verdict(title=f"{identity} first", severity=Severity.MAJOR)
        found = assessment(incident(identity), judged=first, url=f"{identity}.ts")
        scan_id = store.save(found, "default", datetime.now(UTC), first=True)
        store.judge(scan_id, {identity: verdict(title=f"{identity} last")})


def _delivered(paging: Paging, incidents: int) -> bool:
    told = paging.outbox.pages([PageState.TOLD], limit=incidents + 1)
    return len(told) == incidents and not paging.outbox.pages([PageState.WAITING], limit=1)


def _start(db: str, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, db, str(path), str(LEASE_S)]
    environment = {**os.environ, "SLACK_BOT_TOKEN": TOKEN}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def _incident_of(text: str) -> str:
    return text.split(": ", 1)[1].split(" ", 1)[0]


def main() -> None:
    """The long version, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=500)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--db")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = asked.db or str(Path(folder) / "vidette.db")
        found = kill_and_look(db, Path(folder), asked.incidents, asked.kills, asked.seed)
    doubled = sum(count > 1 for count in found.messages.values())
    print(
        f"{len(found.messages)} of {asked.incidents} incidents told, {doubled} of them twice, "
        f"{len(found.stale)} messages not at the last state; {found.kills} kills, {found.wall_s:.0f} s"
    )


if __name__ == "__main__":
    main()
