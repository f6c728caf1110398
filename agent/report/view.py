"""What the HTML report shows of an assessment: chosen, placed and counted; no markup here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.report.filmstrips import MAX_STRIPS, Filmstrip, worst_first
from agent.report.plots import Plot, Tick, plot, sparkline, time_ticks
from agent.report.words import duration, figure, humanize, listing, plural, split_unit, timecode
from agent.verdict import Assessment, Severity, Verdict
from pipeline.model import Coverage, CoverageStatus, Incident, ScanResult, ScanStatus, Signal, Threshold

__all__ = ["MAX_CARDS", "Card", "InputView", "Lane", "Mark", "Outcome", "outcome_of_all", "view"]

MAX_CARDS = 150
"""Incidents of one input that get a card; the others get a line in a table."""

MAX_MARKS = 250
"""Marks of one lane; with more, those that touch on paper become one."""

MAX_PLOTS = 8
"""Signals that one card plots."""

NEAR_PERCENT = 0.15
FIRST_IS = "; the first is "
MARGIN_S = 2.0
MARGIN_BUCKETS = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an input, or all of them, came out: ``kind`` is a severity, ``clean`` or ``blind``."""

    kind: str
    headline: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the timeline, in percent of the programme; ``anchor`` is that of its incident."""

    left: float
    width: float
    severity: str
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the timeline; ``trace`` is the path of its signal, or empty."""

    name: str
    stream: str
    marks: tuple[Mark, ...]
    trace: str
    trace_name: str


@dataclass(frozen=True, slots=True)
class Card:
    """One incident with all that is known of it."""

    anchor: str
    incident: Incident
    verdict: Verdict | None
    severity: str
    length: str
    plots: tuple[Plot, ...]
    strip: Filmstrip | None


@dataclass(frozen=True, slots=True)
class InputView:
    """One input of the report."""

    anchor: str
    scan: ScanResult
    outcome: Outcome
    counts: Mapping[str, int]
    lanes: tuple[Lane, ...]
    quiet_lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    cards: tuple[Card, ...]
    others: tuple[Card, ...]
    coverage: Mapping[str, tuple[Coverage, ...]]
    coverage_counts: Mapping[str, int]
    strips_note: str


def view(assessment: Assessment, filmstrips: Mapping[str, Filmstrip], number: int) -> InputView:
    """``number`` counts the inputs from 1 and keeps their anchors apart."""
    scan, verdicts = assessment.scan, assessment.verdicts
    ranked = worst_first(assessment)
    end_s = _end_s(scan)
    anchors = {incident.id: _anchor(number, incident.id) for incident in ranked}
    severities = {incident.id: _severity(verdicts.get(incident.id)) for incident in ranked}
    cards = [
        Card(
            anchor=anchors[incident.id],
            incident=incident,
            verdict=verdicts.get(incident.id),
            severity=severities[incident.id],
            length=_length(incident),
            plots=tuple(_plots(scan, incident, end_s)) if place < MAX_STRIPS else (),
            strip=filmstrips.get(incident.id),
        )
        for place, incident in enumerate(ranked)
    ]
    return InputView(
        anchor=f"input-{number}",
        scan=scan,
        outcome=_outcome(scan, list(severities.values())),
        counts={name: list(severities.values()).count(name) for name in (*Severity, "unjudged")},
        lanes=tuple(_lanes(scan, ranked, severities, anchors, end_s)),
        quiet_lanes=tuple(_quiet_lanes(scan, end_s)),
        ticks=time_ticks(0.0, end_s, 8),
        cards=tuple(cards[:MAX_CARDS]),
        others=tuple(cards[MAX_CARDS:]),
        coverage=_coverage(scan.coverage),
        coverage_counts=_tally(scan.coverage),
        strips_note=_strips_note(scan, cards),
    )


def outcome_of_all(inputs: Sequence[InputView]) -> Outcome:
    """The worst of the outcomes, with what all of them add up to."""
    if len(inputs) == 1:
        return inputs[0].outcome
    order = [*Severity, "blind", "clean"]
    worst = min((item.outcome.kind for item in inputs), key=order.index, default="clean")
    counts = {name: sum(item.counts[name] for item in inputs) for name in (*Severity, "unjudged")}
    kinds = [item.outcome.kind for item in inputs]
    clean, blind = kinds.count("clean"), kinds.count("blind")
    tally = {"clean": clean, "with incidents": len(inputs) - clean - blind, "could not be assessed": blind}
    parts = [f"{count} {what}" for what, count in tally.items() if count]
    headline = _incidents_headline(counts) if any(counts.values()) else "Nothing found"
    if not any(counts.values()) and blind:
        headline = f"{plural(blind, 'input')} could not be assessed"
    return Outcome(worst, headline, f"{plural(len(inputs), 'input')}: {listing(parts)}")


