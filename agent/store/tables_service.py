"""The tables that the service adds: work, the life of incidents, who may do what, and what changed.

jobs ── scans                          a scan that was asked for; who works on it, and until when
incidents ── feedback                  what people said of a verdict, with the right answer
         ├── stills, signals           what it looked like: pictures, and measurements around it
         └── model_calls               what a model was asked, and what that cost
waivers                                what is let through until a day
tokens, idempotency                    who may do what; requests that were answered already
changes                                everything that happened, in order: the feed and the history
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from agent.store.tables import Base

__all__ = [
    "Base",
    "ChangeRow",
    "FeedbackRow",
    "IdempotencyRow",
    "JobRow",
    "ModelCallRow",
    "SignalsRow",
    "StillRow",
    "TokenRow",
    "WaiverRow",
]


class JobRow(Base):
    """A scan that was asked for.

    ``state`` is ``queued``, ``running``, ``done`` or ``cancelled``; a running job belongs to ``worker`` until
    ``leased_until``. ``url`` is opened, credentials and all, and is emptied when the job has ended; ``shown``
    is its name for people. ``context`` is what is known of the input. ``attempts`` counts the workers that
    were given it and did not give it back.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state", "state", "created_at", "id"),
        Index("ix_jobs_created", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str | None]
    shown: Mapped[str]
    identity: Mapped[str]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    profile: Mapped[str]
    mode: Mapped[str] = mapped_column(String(16))
    keep_series: Mapped[bool]
    labels: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    done_s: Mapped[float | None]
    duration_s: Mapped[float | None]
    frames: Mapped[int | None]
    progressed_at: Mapped[datetime | None]
    status: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None]
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    context: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ChangeRow(Base):
    """One thing that happened. Ids grow in the order of the commits, so a reader can go on from one."""

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_incident", "incident_id", "id"),
        Index("ix_changes_job", "job_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.id"))
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"))
    actor: Mapped[str]
    data: Mapped[dict[str, Any]]


class FeedbackRow(Base):
    """What somebody said of an incident: ``kind``, the right answer, and what the verdict was then."""

    __tablename__ = "feedback"
    __table_args__ = (Index("ix_feedback_incident", "incident_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"))
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str | None] = mapped_column(String(16))
    cause: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str]
    said: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class WaiverRow(Base):
    """What is let through until ``expires_at``: checks, within a range of time, of the inputs that match.

    ``input`` is a pattern (``*`` and ``?``) for the whole identity; ``start_s`` and ``end_s`` are None
    where the range is open.
    """

    __tablename__ = "waivers"
    __table_args__ = (Index("ix_waivers_expires", "expires_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    input: Mapped[str]
    checks: Mapped[list[Any]]
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]
    reason: Mapped[str]
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


class TokenRow(Base):
    """A bearer token, or a session of the page that one opened; only the hash of it is kept."""

    __tablename__ = "tokens"
    __table_args__ = (Index("ix_tokens_digest", "digest", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    begins: Mapped[str] = mapped_column(String(16))
    scope: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyRow(Base):
    """A request that was answered: the same key of the same token gets the same answer again."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created", "created_at"),)

    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class ModelCallRow(Base):
    """One question to a model, for one incident, and what came of it."""

    __tablename__ = "model_calls"
    __table_args__ = (
        Index("ix_model_calls_incident", "incident_id", "id"),
        Index("ix_model_calls_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scans.id"))
    at: Mapped[datetime]
    backend: Mapped[str] = mapped_column(String(64))
    model: Mapped[str]
    prompt: Mapped[str]
    tokens_in: Mapped[int | None]
    tokens_out: Mapped[int | None]
    latency_s: Mapped[float]
    outcome: Mapped[str] = mapped_column(String(32))
    repaired: Mapped[bool]
    detail: Mapped[str]


class StillRow(Base):
    """One picture of an incident's filmstrip: what it is of it, when it is on show, and the JPEG."""

    __tablename__ = "stills"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    label: Mapped[str] = mapped_column(String(16), primary_key=True)
    stream: Mapped[str] = mapped_column(String(32))
    time_s: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)


class SignalsRow(Base):
    """What was measured around an incident, thinned for plots: compressed JSON."""

    __tablename__ = "signals"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
