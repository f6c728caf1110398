"""Writes one assessment, inside the transaction of the session that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, selectinload

from agent.about import version
from agent.calls import ModelCall
from agent.context import Context
from agent.context_table import context_table
from agent.store.changes import ChangeKind, record_change
from agent.store.evidence import keep_model_call
from agent.store.life import Status, is_false_alarm, reopen_row, resolve_row
from agent.store.rows import event_values, incident_values, plain, scan_values, verdict_values
from agent.store.tables import EventRow, IncidentRow, InputRow, ScanRow, SuppressedRow, VerdictRow
from agent.store.tables_service import JobRow
from agent.text import encodable
from agent.verdict import Assessment, Verdict
from pipeline.model import Coverage, CoverageStatus, Incident, ScanResult, ScanStatus, fingerprint

__all__ = ["Writer"]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes what one scan found: rows are added or brought up to date, none is deleted.

    ``labels`` go with the incidents; ``job_id`` is the job that asked for the scan. With ``first`` the
    verdicts are those that go out before a model is asked: one that says again what its author said last is
    not a change of mind, even if another has spoken since.
    """

    session: Session
    identity: str
    profile_name: str
    started_at: datetime
    now: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    job_id: str | None = None
    first: bool = False

    @classmethod
    def at_once(
        cls,
        session: Session,
        identity: str,
        profile_name: str,
        started_at: datetime,
        *,
        labels: Mapping[str, str] | None = None,
        job_id: str | None = None,
        first: bool = False,
    ) -> Writer:
        """A writer whose clock stands at this moment, so that all its rows agree."""
        return cls(
            session,
            encodable(identity),
            encodable(profile_name),
            started_at,
            datetime.now(UTC),
            labels or {},
            job_id,
            first,
        )

    def write(self, assessment: Assessment) -> int:
        """The input, the scan, its incidents with events and verdicts, and what is gone; the scan's id."""
        scan = assessment.scan
        input_id = self._input(scan)
        scan_id = self._scan(scan, input_id, assessment.context)
        self._suppressed(scan, scan_id)
        earlier = self._earlier()
        if self.job_id is not None:
            self.session.execute(update(JobRow).where(JobRow.id == self.job_id).values(scan_id=scan_id))
        for incident in scan.incidents:
            row, before = self._incident(incident, input_id, scan_id, earlier)
            changed = self._events(incident, scan_id)
            verdict = assessment.verdicts.get(incident.id)
            judged = verdict is not None and self._verdict(row, verdict, scan_id)
            self._tell(row, before, changed, judged, scan)
        self.calls(assessment.calls, scan_id)
        if scan.status is ScanStatus.OK and not scan.interrupted:
            self._mark_gone(scan, input_id, scan_id)
        return scan_id

    def calls(self, calls: Iterable[ModelCall], scan_id: int) -> None:
        """What models were asked about incidents that are stored."""
        for call in calls:
            keep_model_call(
                self.session,
                call.at,
                incident_id=call.incident,
                scan_id=scan_id,
                backend=call.backend,
                model=call.model,
                prompt=call.prompt,
                latency_s=call.latency_s,
                outcome=call.outcome.value,
                tokens_in=call.tokens_in,
                tokens_out=call.tokens_out,
                repaired=call.repaired,
                detail=call.detail,
            )

    def judge(self, scan_id: int, verdicts: Mapping[str, Verdict]) -> None:
        """Later verdicts on incidents of a scan that is stored."""
        for incident_id, verdict in verdicts.items():
            row = self.session.get(IncidentRow, incident_id, with_for_update=True)
            if row is not None and self._verdict(row, verdict, scan_id):
                self._record(row, ChangeKind.INCIDENT_JUDGED, title=verdict.title, by=verdict.model)

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

    def _scan(self, scan: ScanResult, input_id: str, context: Context) -> int:
        row = ScanRow(
            input_id=input_id,
            profile=self.profile_name,
            version=version(),
            started_at=self.started_at,
            saved_at=self.now,
            context=plain(context_table(context)) or None,
            **scan_values(scan),
        )
        self.session.add(row)
        self.session.flush()
        return row.id

    def _earlier(self) -> int | None:
        """The scan that an earlier attempt of the same job stored, before its worker died."""
        row = None if self.job_id is None else self.session.get(JobRow, self.job_id)
        return None if row is None else row.scan_id

    def _suppressed(self, scan: ScanResult, scan_id: int) -> None:
        for item in scan.suppressed:
            values = {**event_values(item.event), "event_id": item.event.id}
            told = {"kind": item.kind, "reason": encodable(item.reason)}
            self.session.add(SuppressedRow(scan_id=scan_id, **told, **values))

    def _incident(
        self, incident: Incident, input_id: str, scan_id: int, earlier: int | None
    ) -> tuple[IncidentRow, _Before | None]:
        """The row, and what it was before; None for one that is new."""
        values = {**incident_values(incident), "last_scan_id": scan_id}
        if self.labels:
            values["labels"] = plain(self.labels)
        row = self.session.get(IncidentRow, incident.id, with_for_update=True)
        before = None
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
            again = earlier is not None and row.last_scan_id == earlier
            before = _Before(row.cause, row.start_s, row.end_s, row.state, row.gone_at is not None, again)
            row.last_seen_at = max(row.last_seen_at, self.started_at)
            _set(row, values)
            row.gone_at = None
        self.session.flush()
        return row, before

    def _events(self, incident: Incident, scan_id: int) -> bool:
        """Bring the events up to date; whether others make the incident than before."""
        known = select(EventRow).where(EventRow.incident_id == incident.id)
        rows = {row.id: row for row in self.session.scalars(known)}
        for event in incident.events:
            values = {**event_values(event), "scan_id": scan_id}
            if event.id in rows:
                _set(rows[event.id], values)
            else:
                self.session.add(EventRow(incident_id=incident.id, id=event.id, **values))
        return not {event.id for event in incident.events} <= rows.keys()

    def _verdict(self, row: IncidentRow, verdict: Verdict, scan_id: int) -> bool:
        """Add a verdict only where it differs from the one that holds; whether it did."""
        values = verdict_values(verdict)
        theirs = select(VerdictRow).where(VerdictRow.incident_id == row.id)
        if self.first:
            theirs = theirs.where(VerdictRow.model == values["model"])
        latest = self.session.scalars(theirs.order_by(VerdictRow.id.desc()).limit(1)).first()
        if latest is not None and all(getattr(latest, name) == value for name, value in values.items()):
            return False
        new = VerdictRow(incident_id=row.id, scan_id=scan_id, judged_at=self.now, **values)
        self.session.add(new)
        row.severity, row.severity_rank = verdict.severity.value, verdict.severity.rank
        return True

    def _tell(
        self, row: IncidentRow, before: _Before | None, events: bool, judged: bool, scan: ScanResult
    ) -> None:
        """Record what became of an incident in this scan, as one change."""
        told = {"cause": row.cause, "url": encodable(scan.url), "start_s": row.start_s, "end_s": row.end_s}
        if before is None:
            self._record(row, ChangeKind.INCIDENT_OPENED, **told)
        elif self._is_back(row, before):
            reopen_row(row)
            self._record(row, ChangeKind.INCIDENT_REOPENED, **told)
        elif judged:
            self._record(row, ChangeKind.INCIDENT_JUDGED, **told)
        elif events or before != _Before(row.cause, row.start_s, row.end_s, row.state, False, before.again):
            self._record(row, ChangeKind.INCIDENT_UPDATED, **told)

    def _is_back(self, row: IncidentRow, before: _Before) -> bool:
        """Whether what was resolved is there again. A second attempt of the same job finds nothing new."""
        if row.status != Status.RESOLVED or before.again:
            return False
        return not is_false_alarm(self.session, row.id, row.severity_rank)

    def _record(self, row: IncidentRow, kind: ChangeKind, **data: object) -> None:
        if kind is not ChangeKind.INCIDENT_OPENED:
            row.revision += 1
        told = {"status": row.status, "severity": row.severity, **data}
        record_change(self.session, kind, at=self.now, incident_id=row.id, job_id=self.job_id, data=told)

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
                if row.status != Status.RESOLVED:
                    resolve_row(row, "scan", self.now)
                    self._record(row, ChangeKind.INCIDENT_RESOLVED, note="a later scan found it no more")


@dataclass(frozen=True, slots=True)
class _Before:
    """What an incident was before this scan; ``again`` where an earlier attempt of the same job found it."""

    cause: str
    start_s: float
    end_s: float | None
    state: str
    gone: bool
    again: bool


def _could_look(coverage: tuple[Coverage, ...], event: EventRow) -> bool:
    """Whether the check of the event looked at its stream, all through its time."""
    theirs = [c for c in coverage if c.check == event.check and c.stream in (event.stream, "*")]
    end_s = event.start_s if event.end_s is None else event.end_s
    overlap = [c for c in theirs if c.start_s <= end_s and (c.end_s is None or c.end_s >= event.start_s)]
    return bool(theirs) and all(c.status is not CoverageStatus.NOT_ASSESSABLE for c in overlap)


def _set(row: object, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
