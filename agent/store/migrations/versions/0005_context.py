"""What was known of an input when its incidents were judged, and what a scan is asked for with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of scans of before nothing is known."""
    op.add_column("scans", sa.Column("context", sa.JSON, nullable=True))
    op.add_column("jobs", sa.Column("context", sa.JSON, nullable=True))


def downgrade() -> None:
    """Take the columns away."""
    op.drop_column("jobs", "context")
    op.drop_column("scans", "context")
