"""Pages in the store: made from changes in one transaction, leased to who sends them, and marked.

The change and the note that it happened are one transaction (``changes``); making pages of it and moving
on in the feed are another. So each change is made into pages once, whenever a process is killed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, or_, select, text, update
from sqlalchemy.orm import Session, joinedload, selectinload

from agent.page import Page, PageState
from agent.store.changes import Change, changes_after, newest_change
from agent.store.errors import NotFound
from agent.store.rows import StoredIncident, plain, stored_incident
from agent.store.store import Store
from agent.store.tables import IncidentRow
from agent.store.tables_pages import PageIncidentRow, PageRow, RouterRow
from pipeline.text import clean

__all__ = ["Desk", "Outbox"]

ROUTER_LOCK = 0x76696465747467
"""PostgreSQL advisory lock: one process at a time makes pages of changes, so that none is joined twice."""

BATCH = 100
"""Changes that one transaction makes pages of: nobody else waits long for the database."""

MOST_IN_DIGEST = 2000
INCIDENT = "incident."


@dataclass(slots=True)
class Desk:
    """One transaction of routing: ``changes`` are those of incidents among ``read`` new ones."""

    session: Session
    changes: list[Change]
    read: int
    pages: dict[str, Page] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    _rows: dict[str, PageRow] = field(default_factory=dict)

    def incidents(self) -> dict[str, StoredIncident]:
        """The incidents that changed, in their newest state, by id."""
        ids = {change.incident_id for change in self.changes if change.incident_id}
        return {found.incident.id: found for found in _incidents(self.session, ids)}

    def load(self, groups: Collection[str]) -> None:
        """The pages that the changes may touch: those of the incidents, and open ones of the groups.

        ``over`` are then the incidents of all of them that are over.
        """
        ids = {change.incident_id for change in self.changes}
        about = select(PageIncidentRow.page_key).where(PageIncidentRow.incident_id.in_(ids))
        joinable = and_(PageRow.group.in_(groups), PageRow.closes_at > self.changes[0].at)
        query = select(PageRow).where(PageRow.over.is_(False), or_(joinable, PageRow.key.in_(about)))
        self._rows = {row.key: row for row in self.session.scalars(query.with_for_update())}
        self.pages = {key: _page(row) for key, row in self._rows.items()}
        ids |= {identity for page in self.pages.values() for identity in page.incidents}
        over = select(IncidentRow.id).where(IncidentRow.id.in_(ids), IncidentRow.status == "resolved")
        self.over = set(self.session.scalars(over))

    def put(self, pages: Iterable[Page]) -> None:
        """Write new pages, and what a plan changes of those that there are; nothing that sending changes."""
        for page in pages:
            row = self._rows.get(page.key)
            if row is None:
                row = self._rows[page.key] = PageRow(**_new_row(page))
                self.session.add(row)
                known = 0
            else:
                row.due_at, row.state, row.over = page.due_at, page.state.value, page.over
                row.wanted, row.error = page.wanted, page.error
                known = len(row.incidents)
            for position, identity in enumerate(page.incidents[known:], known):
                row.incidents.append(PageIncidentRow(incident_id=identity, position=position))
            self.pages[page.key] = page


@dataclass(frozen=True, slots=True)
class Outbox:
    """The pages of a store."""

    store: Store

    def begin(self, now: datetime) -> datetime:
        """Since when changes are made into pages: from now, where they never were.

        What happened before anybody asked for pages is no news.
        """
        with self.store.noting() as session:
            row = session.get(RouterRow, 1)
            if row is None:
                row = RouterRow(id=1, change_id=newest_change(session), began_at=now)
                session.add(row)
            return row.began_at

    @contextmanager
    def routing(self) -> Iterator[Desk | None]:
        """A transaction that makes pages of the next changes; None where there is nothing to do.

        Raises:
            StoreError: the database cannot be read or written.
        """
        if not self._has_news():
            yield None
            return
        with self.store.noting() as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ROUTER_LOCK})
            router = session.get_one(RouterRow, 1, with_for_update=True)
            changes = changes_after(session, router.change_id, limit=BATCH)
            desk = Desk(session, [c for c in changes if c.kind.startswith(INCIDENT)], len(changes))
            yield desk
            if changes:
                router.change_id = changes[-1].id

    def add(self, page: Page) -> bool:
        """Write a page that no change made (a digest); False where it is there already."""
        with self.store.noting() as session:
            if session.get(PageRow, page.key) is not None:
                return False
            session.add(PageRow(**_new_row(page)))
            return True

    def claim(
        self, now: datetime, worker: str, *, lease_s: float, busy: Collection[str] = (), limit: int = 20
    ) -> list[Page]:
        """Pages that are due, leased to ``worker``; one at a time for each destination, none for the busy."""
        due = (
            select(PageRow)
            .where(
                PageRow.state == PageState.WAITING.value,
                PageRow.due_at <= now,
                or_(PageRow.leased_until.is_(None), PageRow.leased_until < now),
                PageRow.destination.not_in(busy),
            )
            .order_by(PageRow.due_at, PageRow.key)
        )
        with self.store.reading() as session:
            first: dict[str, str] = {}
            for row in session.scalars(due.limit(limit * 10)):
                first.setdefault(row.destination, row.key)
        if not first:
            return []
        claimed = []
        with self.store.noting() as session:
            keys = list(first.values())[:limit]
            for row in session.scalars(due.where(PageRow.key.in_(keys)).with_for_update(skip_locked=True)):
                row.leased_until, row.leased_by = now + timedelta(seconds=lease_s), worker
                row.attempts += 1
                claimed.append(_page(row))
        return claimed

    def renew(self, worker: str, until: datetime) -> None:
        """Hold on to the pages that the worker is sending."""
        with self.store.noting() as session:
            session.execute(update(PageRow).where(PageRow.leased_by == worker).values(leased_until=until))

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
        """Its state ``page.wanted`` was told. False where another has taken it over meanwhile."""
        with self._leased(page, worker) as row:
            if row is None:
                return False
            row.sent, row.attempts, row.error = page.wanted, 0, ""
            row.memory, row.told = plain(memory), plain(told)
            if row.wanted > page.wanted:
                row.due_at = now
            elif again_at is not None:
                row.wanted, row.due_at = row.wanted + 1, again_at
            else:
                row.state, row.due_at = PageState.TOLD.value, None
            return True

    def put_off(
        self, page: Page, worker: str, until: datetime, error: str, memory: Mapping[str, str] | None = None
    ) -> None:
        """It was not taken; it is tried again then."""
        with self._leased(page, worker) as row:
            if row is not None:
                row.due_at, row.error = until, plain(error)
                row.memory = row.memory if memory is None else plain(memory)

    def end(
        self,
        page: Page,
        worker: str,
        state: PageState,
        error: str,
        memory: Mapping[str, str] | None = None,
    ) -> None:
        """It is a dead letter, or it was needless: nobody tries it again by himself."""
        with self._leased(page, worker) as row:
            if row is not None:
                row.state, row.due_at, row.error = state.value, None, plain(error)
                row.memory = row.memory if memory is None else plain(memory)

    def pages(self, states: Collection[PageState] = tuple(PageState), limit: int = 200) -> list[Page]:
        """Pages in those states, the newest first."""
        query = select(PageRow).where(PageRow.state.in_([state.value for state in states]))
        with self.store.reading() as session:
            found = session.scalars(query.order_by(PageRow.opened_at.desc(), PageRow.key).limit(limit))
            return [_page(row) for row in found]

    def page(self, key: str) -> Page:
        """The page of that key.

        Raises:
            NotFound: there is none.
        """
        with self.store.reading() as session:
            row = session.get(PageRow, key)
            if row is None:
                raise NotFound(f"there is no page {clean(key, 40)!r}; 'vidette outbox list' shows them")
            return _page(row)

    def replay(self, keys: Collection[str] | None, now: datetime) -> list[str]:
        """Try dead letters again, all of them where no keys are given; the keys of those that it found."""
        query = select(PageRow).where(PageRow.state == PageState.DEAD.value)
        if keys is not None:
            query = query.where(PageRow.key.in_(keys))
        with self.store.noting() as session:
            rows = session.scalars(query.order_by(PageRow.opened_at)).all()
            for row in rows:
                row.state, row.due_at, row.attempts = PageState.WAITING.value, now, 0
                row.leased_until = row.leased_by = None
            return [row.key for row in rows]

    def incidents(self, ids: Collection[str]) -> list[StoredIncident]:
        """Incidents in their newest state."""
        with self.store.reading() as session:
            return _incidents(session, ids)

    def seen_between(self, since: datetime, until: datetime) -> list[StoredIncident]:
        """Incidents that were first seen from ``since`` on and before ``until``."""
        query = select(IncidentRow.id).where(
            IncidentRow.first_seen_at >= since, IncidentRow.first_seen_at < until
        )
        with self.store.reading() as session:
            return _incidents(session, list(session.scalars(query.limit(MOST_IN_DIGEST))))

    def _has_news(self) -> bool:
        with self.store.reading() as session:
            router = session.get(RouterRow, 1)
            return router is not None and newest_change(session) > router.change_id

    @contextmanager
    def _leased(self, page: Page, worker: str) -> Iterator[PageRow | None]:
        """The row of a page, given back; None where the lease ran out and another has it."""
        with self.store.noting() as session:
            row = session.get(PageRow, page.key, with_for_update=True)
            if row is None or row.leased_by != worker:
                yield None
                return
            row.leased_until = row.leased_by = None
            yield row


def _incidents(session: Session, ids: Collection[str]) -> list[StoredIncident]:
    query: Select[IncidentRow] = (
        select(IncidentRow)
        .where(IncidentRow.id.in_(ids))
        .options(
            joinedload(IncidentRow.input),
            joinedload(IncidentRow.last_scan),
            selectinload(IncidentRow.events),
            selectinload(IncidentRow.verdicts),
        )
    )
    return [stored_incident(row) for row in session.scalars(query)]


def _new_row(page: Page) -> dict[str, object]:
    texts = ("key", "destination", "route", "group", "why", "error")
    others = ("step", "over", "opened_at", "closes_at", "due_at", "wanted", "sent", "attempts")
    values = {name: plain(getattr(page, name)) for name in texts}
    values |= {name: getattr(page, name) for name in others}
    return {**values, "state": page.state.value, "memory": {}, "told": {}}


def _page(row: PageRow) -> Page:
    return Page(
        key=row.key,
        destination=row.destination,
        route=row.route,
        group=row.group,
        incidents=tuple(item.incident_id for item in row.incidents),
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        due_at=row.due_at,
        step=row.step,
        state=PageState(row.state),
        over=row.over,
        wanted=row.wanted,
        sent=row.sent,
        attempts=row.attempts,
        why=row.why,
        error=row.error,
        memory=row.memory,
        told=row.told,
    )