def _outcome(scan: ScanResult, severities: Sequence[str]) -> Outcome:
    if scan.status is ScanStatus.NOT_ASSESSABLE:
        return Outcome("blind", "Could not be assessed", scan.error or "no reason is known")
    tally = _tally(scan.coverage)
    looked = sum(tally.values()) - tally[CoverageStatus.NOT_ASSESSABLE]
    detail = (
        f"{tally[CoverageStatus.CLEAN]} of {plural(looked, 'check')} clean over {duration(scan.covered_s)}"
    )
    if tally[CoverageStatus.NOT_ASSESSABLE]:
        detail += f"; {tally[CoverageStatus.NOT_ASSESSABLE]} could not look"
    if not severities:
        return Outcome("clean", "Nothing found", detail)
    counts = {name: severities.count(name) for name in (*Severity, "unjudged")}
    worst = next((name for name in Severity if counts[name]), Severity.CRITICAL)
    return Outcome(worst, _incidents_headline(counts), detail)


def _incidents_headline(counts: Mapping[str, int]) -> str:
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return f"{plural(sum(counts.values()), 'incident')}: {listing(parts)}"


def _severity(verdict: Verdict | None) -> str:
    return "unjudged" if verdict is None else verdict.severity.value


def _anchor(number: int, incident_id: str) -> str:
    return f"i{number}-{re.sub(r'[^A-Za-z0-9_-]', '-', incident_id)}"


def _length(incident: Incident) -> str:
    return "ongoing" if incident.end_s is None else duration(incident.end_s - incident.start_s)


def _end_s(scan: ScanResult) -> float:
    """Where the programme ends on the timeline: the latest time that anything speaks of."""
    times = [scan.covered_s, (scan.media.duration_s if scan.media else None) or 0.0]
    times += [event.end_s or event.start_s for event in scan.events]
    return max(times)


def _lanes(
    scan: ScanResult,
    ranked: Sequence[Incident],
    severities: Mapping[str, str],
    anchors: Mapping[str, str],
    end_s: float,
) -> Iterator[Lane]:
    """The incidents, then each check and stream with its events."""
    if end_s <= 0 or not ranked:
        return
    whole: list[tuple[float, float | None, str, str, str]] = []
    rows: dict[tuple[str, str], list[tuple[float, float | None, str, str, str]]] = {}
    for incident in ranked:
        kind, anchor = severities[incident.id], anchors[incident.id]
        told = f"{kind}: {humanize(incident.cause)}"
        whole.append((incident.start_s, incident.end_s, kind, told, anchor))
        for event in incident.events:
            told = f"{kind}: {humanize(event.check)} {event.stream}, {figure(event.value)} {event.unit}"
            row = rows.setdefault((event.check, event.stream), [])
            row.append((event.start_s, event.end_s, kind, told, anchor))
    yield Lane("incidents", "", tuple(_marks(whole, end_s)), "", "")
    for (check, stream), found in sorted(rows.items(), key=lambda item: min(item[1])[0]):
        trace, name = _trace(scan, check, stream, end_s)
        yield Lane(check, stream, tuple(_marks(found, end_s)), trace, name)


def _marks(found: Iterable[tuple[float, float | None, str, str, str]], end_s: float) -> list[Mark]:
    """Marks in order of time; where there are very many, neighbours of one severity merge."""
    marks: list[Mark] = []
    intervals = sorted(found)
    crowded = len(intervals) > MAX_MARKS
    merged = 1
    for start_s, finish_s, kind, told, anchor in intervals:
        last_s = end_s if finish_s is None else finish_s
        left, right = 100 * start_s / end_s, 100 * min(last_s, end_s) / end_s
        before = marks[-1] if marks else None
        near = before and left <= before.left + before.width + NEAR_PERCENT
        if crowded and before and near and before.severity == kind:
            merged += 1
            width = max(right, before.left + before.width) - before.left
            first = before.title.split(FIRST_IS)[-1]
            title = f"{merged} in a row, up to {timecode(last_s)}{FIRST_IS}{first}"
            marks[-1] = Mark(before.left, round(width, 3), kind, title, before.anchor)
            continue
        merged = 1
        title = f"{told}, {timecode(start_s)} to {timecode(finish_s)}"
        marks.append(Mark(round(left, 3), round(max(right - left, 0.0), 3), kind, title, anchor))
    return marks


