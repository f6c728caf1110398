"""What is stored of one scan, as a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.store.errors import NotFound
from agent.store.tables import ScanRow, SuppressedRow

__all__ = ["scan_document"]


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
