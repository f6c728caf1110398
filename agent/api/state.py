"""What the routes of one app share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from agent.api.limits import Buckets
from agent.jobs.plan import Places, WorkPlan
from agent.settings import Settings
from agent.store import Store
from agent.store.tokens import StoredToken

__all__ = ["Api", "api_of", "utc_now"]

READERS = 6

T = TypeVar("T")


def utc_now() -> datetime:
    """The time at this moment."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Api:
    """The store, the settings, and the workers' bell; ``clock`` says what time it is.

    ``wake`` rings it after every change that the API makes. ``known`` are tokens that were looked up a moment
    ago, by their hashes, and until when that holds.
    """

    store: Store
    settings: Settings
    plan: WorkPlan
    wake: Callable[[], None] = lambda: None
    clock: Callable[[], datetime] = utc_now
    reads: Buckets = field(init=False)
    writes: Buckets = field(init=False)
    strangers: Buckets = field(init=False)
    known: dict[str, tuple[StoredToken, datetime]] = field(default_factory=dict)
    streams: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READERS))
    cutting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    def __post_init__(self) -> None:
        self.reads = Buckets(self.settings.rate_reads)
        self.writes = Buckets(self.settings.rate_writes)
        self.strangers = Buckets(0.5, burst=20.0)

    async def reading(self, work: Callable[[Session], T]) -> T:
        """What ``work`` reads, in one transaction on a thread.

        Few threads read at once: more of them would only take the interpreter from one another, and from the
        loop that answers.

        Raises:
            StoreError: the database cannot be read.
        """

        def read() -> T:
            with self.store.reading() as session:
                return work(session)

        return await to_thread.run_sync(read, limiter=self.readers)

    @property
    def places(self) -> Places:
        """Where files are kept."""
        return self.plan.places


def api_of(request: Request) -> Api:
    """What the app of a request shares."""
    found: Api = request.app.state.api
    return found
