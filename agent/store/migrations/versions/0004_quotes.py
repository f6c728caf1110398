"""The words of the context for which a verdict is below its floor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; verdicts of before had no quote."""
    op.add_column("verdicts", sa.Column("quote", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("verdicts", "quote")
