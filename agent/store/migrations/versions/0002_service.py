"""What the service needs: jobs, the life of incidents, feedback, waivers, tokens, and a feed of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEW_TABLES = (
    "signals",
    "stills",
    "model_calls",
    "idempotency",
    "tokens",
    "waivers",
    "feedback",
    "changes",
    "jobs",
    "suppressed",
)
LIFE = (
    "severity",
    "severity_rank",
    "status",
    "muted",
    "assignee",
    "acknowledged_at",
    "acknowledged_by",
    "resolved_at",
    "resolved_by",
    "labels",
    "revision",
)


def upgrade() -> None:
    """Add to what there is, and make the new tables."""
    op.add_column("scans", sa.Column("mode", sa.String(16), nullable=False, server_default="full"))
    _add_life()
    _create_suppressed()
    _create_jobs()
    _create_changes()
    _create_feedback()
    _create_waivers()
    _create_tokens()
    _create_model_calls()
    _create_evidence()


def _add_life() -> None:
    """Where people are with an incident; those that are stored begin as open, or resolved if gone."""
    columns = (
        sa.Column("severity", sa.String(16)),
        sa.Column("severity_rank", sa.Integer, nullable=False, server_default="-1"),
        sa.Column("status", sa.String(16), nullable=False, server_default="open"),
        sa.Column("muted", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("assignee", sa.Text),
        sa.Column("acknowledged_at", TIME),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("resolved_at", TIME),
        sa.Column("resolved_by", sa.Text),
        sa.Column("labels", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    )
    for column in columns:
        op.add_column("incidents", column)
    op.execute(
        "UPDATE incidents SET severity = (SELECT v.severity FROM verdicts v WHERE v.id = "
        "(SELECT max(w.id) FROM verdicts w WHERE w.incident_id = incidents.id))"
    )
    op.execute(
        "UPDATE incidents SET severity_rank = CASE severity WHEN 'critical' THEN 3 WHEN 'major' THEN 2 "
        "WHEN 'minor' THEN 1 WHEN 'info' THEN 0 ELSE -1 END"
    )
    op.execute(
        "UPDATE incidents SET status = 'resolved', resolved_at = gone_at, resolved_by = 'scan' "
        "WHERE gone_at IS NOT NULL"
    )
    op.drop_index("ix_incidents_last_seen", "incidents")
    op.create_index("ix_incidents_last_seen", "incidents", ["last_seen_at", "id"])
    op.create_index("ix_incidents_first_seen", "incidents", ["first_seen_at", "id"])
    op.create_index("ix_incidents_severity", "incidents", ["severity_rank", "id"])
    op.create_index("ix_incidents_status", "incidents", ["status", "last_seen_at", "id"])


def _create_suppressed() -> None:
    op.create_table(
        "suppressed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("event_id", sa.String(16), nullable=False),
        sa.Column("check_id", sa.String(64), nullable=False),
        sa.Column("stream", sa.String(32), nullable=False),
        sa.Column("start_s", sa.Float(53), nullable=False),
        sa.Column("end_s", sa.Float(53)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float(53), nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
    )
    op.create_index("ix_suppressed_scan", "suppressed", ["scan_id"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("keep_series", sa.Boolean, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("leased_until", TIME),
        sa.Column("cancel_asked", sa.Boolean, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("done_s", sa.Float(53)),
        sa.Column("duration_s", sa.Float(53)),
        sa.Column("frames", sa.Integer),
        sa.Column("progressed_at", TIME),
        sa.Column("status", sa.String(32)),
        sa.Column("error", sa.Text),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id")),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "created_at", "id"])
    op.create_index("ix_jobs_created", "jobs", ["created_at", "id"])


def _create_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id")),
        sa.Column("job_id", sa.String(32), sa.ForeignKey("jobs.id")),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("ix_changes_incident", "changes", ["incident_id", "id"])
    op.create_index("ix_changes_job", "changes", ["job_id", "id"])


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(16)),
        sa.Column("cause", sa.String(32)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("said", sa.JSON),
    )
    op.create_index("ix_feedback_incident", "feedback", ["incident_id", "id"])


def _create_waivers() -> None:
    op.create_table(
        "waivers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("checks", sa.JSON, nullable=False),
        sa.Column("start_s", sa.Float(53)),
        sa.Column("end_s", sa.Float(53)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id")),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.Column("revoked_by", sa.Text),
    )
    op.create_index("ix_waivers_expires", "waivers", ["expires_at"])


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("begins", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("tokens.id")),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("revoked_at", TIME),
    )
    op.create_index("ix_tokens_digest", "tokens", ["digest"], unique=True)
    op.create_table(
        "idempotency",
        sa.Column("token_id", sa.Integer, sa.ForeignKey("tokens.id"), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("ix_idempotency_created", "idempotency", ["created_at"])


def _create_model_calls() -> None:
    op.create_table(
        "model_calls",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id")),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id")),
        sa.Column("at", TIME, nullable=False),
        sa.Column("backend", sa.String(64), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("tokens_in", sa.Integer),
        sa.Column("tokens_out", sa.Integer),
        sa.Column("latency_s", sa.Float(53), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("repaired", sa.Boolean, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_model_calls_incident", "model_calls", ["incident_id", "id"])
    op.create_index("ix_model_calls_at", "model_calls", ["at"])


def _create_evidence() -> None:
    op.create_table(
        "stills",
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("label", sa.String(16), primary_key=True),
        sa.Column("stream", sa.String(32), nullable=False),
        sa.Column("time_s", sa.Float(53), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "signals",
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop what was added, the last made first."""
    for table in NEW_TABLES:
        op.drop_table(table)
    for index in ("status", "severity", "first_seen", "last_seen"):
        op.drop_index(f"ix_incidents_{index}", "incidents")
    for column in LIFE:
        op.drop_column("incidents", column)
    op.create_index("ix_incidents_last_seen", "incidents", ["last_seen_at"])
    op.drop_column("scans", "mode")
