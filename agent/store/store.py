"""Keeps what was found and thought: nothing that is stored is lost by a later scan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from sqlalchemy import Engine, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from agent.store.engine import WRITE, database_url, open_engine, shown, told_as_one_line
from agent.store.errors import StoreError
from agent.store.migrate import upgrade
from agent.store.rows import StoredIncident, stored_incident
from agent.store.tables import IncidentRow, InputRow, VerdictRow
from agent.store.writer import Writer
from agent.verdict import Assessment, Severity
from pipeline.model import Cause
from pipeline.text import clean

__all__ = ["IncidentFilter", "Store"]

AMBIGUOUS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents are wanted; None stands for all.

    ``severity`` is the least severe one wanted; ``input`` is a part of its URL or path; ``since`` an aware
    time at or after which the incident was last seen.
    """

    severity: Severity | None = None
    cause: Cause | None = None
    input: str | None = None
    since: datetime | None = None
    gone: bool = True
    limit: int | None = None


class Store:
    """A database of incidents. Use it as a context manager, or close it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Store:
        """Open, and bring the schema up to date; ``url`` is a database URL or the path of a SQLite file.

        Raises:
            StoreError: it cannot be opened, or was written by a newer vidette.
        """
        place = database_url(url)
        engine = open_engine(place)
        with told_as_one_line(place):
            upgrade(engine)
        return cls(engine)

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        return shown(self._engine.url)

    def save(
        self,
        assessment: Assessment,
        profile_name: str,
        started_at: datetime,
        *,
        identity: str | None = None,
    ) -> None:
        """Store one assessment, whole or not at all.

        Args:
            started_at: when the scan began, an aware time.
            identity: what the input is known by from run to run; the scan's URL where it is not given.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._session(write=True) as session:
            writer = Writer.at_once(session, identity or assessment.scan.url, profile_name, started_at)
            writer.write(assessment)

    def incidents(self, wanted: IncidentFilter = IncidentFilter()) -> list[StoredIncident]:
        """The incidents that match, last seen first, then in order of input and time.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._session() as session:
            return [stored_incident(row) for row in session.scalars(_select(wanted)).unique()]

    def incident(self, prefix: str) -> StoredIncident:
        """The incident of that id, or the only one whose id begins so.

        Raises:
            StoreError: there is none, there are several, or the database cannot be read.
        """
        matching = IncidentRow.id.startswith(prefix.lower(), autoescape=True)
        with self._session() as session:
            rows = session.scalars(
                _loaded(select(IncidentRow)).where(matching).order_by(IncidentRow.id)
            ).all()
            found = [stored_incident(row) for row in rows[: AMBIGUOUS_SHOWN + 1]]
        if not prefix or not found:
            raise StoreError(f"no incident {clean(prefix)!r} is stored; 'vidette incidents' lists them")
        if len(found) > 1:
            ids = ", ".join(item.incident.id for item in found[:AMBIGUOUS_SHOWN])
            more = ", ..." if len(found) > AMBIGUOUS_SHOWN else ""
            raise StoreError(
                f"several incidents begin with {clean(prefix)!r}: {ids}{more}; give more of the id"
            )
        return found[0]

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _session(self, write: bool = False) -> Iterator[Session]:
        """A transaction: kept when the block ends, undone when it raises."""
        bind = self._engine.execution_options(**{WRITE: write})
        with told_as_one_line(self._engine.url), Session(bind) as session, session.begin():
            yield session


def _loaded(query: Select[IncidentRow]) -> Select[IncidentRow]:
    """With all that a StoredIncident is made of, in as few queries."""
    return query.options(
        joinedload(IncidentRow.input),
        joinedload(IncidentRow.last_scan),
        selectinload(IncidentRow.events),
        selectinload(IncidentRow.verdicts),
    )


def _select(wanted: IncidentFilter) -> Select[IncidentRow]:
    query = _loaded(select(IncidentRow)).join(IncidentRow.input)
    if wanted.severity is not None:
        enough = [item.value for item in Severity if item.rank >= wanted.severity.rank]
        latest = select(func.max(VerdictRow.id)).group_by(VerdictRow.incident_id)
        judged = select(VerdictRow.incident_id).where(
            VerdictRow.id.in_(latest), VerdictRow.severity.in_(enough)
        )
        query = query.where(IncidentRow.id.in_(judged))
    if wanted.cause is not None:
        query = query.where(IncidentRow.cause == wanted.cause.value)
    if wanted.input is not None:
        named = (InputRow.url, InputRow.identity)
        query = query.where(or_(*(column.contains(wanted.input, autoescape=True) for column in named)))
    if wanted.since is not None:
        query = query.where(IncidentRow.last_seen_at >= wanted.since)
    if not wanted.gone:
        query = query.where(IncidentRow.gone_at.is_(None))
    ordered = query.order_by(
        IncidentRow.last_seen_at.desc(), InputRow.url, IncidentRow.start_s, IncidentRow.id
    )
    return ordered.limit(wanted.limit)