def _quiet_lanes(scan: ScanResult, end_s: float) -> Iterator[Lane]:
    """Checks that looked and found nothing, where there is a signal to show for it."""
    seen: set[tuple[str, str]] = set()
    for row in scan.coverage:
        if row.status is not CoverageStatus.CLEAN:
            continue
        trace, name = _trace(scan, row.check, row.stream, end_s)
        if trace and (row.check, row.stream) not in seen:
            seen.add((row.check, row.stream))
            yield Lane(row.check, row.stream, (), trace, name)


def _trace(scan: ScanResult, check: str, stream: str, end_s: float) -> tuple[str, str]:
    """Path and name of the first signal of a check on a stream."""
    for signal, _ in _signals(scan, check, stream):
        path = sparkline(signal, end_s)
        if path:
            return path, f"{split_unit(signal.column)[0]}, {signal.unit}"
    return "", ""


def _signals(scan: ScanResult, check: str, stream: str) -> Iterator[tuple[Signal, Threshold]]:
    """The signals that a check judges on a stream, each with the check's limit on it."""
    for limit in scan.thresholds:
        if limit.check == check:
            for signal in scan.signals:
                if signal.column == limit.column and (stream == "*" or signal.stream in (stream, "*")):
                    yield signal, limit


def _plots(scan: ScanResult, incident: Incident, end_s: float) -> Iterator[Plot]:
    """The signals behind an incident's events, around it, with all limits of its checks on them."""
    signals: dict[tuple[str, str], Signal] = {}
    limits: dict[tuple[str, str], dict[str, Threshold]] = {}
    shades: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for event in incident.events:
        for signal, limit in _signals(scan, event.check, event.stream):
            key = (signal.stream, signal.column)
            signals[key] = signal
            limits.setdefault(key, {})[f"{limit.check} {limit.level} {limit.bad}"] = limit
            shades.setdefault(key, []).append((event.start_s, event.end_s or end_s))
    for key, signal in list(signals.items())[:MAX_PLOTS]:
        window_s = _window(incident, signal, end_s)
        drawn = plot(signal, list(limits[key].values()), window_s, sorted(set(shades[key])))
        if drawn is not None:
            yield drawn


def _window(incident: Incident, signal: Signal, end_s: float) -> tuple[float, float]:
    """An incident with room on both sides: half its length, two seconds, or some buckets."""
    last_s = end_s if incident.end_s is None else incident.end_s
    buckets = max(1, signal.time_s.size - 1)
    bucket_s = float(signal.time_s[-1] - signal.time_s[0]) / buckets if signal.time_s.size else 0.0
    margin_s = max(MARGIN_S, (last_s - incident.start_s) / 2, MARGIN_BUCKETS * bucket_s)
    return max(0.0, incident.start_s - margin_s), min(end_s, last_s + margin_s)


def _coverage(rows: Sequence[Coverage]) -> dict[str, tuple[Coverage, ...]]:
    """Check -> its rows, failed checks first, then those that could not look."""
    order = [CoverageStatus.FAILED, CoverageStatus.NOT_ASSESSABLE, CoverageStatus.CLEAN]
    grouped: dict[str, list[Coverage]] = {}
    for row in sorted(rows, key=lambda row: order.index(row.status)):
        grouped.setdefault(row.check, []).append(row)
    return {check: tuple(sorted(found, key=lambda row: row.stream)) for check, found in grouped.items()}


def _tally(rows: Sequence[Coverage]) -> dict[str, int]:
    """Checks by status: failed where any stream failed, not assessable where no stream could be seen."""
    seen: dict[str, set[CoverageStatus]] = {}
    for row in rows:
        seen.setdefault(row.check, set()).add(row.status)
    order = (CoverageStatus.FAILED, CoverageStatus.CLEAN, CoverageStatus.NOT_ASSESSABLE)
    worst = [next(status for status in order if status in found) for found in seen.values()]
    return {status: worst.count(status) for status in order}


def _strips_note(scan: ScanResult, cards: Sequence[Card]) -> str:
    """Why incidents of an input with video have no pictures."""
    has_video = scan.media is not None and any(stream.is_video for stream in scan.media.streams)
    shown = sum(card.strip is not None for card in cards)
    if not has_video or not cards or shown == len(cards):
        return ""
    if len(cards) > MAX_STRIPS and shown:
        return f"Pictures and plots are shown for the {MAX_STRIPS} most severe of {len(cards)} incidents."
    return f"Pictures could be had for {shown} of {plural(len(cards), 'incident')}."
