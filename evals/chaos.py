"""Kills workers and the service at random points while scans go on, then counts what is stored.

    python -m evals.chaos --scans 500 --kills 60 --db postgresql://...

Every scan must end; every incident must be stored once and opened once; a scan may only be missing its
incident where the store says that its workers died twice.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from agent.store import Store
from agent.store.changes import ChangeKind
from agent.store.jobs import JobKind, JobRequest, JobState, enqueue
from agent.store.tables import IncidentRow
from agent.store.tables_service import ChangeRow, JobRow
from evals.sample import MEADOW, read_pictures
from evals.writer import Picture, write_clip
from pipeline.model import ScanStatus

__all__ = ["Chaos", "Counted", "dark_clip", "main"]

LONGEST_S = 3600.0
SERVICE_SHARE = 0.3
"""So many of the kills are the service's own; the others hit a worker."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was stored in the end. ``unassessed`` are scans whose workers died twice, which is told."""

    scans: int
    over: int
    unassessed: int
    incidents: int
    opened: int
    doubled: int
    kills: int

    @property
    def sound(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        whole = self.over == self.scans and self.doubled == 0 and self.opened == self.incidents
        return whole and self.incidents >= self.scans - self.unassessed


@dataclass(slots=True)
class Chaos:
    """``scans`` of one clip under as many names, and ``kills`` while they go on."""

    db: str
    folder: Path
    clip: Path
    scans: int
    kills: int
    seed: int = 1
    every_s: tuple[float, float] = (0.5, 3.0)
    _service: subprocess.Popen[bytes] | None = None
    _killed: int = field(default=0)

    def run(self) -> Counted:
        """Do it, and count."""
        dice = random.Random(self.seed)  # noqa: S311 - it is to be the same each time
        with Store.open(self.db) as store:
            self._ask(store)
            self._start()
            try:
                ends = time.monotonic() + LONGEST_S
                while self._open(store) and time.monotonic() < ends:
                    time.sleep(dice.uniform(*self.every_s))
                    if self._killed < self.kills:
                        self._kill(dice)
            finally:
                self._stop()
            return self._count(store)

    def _ask(self, store: Store) -> None:
        for n in range(self.scans):
            name = f"chaos-{n}.ts"
            request = JobRequest(JobKind.FILE, str(self.clip), name, f"chaos/{n}", keep_series=False)
            with store.writing() as session:
                enqueue(session, request, "chaos", datetime.now(UTC))

    def _start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {**os.environ, "VIDETTE_DATA_DIR": str(self.folder), "VIDETTE_TRIAGE": "rules"}
        command = [sys.executable, "-m", "agent.cli", "serve", "--workers", "2", "--port", str(port)]
        self._service = subprocess.Popen(  # noqa: S603
            [*command, "--db", self.db],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _kill(self, dice: random.Random) -> None:
        """The service, which is then started again, or one of its workers."""
        if self._service is None:
            return
        workers = _children(self._service.pid)
        if dice.random() < SERVICE_SHARE or not workers:
            self._service.kill()
            self._service.wait()
            self._start()
        else:
            os.kill(dice.choice(workers), signal.SIGKILL)
        self._killed += 1

    def _stop(self) -> None:
        if self._service is not None:
            self._service.terminate()
            self._service.wait()

    def _open(self, store: Store) -> int:
        over = [JobState.DONE.value, JobState.CANCELLED.value]
        with store.reading() as session:
            return session.scalar(select(func.count()).where(JobRow.state.not_in(over))) or 0

    def _count(self, store: Store) -> Counted:
        with store.reading() as session:
            states = Counter(session.scalars(select(JobRow.state)))
            lost = select(func.count()).where(JobRow.status == ScanStatus.NOT_ASSESSABLE.value)
            opened = Counter(
                session.scalars(
                    select(ChangeRow.incident_id).where(ChangeRow.kind == ChangeKind.INCIDENT_OPENED.value)
                )
            )
            return Counted(
                scans=self.scans,
                over=states[JobState.DONE.value],
                unassessed=session.scalar(lost) or 0,
                incidents=session.scalar(select(func.count()).select_from(IncidentRow)) or 0,
                opened=len(opened),
                doubled=sum(times - 1 for times in opened.values()),
                kills=self._killed,
            )


def dark_clip(path: Path) -> Path:
    """Six seconds of a meadow, a ninth of its size, black from 2 s to 4 s."""
    lit = [_small(picture) for picture in islice(read_pictures(MEADOW), 100)]
    dark = Picture(np.full_like(lit[0].luma, 16), np.full_like(lit[0].cb, 128), np.full_like(lit[0].cr, 128))
    return write_clip(path, pictures=[*lit[:50], *[dark] * 50, *lit[50:]])


def _small(picture: Picture) -> Picture:
    planes = [np.ascontiguousarray(plane[::3, ::3]) for plane in (picture.luma, picture.cb, picture.cr)]
    height, width = planes[1].shape
    return Picture(planes[0][: height * 2, : width * 2], planes[1], planes[2])


def _children(pid: int) -> list[int]:
    """The processes that a process started (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text("ascii", "replace").rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if parent == pid:
            found.append(int(path.parent.name))
    return sorted(found)


def main() -> int:
    """Run it from the command line; 0 where nothing was lost and nothing doubled."""
    parser = argparse.ArgumentParser(prog="evals.chaos", description=__doc__)
    parser.add_argument("--scans", type=int, default=500)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", help="the store; a new SQLite file without")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vidette-chaos-") as name:
        folder = Path(name)
        db = chosen.db or str(folder / "vidette.db")
        began = time.monotonic()
        counted = Chaos(
            db, folder, dark_clip(folder / "dark.ts"), chosen.scans, chosen.kills, chosen.seed
        ).run()
        print(counted, f"in {time.monotonic() - began:.0f} s:", "sound" if counted.sound else "NOT sound")
    return 0 if counted.sound else 1


if __name__ == "__main__":
    sys.exit(main())
