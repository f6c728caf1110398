"""One incident by its id, by three statements that are made once and load columns, not objects."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from agent.store.errors import NotFound
from agent.store.rows import StoredIncident, assembled
from agent.store.tables import EventRow, IncidentRow, InputRow, ScanRow, VerdictRow
from pipeline.text import clean

__all__ = ["incident_of"]

_INCIDENTS, _INPUTS, _SCANS, _EVENTS, _VERDICTS = (
    table.__table__.c for table in (IncidentRow, InputRow, ScanRow, EventRow, VerdictRow)
)
_INCIDENT = (
    select(*_INCIDENTS, _INPUTS.identity, _INPUTS.url, _SCANS.profile, _SCANS.context)
    .join(InputRow.__table__, _INPUTS.id == _INCIDENTS.input_id)
    .join(ScanRow.__table__, _SCANS.id == _INCIDENTS.last_scan_id)
    .where(_INCIDENTS.id == bindparam("id"))
)
_ITS_EVENTS = (
    select(*(column for column in _EVENTS if column.name != "check_id"), _EVENTS.check_id.label("check"))
    .where(_EVENTS.incident_id == bindparam("id"), _EVENTS.scan_id == bindparam("scan"))
    .order_by(_EVENTS.start_s, _EVENTS.check_id, _EVENTS.stream, _EVENTS.id)
)
_ITS_VERDICTS = select(*_VERDICTS).where(_VERDICTS.incident_id == bindparam("id")).order_by(_VERDICTS.id)


def incident_of(session: Session, incident_id: str) -> StoredIncident:
    """The incident of exactly that id.

    Raises:
        NotFound: there is none.
    """
    connection, named = session.connection(), {"id": incident_id}
    row = connection.execute(_INCIDENT, named).first()
    if row is None:
        raise NotFound(f"no incident {clean(incident_id)!r} is stored")
    events = connection.execute(_ITS_EVENTS, {**named, "scan": row.last_scan_id}).all()
    verdicts = connection.execute(_ITS_VERDICTS, named).all()
    return assembled(row, row, row, events, verdicts)
