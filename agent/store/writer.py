"""Writes one assessment, inside the transaction of the session that it is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, selectinload

from agent.about import version
from agent.store.rows import event_values, incident_values, scan_values, verdict_values
from agent.store.tables import EventRow, IncidentRow, InputRow, ScanRow, VerdictRow
from agent.text import encodable
from agent.verdict import Assessment, Verdict
from pipeline.model import Coverage, CoverageStatus, Incident, ScanResult, ScanStatus, fingerprint

__all__ = ["Writer"]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes what one scan found: rows are added or brought up to date, none is deleted."""

    session: Session
    identity: str
    profile_name: str
    started_at: datetime
    now: datetime

    @classmethod
    def at_once(cls, session: Session, identity: str, profile_name: str, started_at: datetime) -> Writer:
        """A writer whose clock stands at this moment, so that all its rows agree."""
        return cls(session, encodable(identity), encodable(profile_name), started_at, datetime.now(UTC))

    def write(self, assessment: Assessment) -> None:
        """The input, the scan, its incidents with events and verdicts, and what is gone."""
        scan = assessment.scan
        input_id = self._input(scan)
        scan_id = self._scan(scan, input_id)
        for incident in scan.incidents:
            self._incident(incident, input_id, scan_id)
            self._events(incident, scan_id)
            verdict = assessment.verdicts.get(incident.id)
            if verdict is not None:
                self._verdict(incident.id, verdict, scan_id)
        if scan.status is ScanStatus.OK and not scan.interrupted:
            self._mark_gone(scan, input_id, scan_id)

    def _input(self, scan: ScanResult) -> str:
        """Add the input if it is new, and lock its row: scans of one input are written in turn."""
        input_id = fingerprint(self.identity)
        insert = postgresql.insert if self.session.get_bind().dialect.name == "postgresql" else sqlite.insert
        new = insert(InputRow).values(
            id=input_id,
            identity=self.identity,
            url=encodable(scan.url),
            first_seen_at=self.started_at,
            last_seen_at=self.started_at,
        )
        self.session.execute(new.on_conflict_do_nothing())
        row = self.session.scalars(select(InputRow).where(InputRow.id == input_id).with_for_update()).one()
        row.url = encodable(scan.url)
        row.last_seen_at = max(row.last_seen_at, self.started_at)
        return input_id

    def _scan(self, scan: ScanResult, input_id: str) -> int:
        row = ScanRow(
            input_id=input_id,
            profile=self.profile_name,
            version=version(),
            started_at=self.started_at,
            saved_at=self.now,
            **scan_values(scan),
        )
        self.session.add(row)
        self.session.flush()
        return row.id

    def _incident(self, incident: Incident, input_id: str, scan_id: int) -> None:
        values = {**incident_values(incident), "last_scan_id": scan_id, "gone_at": None}
        row = self.session.get(IncidentRow, incident.id)
        if row is None:
            row = IncidentRow(
                id=incident.id,
                input_id=input_id,
                first_scan_id=scan_id,
                first_seen_at=self.started_at,
                last_seen_at=self.started_at,
                **values,
            )
            self.session.add(row)
        else:
            row.last_seen_at = max(row.last_seen_at, self.started_at)
            _set(row, values)
        self.session.flush()

    def _events(self, incident: Incident, scan_id: int) -> None:
        known = select(EventRow).where(EventRow.incident_id == incident.id)
        rows = {row.id: row for row in self.session.scalars(known)}
        for event in incident.events:
            values = {**event_values(event), "scan_id": scan_id}
            if event.id in rows:
                _set(rows[event.id], values)
            else:
                self.session.add(EventRow(incident_id=incident.id, id=event.id, **values))

    def _verdict(self, incident_id: str, verdict: Verdict, scan_id: int) -> None:
        """Add a row only where the verdict differs from the one that holds."""
        values = verdict_values(verdict)
        theirs = select(VerdictRow).where(VerdictRow.incident_id == incident_id)
        latest = self.session.scalars(theirs.order_by(VerdictRow.id.desc()).limit(1)).first()
        if latest is None or any(getattr(latest, name) != value for name, value in values.items()):
            new = VerdictRow(incident_id=incident_id, scan_id=scan_id, judged_at=self.now, **values)
            self.session.add(new)

    def _mark_gone(self, scan: ScanResult, input_id: str, scan_id: int) -> None:
        """Mark what this scan would have found if it were still there.

        Another profile draws its lines elsewhere, and a check that could not look saw nothing:
        neither says that an incident is over.
        """
        standing = (
            select(IncidentRow)
            .join(IncidentRow.last_scan)
            .where(
                IncidentRow.input_id == input_id,
                IncidentRow.last_scan_id != scan_id,
                IncidentRow.gone_at.is_(None),
                ScanRow.profile == self.profile_name,
            )
            .options(selectinload(IncidentRow.events))
        )
        for row in self.session.scalars(standing):
            events = [event for event in row.events if event.scan_id == row.last_scan_id]
            if all(_could_look(scan.coverage, event) for event in events):
                row.gone_at = self.now


def _could_look(coverage: tuple[Coverage, ...], event: EventRow) -> bool:
    """Whether the check of the event looked at its stream, all through its time."""
    theirs = [c for c in coverage if c.check == event.check and c.stream in (event.stream, "*")]
    end_s = event.start_s if event.end_s is None else event.end_s
    overlap = [c for c in theirs if c.start_s <= end_s and (c.end_s is None or c.end_s >= event.start_s)]
    return bool(theirs) and all(c.status is not CoverageStatus.NOT_ASSESSABLE for c in overlap)


def _set(row: object, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
