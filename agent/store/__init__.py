"""Incidents, verdicts and their history in a database: SQLite at first, PostgreSQL when asked."""

from agent.store.errors import NotFound, StoreError
from agent.store.migrate import SCHEMA_VERSION
from agent.store.rows import StoredIncident, StoredVerdict
from agent.store.store import IncidentFilter, Store

__all__ = [
    "SCHEMA_VERSION",
    "IncidentFilter",
    "NotFound",
    "Store",
    "StoreError",
    "StoredIncident",
    "StoredVerdict",
]
