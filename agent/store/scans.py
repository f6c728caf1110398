"""What is stored of one scan, as a document."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.store.errors import NotFound
from agent.store.tables import IncidentRow, ScanRow, SuppressedRow
from pipeline.model import MediaInfo

__all__ = ["media_of", "scan_document"]


def media_of(session: Session, incident_id: str) -> MediaInfo | None:
    """What the container declared when an incident was last seen, where that is known."""
    query = select(ScanRow.media).join(IncidentRow, IncidentRow.last_scan_id == ScanRow.id)
    kept = session.scalar(query.where(IncidentRow.id == incident_id))
    return None if kept is None else TypeAdapter(MediaInfo).validate_python(kept)


def scan_document(session: Session, scan_id: int) -> dict[str, Any]:
    """Media, coverage, loudness, timing, and what was explained away.

    Raises:
        NotFound: there is no such scan.
    """
    row = session.get(ScanRow, scan_id)
    if row is None:
        raise NotFound(f"there is no scan {scan_id}")
    query = select(SuppressedRow).where(SuppressedRow.scan_id == scan_id).order_by(SuppressedRow.start_s)
    suppressed = [
        {
            "kind": item.kind,
            "reason": item.reason,
            "check": item.check,
            "stream": item.stream,
            "start_s": item.start_s,
            "end_s": item.end_s,
        }
        for item in session.scalars(query)
    ]
    return {
        "media": row.media,
        "coverage": row.coverage,
        "loudness": row.loudness,
        "timing": row.timing,
        "interrupted": row.interrupted,
        "covered_s": row.covered_s,
        "suppressed": suppressed,
    }
