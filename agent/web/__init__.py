"""The page: server-rendered views over the store, for a person with a browser."""

from __future__ import annotations

from agent.web import chat, door, incidents, scans

__all__ = ["PAGES"]

PAGES = (door.router, incidents.router, scans.router, chat.router)
"""The views, as routers of the app."""
