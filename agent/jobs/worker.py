"""A process that scans: ``python -m agent.jobs.worker NAME``, told what it needs on standard input.

The first line is its plan. Then ``wake`` says that there is work, ``stop`` that it is to end in order; the
end of the pipe, that nobody is there any more. Whatever it does, it gives back what it has not finished.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
import time
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent.jobs.order import Ended, Order
from agent.jobs.plan import WorkPlan
from agent.logs import LogFormat, logged, start_logging
from agent.store import Store, StoreError
from agent.store.jobs import StoredJob, finish, give_back, give_up, lease, renew, work_waits
from agent.tracing import start_tracing
from pipeline.model import ScanStatus
from pipeline.scan import Progress

__all__ = ["STALLED", "Worker", "limit", "main"]

log = logging.getLogger(__name__)

STALLED = 71
"""Exit status of a worker whose scan stood still."""
POLL_S = 1.0
STOP_S = 5.0
"""How long a scan that is to end may wait for a server that says nothing, before its worker ends."""
GIVE_BACK_S = 5.0


@dataclass(slots=True)
class Worker:
    """Takes jobs from the queue until it is told to stop."""

    name: str
    plan: WorkPlan
    store: Store
    order: Order
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    _job: StoredJob | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _progress: Progress | None = None
    _moved: float = 0.0
    _lost: bool = False
    _cancelled: bool = False
    _late: bool = False

    def run(self) -> None:
        """Work until ``stopping`` is set."""
        while not self.stopping.is_set():
            job = self._next()
            if job is None:
                self.wake.wait(POLL_S)
                self.wake.clear()
            else:
                self._do(job)

    def halt(self) -> None:
        """End in order: what is begun is given back."""
        self.stopping.set()
        self._stop.set()
        self.wake.set()

    def abandon(self) -> None:
        """Give back what is held, at once."""
        job = self._job
        if job is not None:
            with self.store.writing() as session:
                give_back(session, job.id, self.name, datetime.now(UTC))

    def _next(self) -> StoredJob | None:
        now = datetime.now(UTC)
        with self.store.reading() as session:
            if not work_waits(session, now):
                return None
        with self.store.writing() as session:
            return lease(session, self.name, now, self.plan.lease_s)

    def _do(self, job: StoredJob) -> None:
        with logged(scan=job.id):
            log.info("begins: %s", job.request.shown)
            self._work(job)

    def _work(self, job: StoredJob) -> None:
        self._job, self._progress, self._moved = job, None, time.monotonic()
        self._lost = self._cancelled = self._late = False
        self._stop.clear()
        self._over.clear()
        keeper = threading.Thread(
            target=copy_context().run, args=(self._keep, job, time.monotonic()), daemon=True
        )
        keeper.start()
        try:
            ended = self.order.do(job, self._stop, self._tell, lambda: self._late)
        except StoreError as exc:
            # Not this scan's fault: it waits again, as one whose worker was stopped.
            log.error("%s", exc)
            ended = None
            self.stopping.wait(POLL_S)
        except Exception as exc:
            # A fault of ours in one scan: it is told with the scan, and the next one is done.
            log.exception("the scan failed")
            ended = Ended(ScanStatus.NOT_ASSESSABLE, f"a fault of vidette's own: {type(exc).__name__}")
        finally:
            self._over.set()
            keeper.join()
        self._end(job, ended)
        self._job = None
        log.info("ends: %s", "nothing stored" if ended is None else ended.status.value)

    def _end(self, job: StoredJob, ended: Ended | None) -> None:
        self._renew(job)
        if self._lost:
            return
        now = datetime.now(UTC)
        with self.store.writing() as session:
            if ended is not None:
                finish(session, job.id, self.name, now, ended.status, ended.error)
            elif self._cancelled:
                finish(session, job.id, self.name, now, None)
            else:
                give_back(session, job.id, self.name, now)

    def _tell(self, progress: Progress) -> None:
        if self._progress is None or progress.done_s != self._progress.done_s:
            self._moved = time.monotonic()
        self._progress = progress

    def _keep(self, job: StoredJob, began: float) -> None:
        """Renew the lease while the job is done; end what stands still or takes too long."""
        every_s, stopped = self.plan.lease_s / 10, None
        while not self._over.wait(every_s):
            if self._stop.is_set() and not self.stopping.is_set():
                stopped = stopped or time.monotonic()
                if time.monotonic() - stopped > STOP_S:
                    self._leave(job)
            if not self._progress_over():
                self._require_movement()
            if time.monotonic() - began > self.plan.scan_s and not self._stop.is_set():
                self._late = True
                self._stop.set()
            self._renew(job)

    def _leave(self, job: StoredJob) -> None:
        """The scan does not hear: end the process, and with it what it waits for."""
        if self._progress_over():
            return
        now = datetime.now(UTC)
        with self.store.writing() as session:
            if self._cancelled:
                finish(session, job.id, self.name, now, None)
            elif self._late:
                told = f"it took longer than {self.plan.scan_s:g} s"
                give_up(session, job.id, self.name, now, told)
        os._exit(0)

    def _progress_over(self) -> bool:
        """Whether all of the input was seen: then it is stored and judged, which ends by itself."""
        done = self._progress
        return done is not None and done.duration_s is not None and done.done_s >= done.duration_s

    def _require_movement(self) -> None:
        if time.monotonic() - self._moved > self.plan.stall_s:
            log.error("a scan stood still for %g s", self.plan.stall_s)
            os._exit(STALLED)

    def _renew(self, job: StoredJob) -> None:
        done = self._progress
        try:
            with self.store.noting() as session:
                held = renew(
                    session,
                    job.id,
                    self.name,
                    datetime.now(UTC),
                    self.plan.lease_s,
                    done_s=done.done_s if done else None,
                    duration_s=done.duration_s if done else None,
                    frames=done.frames if done else None,
                )
        except StoreError as exc:
            log.warning("the lease could not be renewed: %s", exc)
            return
        if held is None:
            self._lost = True
            self._stop.set()
        elif held.cancel_asked:
            self._cancelled = True
            self._stop.set()


def limit(memory_mb: int) -> None:
    """Hold this process to its memory; no dumps of it, for they would hold what is nobody's business."""
    room = memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str]) -> int:
    """Work until told to stop, or until nobody is at the other end of the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_tracing()
    plan = WorkPlan.read(sys.stdin.readline())
    start_logging(LogFormat(plan.log_format), "worker")
    limit(plan.memory_mb)
    with Store.open(plan.store) as store:
        order = Order.prepared(plan, store)
        worker = Worker(arguments[0], plan, store, order)
        signal.signal(signal.SIGTERM, lambda number, frame: worker.halt())
        threading.Thread(target=_listen, args=(worker,), daemon=True).start()
        with order.gateway:
            worker.run()
    return 0


def _listen(worker: Worker) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            worker.halt()
        worker.wake.set()
    # Nobody is there any more. Somebody else is to have the job, now and not when its lease has ended.
    threading.Timer(GIVE_BACK_S, os._exit, (1,)).start()
    try:
        if not worker.stopping.is_set():
            worker.abandon()
    except StoreError as exc:
        log.error("%s", exc)
    os._exit(0)


if __name__ == "__main__":
    # At once: the thread that listens holds standard input, which an orderly exit would wait for.
    os._exit(main(sys.argv[1:]))
