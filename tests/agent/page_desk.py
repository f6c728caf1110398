"""Paging over a store, with a clock that stands and notifiers that record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.notify.deliver import Place
from agent.notify.tree import Tree
from agent.page import Kind, Message, Receipt
from agent.paging import Paging
from agent.store import Store
from agent.verdict import Severity
from tests.agent.stored import assessment, incident, verdict

__all__ = ["SECOND", "Clock", "Desk", "Recording"]

SECOND = timedelta(seconds=1)


@dataclass
class Recording:
    """A notifier that keeps what it is given, and fails as it is told to."""

    told: list[Message] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    receipt: Receipt = field(default_factory=lambda: Receipt({"ts": "1"}))
    during: Callable[[], None] = lambda: None

    def send(self, message: Message) -> Receipt:
        self.during()
        if self.fails:
            raise self.fails.pop(0)
        self.told.append(message)
        return self.receipt

    @property
    def kinds(self) -> list[Kind]:
        return [message.kind for message in self.told]


@dataclass
class Clock:
    """A clock that stands still until it is moved, ahead of the store's own however slow the machine."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC) + 20 * SECOND)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Desk:
    """Paging over a store, with a clock and a recording notifier for each destination."""

    store: Store
    tree: Tree
    clock: Clock = field(default_factory=Clock)
    recordings: dict[str, Recording] = field(default_factory=dict)
    paging: Paging = field(init=False)

    def __post_init__(self) -> None:
        self.recordings = {name: Recording() for name in self.tree.destinations}
        self.paging = self.another()
        self.paging.begin()

    def another(self) -> Paging:
        places = {name: Place(recording) for name, recording in self.recordings.items()}
        return Paging(self.store, self.tree, places, self.clock)

    def __getitem__(self, name: str) -> Recording:
        return self.recordings[name]

    def found(self, identity: str = "a", severity: Severity = Severity.CRITICAL, **changes: object) -> int:
        judged = verdict(severity=severity, **changes)
        scan = assessment(incident(identity), judged=judged, url=f"{identity}.mp4")
        return self.store.save(scan, "default", self.clock.now, first=True)
