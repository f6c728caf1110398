"""The loop that sends: what is due, to each destination in turn, again later where it was not taken."""

from __future__ import annotations

import logging
import random
import threading
import traceback
import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from agent.logs import logged
from agent.notify.base import Notifier
from agent.notify.errors import Rejected, Retryable
from agent.notify.words import told_of
from agent.page import Message, Page, PageState
from agent.tracing import traced
from pipeline.text import clean

__all__ = ["LEASE_S", "MOST_ATTEMPTS", "Deliverer", "Place", "Spool", "backoff_s"]

LEASE_S = 20.0
"""How long a page belongs to who sends it, unless he says that he is still at it."""

MOST_ATTEMPTS = 14
"""After so many it is a dead letter: with the waits between them about a day."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 7200.0

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger(__name__)


class Spool(Protocol):
    """Where pages wait; ``agent.store.outbox.Outbox`` is one."""

    def claim(
        self, now: datetime, worker: str, *, lease_s: float, busy: Collection[str] = (), limit: int = 20
    ) -> list[Page]:
        """Pages that are due, leased to the worker, at most one for each destination."""
        ...

    def renew(self, worker: str, until: datetime) -> None:
        """Hold on to what the worker is sending."""
        ...

    def sent(
        self,
        page: Page,
        worker: str,
        now: datetime,
        *,
        memory: Mapping[str, str],
        told: Mapping[str, Mapping[str, str]],
        again_at: datetime | None = None,
    ) -> bool:
        """It was told."""
        ...

    def put_off(
        self, page: Page, worker: str, until: datetime, error: str, memory: Mapping[str, str] | None = None
    ) -> None:
        """It is tried again then."""
        ...

    def end(
        self, page: Page, worker: str, state: PageState, error: str, memory: Mapping[str, str] | None = None
    ) -> None:
        """It is not tried again."""
        ...


@dataclass(slots=True)
class Place:
    """An open destination: how far apart its messages must be, and until when it asked for patience."""

    notifier: Notifier
    pace_s: float = 0.0
    not_before: datetime | None = None


@dataclass(slots=True)
class Deliverer:
    """Sends pages, one at a time to each destination, several destinations at once.

    ``compose`` makes the message of a page from the newest state; it gives a text where there is nothing to
    tell any more: the reason. A slow or failing destination delays no other. ``on_outcome`` hears of each
    attempt: the destination, and ``told``, ``later``, ``refused`` or ``dropped``.
    """

    spool: Spool
    places: Mapping[str, Place]
    compose: Callable[[Page], Message | str]
    clock: Callable[[], datetime]
    lease_s: float = LEASE_S
    rng: random.Random = field(default_factory=random.SystemRandom)
    worker: str = field(default_factory=lambda: uuid.uuid4().hex)
    on_outcome: Callable[[str, str], None] = lambda destination, outcome: None
    _pool: ThreadPoolExecutor | None = None
    _running: dict[str, Future[None]] = field(default_factory=dict)
    _renew_at: datetime = LONG_AGO

    def start(self) -> int:
        """Begin to send what is due, in threads; how many pages. Others may be on their way still."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max(1, len(self.places)), "notify")
        self._running = {name: job for name, job in self._running.items() if not job.done()}
        now = self.clock()
        if self._running and now >= self._renew_at:
            self.spool.renew(self.worker, now + timedelta(seconds=self.lease_s))
            self._renew_at = now + timedelta(seconds=self.lease_s / 4)
        claimed = self._claim()
        for page in claimed:
            self._running[page.destination] = self._pool.submit(self._one, page)
        return len(claimed)

    def finish(self) -> None:
        """Wait for what is being sent. Each page is marked by then, or its lease runs out."""
        for job in list(self._running.values()):
            job.result()
        self._running.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def drain(self) -> int:
        """Send all that is due now, here, and come back; how many pages."""
        count = 0
        while claimed := self._claim():
            for page in claimed:
                self._one(page)
            count += len(claimed)
        return count

    def run(self, stop: threading.Event, *, poll_s: float = 0.2) -> None:
        """Send until told to stop."""
        while not stop.is_set():
            if not self.start():
                stop.wait(poll_s)
        self.finish()

    def _claim(self) -> list[Page]:
        now = self.clock()
        waiting = {n for n, place in self.places.items() if place.not_before and place.not_before > now}
        return self.spool.claim(now, self.worker, lease_s=self.lease_s, busy={*self._running, *waiting})

    def _one(self, page: Page) -> None:
        """Send one page and mark it; whatever happens, the loop goes on."""
        try:
            with (
                logged(page=page.key),
                traced("notify", {"vidette.destination": page.destination, "vidette.page": page.key}),
            ):
                self._send(page)
        except Exception as exc:
            # A fault of ours or of a library must cost this attempt only. Its text may hold an address or
            # a secret, so only its kind and its place are told.
            frame = traceback.extract_tb(exc.__traceback__)[-1]
            kind, place = type(exc).__name__, f"{Path(frame.filename).name}:{frame.lineno}"
            _log.warning("page %s: %s at %s; it is tried again", page.key, kind, place)
            self._put_off(page, f"{type(exc).__name__}, a fault of vidette's own", None, None)

    def _send(self, page: Page) -> None:
        place = self.places.get(page.destination)
        if place is None:
            told = f"no destination {clean(page.destination)!r} is configured any more"
            self.spool.end(page, self.worker, PageState.DEAD, told)
            self.on_outcome(page.destination, "refused")
            return
        message = self.compose(page)
        if isinstance(message, str):
            self.spool.end(page, self.worker, PageState.DROPPED, message)
            self.on_outcome(page.destination, "dropped")
            return
        with logged(scan=message.scan):
            self._tell(page, place, message)

    def _tell(self, page: Page, place: Place, message: Message) -> None:
        """Send it, and mark what became of it."""
        try:
            receipt = place.notifier.send(message)
        except Rejected as exc:
            _log.warning("page %s to %s is refused: %s", page.key, clean(page.destination), exc)
            self.spool.end(page, self.worker, PageState.DEAD, str(exc), exc.memory)
            self.on_outcome(page.destination, "refused")
            return
        except Retryable as exc:
            self._put_off(page, str(exc), exc.after_s, exc.memory)
            return
        now = self.clock()
        self._pause(place, place.pace_s)
        again_s = receipt.again_s
        self.spool.sent(
            page,
            self.worker,
            now,
            memory=receipt.memory,
            told=told_of(message.notices),
            again_at=None if again_s is None else now + timedelta(seconds=again_s),
        )
        self.on_outcome(page.destination, "told")
        _log.info("page %s to %s: %s", page.key, clean(page.destination), message.kind.value)

    def _put_off(
        self, page: Page, error: str, after_s: float | None, memory: Mapping[str, str] | None
    ) -> None:
        """Later, with growing waits; a destination that asks for patience gets it for all its pages."""
        self.on_outcome(page.destination, "later")
        place = self.places.get(page.destination)
        if place is not None and after_s is not None:
            self._pause(place, after_s)
        if page.attempts >= MOST_ATTEMPTS:
            self.spool.end(page, self.worker, PageState.DEAD, f"{error}; {page.attempts} attempts", memory)
            return
        wait_s = max(backoff_s(page.attempts, self.rng), after_s or 0.0)
        until = self.clock() + timedelta(seconds=wait_s)
        self.spool.put_off(page, self.worker, until, error, memory)

    def _pause(self, place: Place, pause_s: float) -> None:
        until = self.clock() + timedelta(seconds=pause_s)
        place.not_before = until if place.not_before is None else max(place.not_before, until)


def backoff_s(attempts: int, rng: random.Random) -> float:
    """How long to wait after so many attempts: between half and all of 1, 2, 4 ... 7200 s.

    The half that is drawn keeps those who failed together from coming back together.
    """
    whole = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempts - 1))
    return whole * (0.5 + rng.random() / 2)
