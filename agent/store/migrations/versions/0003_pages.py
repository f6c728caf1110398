"""Pages: what is told of incidents, where, and how far it has got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pages",
        sa.Column("key", sa.String(16), primary_key=True),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("group_key", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closes_at", TIME, nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("leased_until", TIME),
        sa.Column("leased_by", sa.Text),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("memory", sa.JSON, nullable=False),
        sa.Column("told", sa.JSON, nullable=False),
    )
    op.create_index("ix_pages_due", "pages", ["state", "due_at"])
    op.create_index("ix_pages_group", "pages", ["group_key", "closes_at"])
    op.create_table(
        "page_incidents",
        sa.Column("page_key", sa.String(16), sa.ForeignKey("pages.key"), primary_key=True),
        sa.Column("incident_id", sa.String(16), sa.ForeignKey("incidents.id"), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_index("ix_page_incidents_incident", "page_incidents", ["incident_id"])
    op.create_table(
        "router",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change_id", sa.Integer, nullable=False),
        sa.Column("began_at", TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop them, the last made first."""
    for table in ("router", "page_incidents", "pages"):
        op.drop_table(table)
