"""Keeps the workers alive: starts them, watches them, and starts others where they died.

A worker that dies (a decoder that crashed, too much memory, a scan that stood still) costs its job an
attempt and nobody else anything. The service itself decodes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.jobs.plan import WorkPlan
from agent.store import Store, StoreError
from agent.store.jobs import jobs_of, worker_died

__all__ = ["Supervisor"]

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
MODULE = "agent.jobs.worker"
TICK_S = 0.25
LOOK_EVERY_S = 2.0
STOP_S = 10.0
YOUNG_S, BACKOFF_S, LONGEST_BACKOFF_S = 5.0, 0.5, 30.0
"""A worker that dies so young is started again after ever longer waits."""
SLACK = timedelta(seconds=5)
REASONS = {71: "it stood still for too long"}


class Supervisor:
    """``count`` workers, from ``start`` to ``stop``."""

    def __init__(self, store: Store, plan: WorkPlan, count: int) -> None:
        self._store, self._plan = store, plan
        self._stopping = threading.Event()
        self._slots = [_Slot(number) for number in range(count)]
        self._threads = [
            threading.Thread(target=self._keep, args=(slot,), daemon=True, name=f"slot-{slot.number}")
            for slot in self._slots
        ]

    def start(self) -> None:
        """Start the workers."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is work, or a job that runs is not wanted any more."""
        for slot in self._slots:
            slot.say("wake")

    def alive(self) -> int:
        """How many workers run."""
        return sum(slot.running() for slot in self._slots)

    def pids(self) -> list[int]:
        """The processes of the workers that run."""
        return [slot.pid for slot in self._slots if slot.running()]

    def stop(self) -> None:
        """End in order: workers give back what they have; those that do not are ended."""
        self._stopping.set()
        for slot in self._slots:
            slot.say("stop")
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _keep(self, slot: _Slot) -> None:
        backoff_s = BACKOFF_S
        while not self._stopping.is_set():
            began = time.monotonic()
            slot.start(self._plan)
            reason = self._watch(slot)
            if self._stopping.is_set():
                break
            self._bury(slot, reason)
            young = time.monotonic() - began < YOUNG_S
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S) if young else BACKOFF_S
            self._stopping.wait(backoff_s)
        self._let_go(slot)

    def _watch(self, slot: _Slot) -> str:
        """Wait until the worker has ended, or end it; how it ended."""
        looked = time.monotonic()
        while not self._stopping.is_set():
            status = slot.wait(TICK_S)
            if status is not None:
                return _told(status)
            if time.monotonic() - looked > LOOK_EVERY_S:
                looked = time.monotonic()
                reason = self._why_not(slot)
                if reason is not None:
                    slot.kill()
                    return reason
        return ""

    def _why_not(self, slot: _Slot) -> str | None:
        """Why a worker must not go on; None where all is well."""
        if slot.memory_mb() > self._plan.memory_mb:
            return f"it took more than {self._plan.memory_mb} MiB of memory"
        try:
            with self._store.reading() as session:
                held = jobs_of(session, slot.name)
        except StoreError as exc:
            log.warning("%s", exc)
            return None
        late = [job for job in held if job.leased_until and job.leased_until + SLACK < datetime.now(UTC)]
        return "it did not come back" if late else None

    def _bury(self, slot: _Slot, reason: str, *, counts: bool = True) -> None:
        try:
            with self._store.writing() as session:
                jobs = worker_died(session, slot.name, datetime.now(UTC), reason, counts=counts)
        except StoreError as exc:
            # Its lease ends by itself.
            log.error("%s", exc)
            return
        for job in jobs:
            log.warning("scan %s: its worker died (%s)", job.id, reason)
        if jobs:
            self.wake()

    def _let_go(self, slot: _Slot) -> None:
        if slot.wait(STOP_S) is None:
            slot.kill()
            self._bury(slot, "it was stopped", counts=False)
        slot.close()


@dataclass(slots=True)
class _Slot:
    """One place for a worker, and the one that has it now."""

    number: int
    name: str = ""
    _process: subprocess.Popen[str] | None = None
    _saying: threading.Lock = field(default_factory=threading.Lock)

    def start(self, plan: WorkPlan) -> None:
        self.close()
        self.name = f"{socket.gethostname()}-{os.getpid()}-{self.number}-{secrets.token_hex(4)}"
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", MODULE, self.name],
            stdin=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C is the service's: it tells the workers.
            start_new_session=True,
        )
        self.say(plan.line().strip())

    def say(self, word: str) -> None:
        with self._saying, contextlib.suppress(OSError, ValueError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(word + "\n")
                self._process.stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds: float) -> int | None:
        if self._process is None:
            return 0
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        with self._saying, contextlib.suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

    def memory_mb(self) -> float:
        """What the worker holds in memory; 0 where the system does not say."""
        if self._process is None:
            return 0.0
        with contextlib.suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text("ascii").split()[1])
            return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)
        return 0.0


def _told(status: int) -> str:
    """How a worker ended, in words."""
    if status < 0:
        return f"signal {-status}"
    return REASONS.get(status, f"status {status}")
