"""What an incident looked like: filmstrips and signals, and what a model was asked about it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from agent.store.rows import plain
from agent.store.tables_service import ModelCallRow, SignalsRow, StillRow

__all__ = [
    "StoredStill",
    "keep_model_call",
    "keep_signals",
    "keep_stills",
    "model_calls_of",
    "signals_of",
    "still_of",
    "stills_of",
]


@dataclass(frozen=True, slots=True)
class StoredStill:
    """One picture of a filmstrip; ``jpeg`` is empty in a list."""

    label: str
    stream: str
    time_s: float
    width: int
    height: int
    jpeg: bytes = b""


def keep_stills(session: Session, incident_id: str, stills: Iterable[StoredStill]) -> None:
    """The filmstrip of an incident, in place of the one that there was."""
    session.execute(delete(StillRow).where(StillRow.incident_id == incident_id))
    for still in stills:
        session.add(
            StillRow(
                incident_id=incident_id,
                label=still.label,
                stream=still.stream,
                time_s=still.time_s,
                width=still.width,
                height=still.height,
                jpeg=still.jpeg,
            )
        )


def stills_of(session: Session, incident_id: str) -> list[StoredStill]:
    """The filmstrip of an incident in order of time, without the pictures themselves."""
    return [StoredStill(*row) for row in session.connection().execute(_STILLS, {"id": incident_id})]


_STILLS = (
    select(StillRow.label, StillRow.stream, StillRow.time_s, StillRow.width, StillRow.height)
    .where(StillRow.incident_id == bindparam("id"))
    .order_by(StillRow.time_s)
)


def still_of(session: Session, incident_id: str, label: str) -> StoredStill | None:
    """One picture."""
    row = session.get(StillRow, (incident_id, label))
    if row is None:
        return None
    return StoredStill(row.label, row.stream, row.time_s, row.width, row.height, row.jpeg)


def keep_signals(session: Session, incident_id: str, signals: Sequence[Mapping[str, Any]]) -> None:
    """What was measured around an incident, in place of what there was."""
    document = zlib.compress(json.dumps(plain(signals), separators=(",", ":")).encode())
    row = session.get(SignalsRow, incident_id)
    if row is None:
        session.add(SignalsRow(incident_id=incident_id, document=document))
    else:
        row.document = document


def signals_of(session: Session, incident_id: str) -> list[dict[str, Any]]:
    """What was measured around an incident; empty where nothing is kept."""
    row = session.get(SignalsRow, incident_id)
    if row is None:
        return []
    kept: list[dict[str, Any]] = json.loads(zlib.decompress(row.document))
    return kept


def keep_model_call(
    session: Session,
    at: datetime,
    *,
    incident_id: str | None,
    scan_id: int | None,
    backend: str,
    model: str,
    prompt: str,
    latency_s: float,
    outcome: str,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    repaired: bool = False,
    detail: str = "",
) -> int:
    """Keep one question to a model: ``outcome`` is ``answered``, ``failed`` or what the backend calls it."""
    row = ModelCallRow(
        at=at,
        incident_id=incident_id,
        scan_id=scan_id,
        backend=backend,
        model=plain(model),
        prompt=plain(prompt),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        latency_s=latency_s,
        outcome=outcome,
        repaired=repaired,
        detail=plain(detail),
    )
    session.add(row)
    session.flush()
    return row.id


def model_calls_of(session: Session, incident_id: str) -> list[ModelCallRow]:
    """What a model was asked about an incident, in its order."""
    query = select(ModelCallRow).where(ModelCallRow.incident_id == incident_id).order_by(ModelCallRow.id)
    return list(session.scalars(query))
