"""Keeps what was found and thought: nothing that is stored is lost by a later scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

from sqlalchemy import Engine, Select, or_, select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from agent.calls import ModelCall
from agent.store.changes import ORDERED
from agent.store.engine import READ, WRITE, database_url, open_engine, shown, told_as_one_line
from agent.store.errors import NotFound, StoreError
from agent.store.lookup import incident_of
from agent.store.migrate import upgrade
from agent.store.rows import StoredIncident, stored_incident
from agent.store.tables import IncidentRow, InputRow
from agent.store.writer import Writer
from agent.verdict import Assessment, Severity, Verdict
from pipeline.model import Cause
from pipeline.text import clean

__all__ = ["IncidentFilter", "Store"]

READ_TIMEOUT_MS = 30_000
"""How long PostgreSQL may work on one statement that reads."""

AMBIGUOUS_SHOWN = 5
CHANGES_LOCK = 0x76696465747466
"""PostgreSQL advisory lock: changes are recorded by one transaction at a time, as SQLite has it anyway."""


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
    def engine(self) -> Engine:
        """The database itself, for what is no transaction."""
        return self._engine

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
        labels: Mapping[str, str] | None = None,
        job_id: str | None = None,
        first: bool = False,
    ) -> int:
        """Store one assessment, whole or not at all; the scan's id.

        Args:
            started_at: when the scan began, an aware time.
            identity: what the input is known by from run to run; the scan's URL where it is not given.
            labels: what the incidents are labelled with.
            job_id: the job that asked for the scan.
            first: the verdicts are those of the rules, before a model is asked (``judge`` brings its own).

        Raises:
            StoreError: the database cannot be written.
        """
        known_as = identity or assessment.scan.url
        with self.writing() as session:
            writer = Writer.at_once(
                session, known_as, profile_name, started_at, labels=labels, job_id=job_id, first=first
            )
            return writer.write(assessment)

    def judge(
        self,
        scan_id: int,
        verdicts: Mapping[str, Verdict],
        *,
        calls: Iterable[ModelCall] = (),
        job_id: str | None = None,
    ) -> None:
        """Add later verdicts, by the incident's id, on what a stored scan found, and the models' calls.

        Raises:
            StoreError: the database cannot be written.
        """
        with self.writing() as session:
            writer = Writer.at_once(session, "", "", datetime.now(UTC), job_id=job_id)
            writer.judge(scan_id, verdicts)
            writer.calls(calls, scan_id)

    def incidents(self, wanted: IncidentFilter = IncidentFilter()) -> list[StoredIncident]:
        """The incidents that match, last seen first, then in order of input and time.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.reading() as session:
            return [stored_incident(row) for row in session.scalars(_select(wanted)).unique()]

    def incident(self, prefix: str) -> StoredIncident:
        """The incident of that id, or the only one whose id begins so.

        Raises:
            StoreError: there is none, there are several, or the database cannot be read.
        """
        matching = IncidentRow.id.startswith(prefix.lower(), autoescape=True)
        with self.reading() as session:
            rows = session.scalars(
                _loaded(select(IncidentRow)).where(matching).order_by(IncidentRow.id)
            ).all()
            found = [stored_incident(row) for row in rows[: AMBIGUOUS_SHOWN + 1]]
        if not prefix or not found:
            raise NotFound(f"no incident {clean(prefix)!r} is stored; 'vidette incidents' lists them")
        if len(found) > 1:
            ids = ", ".join(item.incident.id for item in found[:AMBIGUOUS_SHOWN])
            more = ", ..." if len(found) > AMBIGUOUS_SHOWN else ""
            raise StoreError(
                f"several incidents begin with {clean(prefix)!r}: {ids}{more}; give more of the id"
            )
        return found[0]

    def incident_of(self, incident_id: str) -> StoredIncident:
        """The incident of exactly that id.

        Raises:
            NotFound: there is none.
            StoreError: the database cannot be read.
        """
        with self.reading() as session:
            return incident_of(session, incident_id)

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
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads; what it gives is one moment of the store.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._transaction(write=False) as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("SET TRANSACTION READ ONLY"))
                session.execute(text(f"SET LOCAL statement_timeout = {READ_TIMEOUT_MS}"))
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may record changes: kept when the block ends, undone when it raises.

        One at a time, whatever the database: so the ids of changes are in the order of the commits, and
        who reads the feed misses none.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._transaction(write=True) as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHANGES_LOCK})
            session.info[ORDERED] = True
            yield session

    @contextmanager
    def noting(self) -> Iterator[Session]:
        """A transaction that writes and records no change: progress, leases, when a token was used.

        Raises:
            StoreError: the database cannot be written.
        """
        with self._transaction(write=True) as session:
            yield session

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Session]:
        bind = self._engine.execution_options(**{WRITE: write, READ: not write})
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
        query = query.where(IncidentRow.severity_rank >= wanted.severity.rank)
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
