"""First tables: inputs, scans, incidents, events, verdicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "inputs",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    _create_scans()
    _create_incidents()
    _create_events()
    _create_verdicts()


def _create_scans() -> None:
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("input_id", sa.String(16), sa.ForeignKey("inputs.id"), nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sa.Column("covered_s", sa.Float(53), nullable=False),
        sa.Column("media", sa.JSON),
        sa.Column("coverage", sa.JSON, nullable=False),
        sa.Column("loudness", sa.JSON, nullable=False),
        sa.Column("timing", sa.JSON),
    )
    op.create_index("ix_scans_input", "scans", ["input_id", "started_at"])


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("input_id", sa.String(16), sa.ForeignKey("inputs.id"), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("start_s", sa.Float(53), nullable=False),
        sa.Column("end_s", sa.Float(53)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("next_likely", sa.Text, nullable=False),
        sa.Column("first_scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("last_scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_incidents_input", "incidents", ["input_id"])
    op.create_index("ix_incidents_last_seen", "incidents", ["last_seen_at"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
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


def _create_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("intent", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("route", sa.String(32), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float(53), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
    )
    op.create_index("ix_verdicts_incident", "verdicts", ["incident_id", "id"])


def downgrade() -> None:
    """Drop them, the last made first."""
    for table in ("verdicts", "events", "incidents", "scans", "inputs"):
        op.drop_table(table)
