"""The tables, as SQLAlchemy classes. A change here needs a migration: a test compares the two.

inputs ── scans ────── suppressed      one row a scan, never changed afterwards; what it explained away
   └───── incidents ── events          the newest state of each incident, and what it was made of
                 └──── verdicts        a row for every change of mind; the highest id holds

What the service adds is in ``tables_service``, what is told of incidents in ``tables_pages``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, DateTime, Dialect, Float, ForeignKey, Index, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

if TYPE_CHECKING:
    from sqlalchemy.sql.type_api import _ResultProcessorType

__all__ = [
    "Base",
    "EventRow",
    "IncidentRow",
    "InputRow",
    "ScanRow",
    "SuppressedRow",
    "UtcDateTime",
    "VerdictRow",
]


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database, whatever the dialect keeps of zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: nobody could say later when that was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite gives the UTC time back without its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> _ResultProcessorType[datetime] | None:
        """For SQLite, which keeps texts, both steps at once: a list has three times a row."""
        return _sqlite_time if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _sqlite_time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


class Base(DeclarativeBase):
    """The metadata that the migrations are compared with."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own protocol
        datetime: UtcDateTime,
        str: Text,
        float: Float(53),
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class InputRow(Base):
    """A file or URL: as it was last named, and its identity (resolved path, or URL without secrets)."""

    __tablename__ = "inputs"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    identity: Mapped[str]
    url: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class ScanRow(Base):
    """One scan of one input, complete or not; ``context`` is what its incidents were judged with."""

    __tablename__ = "scans"
    __table_args__ = (Index("ix_scans_input", "input_id", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    input_id: Mapped[str] = mapped_column(ForeignKey("inputs.id"))
    profile: Mapped[str]
    version: Mapped[str]
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(32))
    error: Mapped[str | None]
    interrupted: Mapped[bool]
    covered_s: Mapped[float]
    media: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    coverage: Mapped[list[Any]]
    loudness: Mapped[list[Any]]
    timing: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    mode: Mapped[str] = mapped_column(String(16), default="full")
    context: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class SuppressedRow(Base):
    """An event of which nothing followed in a scan, and why: it was planned, or waived."""

    __tablename__ = "suppressed"
    __table_args__ = (Index("ix_suppressed_scan", "scan_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    event_id: Mapped[str] = mapped_column(String(16))
    check: Mapped[str] = mapped_column("check_id", String(64))
    stream: Mapped[str] = mapped_column(String(32))
    start_s: Mapped[float]
    end_s: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(16))
    value: Mapped[float | None]
    unit: Mapped[str]
    confidence: Mapped[float]
    evidence: Mapped[dict[str, Any]]


class IncidentRow(Base):
    """The newest state of an incident, and where people are with it.

    ``state`` is what the media do, ``status`` what people did; ``gone_at`` is set when a complete scan
    finds it no more. ``severity`` and ``severity_rank`` (3 critical ... 0 info, -1 without a verdict) are
    those of the verdict that holds, so that lists need not ask for it. ``revision`` grows by one with
    every change; ``labels`` are those of the scan that last found it.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ix_incidents_input", "input_id"),
        Index("ix_incidents_last_seen", "last_seen_at", "id"),
        Index("ix_incidents_first_seen", "first_seen_at", "id"),
        Index("ix_incidents_severity", "severity_rank", "id"),
        Index("ix_incidents_status", "status", "last_seen_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    input_id: Mapped[str] = mapped_column(ForeignKey("inputs.id"))
    cause: Mapped[str] = mapped_column(String(32))
    start_s: Mapped[float]
    end_s: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[Any]]
    next_likely: Mapped[str]
    first_scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    last_scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    severity: Mapped[str | None] = mapped_column(String(16))
    severity_rank: Mapped[int] = mapped_column(default=-1)
    status: Mapped[str] = mapped_column(String(16), default="open")
    muted: Mapped[bool] = mapped_column(default=False)
    assignee: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=1)

    input: Mapped[InputRow] = relationship(lazy="raise")
    last_scan: Mapped[ScanRow] = relationship(foreign_keys=[last_scan_id], lazy="raise")
    events: Mapped[list[EventRow]] = relationship(
        lazy="raise",
        order_by="EventRow.start_s, EventRow.check, EventRow.stream, EventRow.id",
        back_populates="incident",
    )
    verdicts: Mapped[list[VerdictRow]] = relationship(
        lazy="raise", order_by="VerdictRow.id", back_populates="incident"
    )


class EventRow(Base):
    """An event of an incident. It is part of the newest state when ``scan_id`` is the incident's."""

    __tablename__ = "events"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    check: Mapped[str] = mapped_column("check_id", String(64))
    stream: Mapped[str] = mapped_column(String(32))
    start_s: Mapped[float]
    end_s: Mapped[float | None]
    state: Mapped[str] = mapped_column(String(16))
    value: Mapped[float | None]
    unit: Mapped[str]
    confidence: Mapped[float]
    evidence: Mapped[dict[str, Any]]

    incident: Mapped[IncidentRow] = relationship(lazy="raise", back_populates="events")


class VerdictRow(Base):
    """What was thought of an incident, by whom and since when. Rows are only ever added."""

    __tablename__ = "verdicts"
    __table_args__ = (Index("ix_verdicts_incident", "incident_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    judged_at: Mapped[datetime]
    severity: Mapped[str] = mapped_column(String(16))
    intent: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    route: Mapped[str] = mapped_column(String(32))
    title: Mapped[str]
    summary: Mapped[str]
    confidence: Mapped[float]
    model: Mapped[str]
    prompt: Mapped[str]
    facts: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(String(16))
    notes: Mapped[list[Any]]
    quote: Mapped[str] = mapped_column(default="")

    incident: Mapped[IncidentRow] = relationship(lazy="raise", back_populates="verdicts")
