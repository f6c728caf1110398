"""The tables of pages: what was told, where, and how far it has got.

pages ── page_incidents ── incidents    one message at one destination, and what it is about
router                                  the newest change that was made into pages
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from agent.store.tables import Base

__all__ = ["PageIncidentRow", "PageRow", "RouterRow"]


class PageRow(Base):
    """One message at one destination; ``agent.page.Page`` says what the columns mean.

    It is sent when it waits, is due, and nobody has a lease on it.
    """

    __tablename__ = "pages"
    __table_args__ = (
        Index("ix_pages_due", "state", "due_at"),
        Index("ix_pages_group", "group_key", "closes_at"),
    )

    key: Mapped[str] = mapped_column(String(16), primary_key=True)
    destination: Mapped[str]
    route: Mapped[str]
    group: Mapped[str] = mapped_column("group_key", String(64))
    step: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    over: Mapped[bool]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    wanted: Mapped[int]
    sent: Mapped[int]
    attempts: Mapped[int]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    why: Mapped[str]
    error: Mapped[str]
    memory: Mapped[dict[str, Any]]
    told: Mapped[dict[str, Any]]

    incidents: Mapped[list[PageIncidentRow]] = relationship(
        lazy="selectin", order_by="PageIncidentRow.position"
    )


class PageIncidentRow(Base):
    """An incident that a page tells of."""

    __tablename__ = "page_incidents"
    __table_args__ = (Index("ix_page_incidents_incident", "incident_id"),)

    page_key: Mapped[str] = mapped_column(ForeignKey("pages.key"), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    position: Mapped[int]


class RouterRow(Base):
    """One row: changes up to ``change_id`` were made into pages; what was before ``began_at`` never is."""

    __tablename__ = "router"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change_id: Mapped[int]
    began_at: Mapped[datetime]
