"""Alembic's entry: runs the migrations on the connection that ``agent.store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from agent.store import tables_pages, tables_service
from agent.store.migrate import VERSION_TABLE
from agent.store.tables import Base

MODULES = (tables_service, tables_pages)
"""Imported so that their tables are in the metadata."""

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    # SQLite cannot alter a column: Alembic then copies the table.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
