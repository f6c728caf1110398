"""Tables in, events and coverage out: the checks of a profile, each lane with its Hold.

At the end each event is made as sure as what went on beside it allows (``corroborate``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pipeline.checks import CHECKS, Check
from pipeline.checks.contract import Conclusion, Finding, NotAssessable, Programme, StreamTotals
from pipeline.corroborate import corroborate
from pipeline.hold import Hold, Span
from pipeline.model import (
    Coverage,
    CoverageStatus,
    DefectEvent,
    EventState,
    Suppressed,
    Threshold,
    fingerprint,
)
from pipeline.planned import PlannedFinder, planned_coverage, suppress
from pipeline.profile import Profile
from pipeline.series import Kind, Table
from pipeline.series.onsets import OnsetCollector
from pipeline.timeline import TimelineKeeper

__all__ = ["Decider", "thresholds"]

_Key = tuple[str, str, str]
"""Check, stream, lane."""


@dataclass(slots=True)
class Decider:
    """Feeds tables to the checks of a profile; the same for a file, a replay and a live stream."""

    profile: Profile
    identity: str
    _holds: dict[_Key, Hold] = field(default_factory=dict)
    _events: list[DefectEvent] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _onsets: OnsetCollector = field(default_factory=OnsetCollector)
    _readers: dict[Kind, list[Check]] = field(default_factory=dict)
    suppressed: tuple[Suppressed, ...] = ()
    _beside: TimelineKeeper = field(default_factory=TimelineKeeper)
    _planned: PlannedFinder = field(init=False)

    def __post_init__(self) -> None:
        self._planned = PlannedFinder(self.profile.planned)
        for kind in Kind:
            self._readers[kind] = [
                check for check in CHECKS.values() if kind in check.reads and self.profile[check.id].enabled
            ]

    def feed(self, table: Table) -> None:
        """Give every check that reads such tables this one."""
        self._onsets.feed(table)
        if not table.view:
            self._beside.feed(table)
            self._planned.feed(table)
        for check in self._readers[table.kind]:
            if table.kind is Kind.PICTURES and table.view != self.profile.view_of(check.id):
                continue
            settings = self.profile[check.id]
            for lane in check.lanes(table, settings) if check.lanes else ():
                key = (check.id, table.stream.id, lane.name)
                if key not in self._holds:
                    self._holds[key] = Hold(settings.min_s, settings.recover_s, settings.merge_s)
                self._record(key, self._holds[key].feed(lane))

    def finish(self, programme: Programme) -> tuple[tuple[DefectEvent, ...], tuple[Coverage, ...]]:
        """All events in order of time, and what can be said of every check and stream.

        What planned content explains is in ``suppressed`` then, and not among the events.
        """
        for key, hold in self._holds.items():
            self._record(key, hold.finish(key[2]))
        programme = replace(programme, onsets=self._onsets.onsets())
        skipped: dict[tuple[str, str], str] = {}
        for check in CHECKS.values():
            if check.conclude is None or not self.profile[check.id].enabled:
                continue
            for item in check.conclude(programme, self.profile[check.id]):
                if isinstance(item, NotAssessable):
                    skipped[check.id, item.stream] = item.reason
                else:
                    self._conclude(check, item)
        ordered = sorted(self._events, key=lambda e: (e.start_s, e.check, e.stream, e.id))
        weighed = corroborate(ordered, self._beside.timeline())
        events, self.suppressed = suppress(weighed, self._planned.spans())
        self._events = list(events)
        coverage = tuple(row for check in CHECKS.values() for row in self._cover(check, programme, skipped))
        return events, coverage + planned_coverage(self.suppressed)

    def _record(self, key: _Key, spans: list[Span]) -> None:
        check = CHECKS[key[0]]
        for span in spans:
            finding = check.describe(span, self.profile[check.id]) if check.describe else None
            if finding is not None:
                self._add(check, key[1], key[2], span.start_s, span.end_s, finding)

    def _conclude(self, check: Check, item: Conclusion) -> None:
        self._add(check, item.stream, item.name, item.start_s, item.end_s, item.finding)

    def _add(
        self, check: Check, stream: str, lane: str, start_s: float, end_s: float, finding: Finding
    ) -> None:
        start_s = max(start_s, 0.0)
        # A tenth of a second, so that a re-encode keeps the id; finer where that would be taken twice.
        names = (fingerprint(self.identity, check.id, stream, lane, f"{start_s:.{n}f}") for n in (1, 3, 6))
        event_id = next((name for name in names if name not in self._ids), None)
        if event_id is None:
            return
        self._ids.add(event_id)
        region = self.profile.regions.get(check.id)
        event = DefectEvent(
            id=event_id,
            check=check.id,
            stream=stream,
            start_s=round(start_s, 6),
            end_s=round(max(end_s, start_s), 6),
            state=EventState.RESOLVED,
            value=round(finding.value, 4) if math.isfinite(finding.value) else 0.0,
            unit=check.unit,
            confidence=round(finding.confidence, 3),
            evidence={**finding.evidence, "region": str(region)} if region else finding.evidence,
        )
        self._events.append(event)

    def _cover(
        self, check: Check, programme: Programme, skipped: dict[tuple[str, str], str]
    ) -> Iterator[Coverage]:
        end_s = programme.end_s
        failed = {event.stream for event in self._events if event.check == check.id}
        if not self.profile[check.id].enabled:
            yield _blind(check.id, "*", "turned off in the profile", end_s)
            return
        if check.needs == ("media",):
            yield self._judge(check, "*", bool(failed), skipped.get((check.id, "*")), end_s)
            return
        streams = [t for t in programme.streams if ("video" if t.info.is_video else "audio") in check.needs]
        if not streams:
            yield _blind(check.id, "*", f"there is no {' or '.join(check.needs)} track", end_s)
        for totals in streams:
            stream = totals.info.id
            reason = skipped.get((check.id, stream)) or self._unfit(check, totals)
            yield self._judge(check, stream, stream in failed, reason, end_s)

    def _unfit(self, check: Check, totals: StreamTotals) -> str | None:
        if totals.rows == 0:
            return f"no {'picture' if totals.info.is_video else 'sound'} could be decoded"
        min_s = self.profile[check.id].min_s
        length_s = (totals.end_s or 0.0) - (totals.first_s or 0.0)
        if length_s < min_s:
            return f"the track is shorter than the {min_s:g} s that make a defect"
        return check.unfit(totals.info) if check.unfit else None

    def _judge(self, check: Check, stream: str, failed: bool, reason: str | None, end_s: float) -> Coverage:
        if failed:
            return Coverage(check.id, stream, CoverageStatus.FAILED, None, 0.0, end_s)
        if reason is not None:
            return _blind(check.id, stream, reason, end_s)
        return Coverage(check.id, stream, CoverageStatus.CLEAN, None, 0.0, end_s)


def _blind(check: str, stream: str, reason: str, end_s: float) -> Coverage:
    return Coverage(check, stream, CoverageStatus.NOT_ASSESSABLE, reason, 0.0, end_s)


def thresholds(profile: Profile) -> tuple[Threshold, ...]:
    """The lines that the profile's checks draw on columns."""
    return tuple(
        Threshold(check.id, line.column, line.level(profile[check.id]), line.bad)
        for check in CHECKS.values()
        for line in check.lines
        if profile[check.id].enabled
    )
