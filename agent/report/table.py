"""Results on a terminal: one table of incidents an input, then what else there is to say of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.report.words import humanize, plural, timecode
from agent.verdict import Assessment, Severity, Verdict
from pipeline.model import (
    Coverage,
    CoverageStatus,
    DefectEvent,
    Incident,
    Loudness,
    MediaInfo,
    Mode,
    ScanResult,
    ScanStatus,
    StreamInfo,
    Suppressed,
)
from pipeline.text import clean

__all__ = [
    "SEVERITY_STYLES",
    "SHORT_ID",
    "assessment_view",
    "event_table",
    "facts_grid",
    "safe",
    "span_cell",
    "verdict_cell",
]

SEVERITY_STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.MAJOR: "bold red",
    Severity.MINOR: "yellow",
    Severity.INFO: "cyan",
}

SHORT_ID = 8
"""Digits of an id on a terminal: 'vidette incidents show' takes any unique beginning."""

CELL_LIMIT = 2000
MAX_SUPPRESSED = 10
MAX_REASONS = 4
"""Reasons of one incident on a terminal; the JSON and HTML reports have all."""


def safe(text: str, style: str = "") -> Text:
    """Text from outside, in which neither rich's markup nor a terminal's codes mean anything."""
    return Text(clean(text, CELL_LIMIT), style)


def assessment_view(assessment: Assessment, *, model: str = "") -> RenderableType:
    """Everything about one input; ``model`` says which backend judged."""
    scan = assessment.scan
    heading = safe(scan.url, "bold")
    if scan.media is not None:
        heading.append("\n").append_text(safe(_media(scan.media), "dim"))
    if scan.status is ScanStatus.NOT_ASSESSABLE:
        told = safe(scan.error or "the input could not be assessed", "bold red")
        return Group(heading, facts_grid([("Not assessable", told)]), Text())
    facts = facts_grid(_facts(assessment, model))
    if not scan.incidents:
        return Group(heading, facts, Text())
    return Group(heading, _incident_table(scan.incidents, assessment), facts, Text())


def facts_grid(facts: Iterable[tuple[str, Text]]) -> Table:
    """Names and what is to be said under each, side by side."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(name, value)
    return grid


def event_table(events: Sequence[DefectEvent]) -> Table:
    """Events with their figures."""
    table = Table(box=ROUNDED)
    table.add_column("Check", no_wrap=True)
    table.add_column("Stream", no_wrap=True)
    table.add_column("From, to", no_wrap=True)
    table.add_column("Value")
    table.add_column("Confidence", justify="right")
    for event in events:
        value = safe(f"{event.value:.6g} {event.unit}")
        confidence = f"{event.confidence:.0%}"
        table.add_row(safe(event.check), safe(event.stream), span_cell(event), value, confidence)
    return table


def span_cell(item: Incident | DefectEvent) -> Text:
    """Start and end, one above the other."""
    return Text(f"{_ascii(timecode(item.start_s))}\n{_ascii(timecode(item.end_s))}")


def verdict_cell(verdict: Verdict | None) -> Text:
    """The severity, so that the eye finds the worst."""
    if verdict is None:
        return Text("not judged", "dim")
    return Text(verdict.severity.value, SEVERITY_STYLES[verdict.severity])


def _incident_table(incidents: Sequence[Incident], assessment: Assessment) -> Table:
    table = Table(box=ROUNDED, show_lines=True)
    table.add_column("Severity", no_wrap=True)
    table.add_column("From, to", no_wrap=True)
    table.add_column("Incident", ratio=3, overflow="fold")
    table.add_column("Next", ratio=1, overflow="fold")
    for incident in incidents:
        verdict = assessment.verdicts.get(incident.id)
        table.add_row(
            verdict_cell(verdict), span_cell(incident), _told(incident, verdict), _next_step(verdict)
        )
    return table


def _told(incident: Incident, verdict: Verdict | None) -> Text:
    """Title and summary, then what the incident is made of and why that is its cause."""
    told = Text()
    if verdict is not None:
        told.append_text(safe(verdict.title, "bold")).append("\n")
        told.append_text(safe(verdict.summary)).append("\n")
    made_of = ", ".join(sorted({f"{event.check} {event.stream}" for event in incident.events}))
    cause = humanize((verdict.cause if verdict else incident.cause).value)
    told.append_text(safe(f"{cause}: {made_of}; id {incident.id[:SHORT_ID]}", "dim"))
    for reason in incident.reasons[:MAX_REASONS]:
        told.append("\n").append_text(safe(f"- {reason}", "dim"))
    return told


def _next_step(verdict: Verdict | None) -> Text:
    if verdict is None:
        return Text()
    step = Text(humanize(verdict.action.value))
    step.append(f"\n{humanize(verdict.route.value)}", "dim")
    return step.append(f"\n{humanize(verdict.intent.value)}, {verdict.confidence:.0%}", "dim")


def _facts(assessment: Assessment, model: str) -> list[tuple[str, Text]]:
    scan = assessment.scan
    facts: list[tuple[str, Text]] = []
    if scan.interrupted:
        facts.append(("Interrupted", Text(_covered(scan), "bold yellow")))
    if scan.mode is Mode.PATROL:
        facts.append(("Mode", Text("patrol: key frames, and all pictures around what is odd", "yellow")))
    if not scan.incidents:
        facts.append(("Incidents", Text("none", "green")))
    if scan.suppressed:
        facts.append(("Suppressed", _suppressed(scan.suppressed)))
    facts.append(("Coverage", _coverage(scan.coverage)))
    if scan.loudness:
        facts.append(("Loudness", Text("\n".join(_loudness(item) for item in scan.loudness))))
    if scan.timing is not None:
        timing = scan.timing
        pace = f"{timing.realtime_factor:.1f} times real time"
        facts.append(("Scan", Text(f"{scan.covered_s:.1f} s in {timing.wall_s:.1f} s ({pace})")))
        if model:
            facts.append(("Triage", safe(f"{model}, {timing.triage_s:.1f} s")))
    return facts


def _suppressed(items: Sequence[Suppressed]) -> Text:
    """What was found and is meant to be there, by reason."""
    text = Text(plural(len(items), "event"))
    ordered = sorted(items, key=lambda item: (item.event.start_s, item.reason))
    for item in ordered[:MAX_SUPPRESSED]:
        event = item.event
        span = f"{_ascii(timecode(event.start_s))} to {_ascii(timecode(event.end_s))}"
        told = f"{event.check} {event.stream}, {span}: {item.reason}"
        text.append("\n").append_text(safe(told, "dim"))
    if len(items) > MAX_SUPPRESSED:
        text.append(f"\n{len(items) - MAX_SUPPRESSED} more are in the JSON report", "dim")
    return text


def _covered(scan: ScanResult) -> str:
    declared_s = scan.media.duration_s if scan.media else None
    whole = f" of {declared_s:.1f} s" if declared_s is not None else ""
    return f"covers 0-{scan.covered_s:.1f} s{whole}; nothing is known of the rest"


def _coverage(coverage: Sequence[Coverage]) -> Text:
    """How much was looked at: what failed by name, what could not look by reason."""
    by_status = {status: [c for c in coverage if c.status is status] for status in CoverageStatus}
    blind = by_status[CoverageStatus.NOT_ASSESSABLE]
    failed = _unique(f"{c.check} {c.stream}" for c in by_status[CoverageStatus.FAILED])
    text = Text(f"{len(by_status[CoverageStatus.CLEAN])} clean")
    text.append(f", {len(failed)} failed").append_text(safe(f": {', '.join(failed)}" if failed else ""))
    text.append(f", {len(blind)} not assessable")
    ordered = sorted(blind, key=lambda item: item.reason or "")
    for reason, group in groupby(ordered, key=lambda item: item.reason or "no reason given"):
        text.append("\n").append_text(
            safe(f"{reason}: {', '.join(_unique(_named(item) for item in group))}", "dim")
        )
    return text


def _named(item: Coverage) -> str:
    return item.check if item.stream == "*" else f"{item.check} {item.stream}"


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _loudness(item: Loudness) -> str:
    figures = (
        ("integrated", item.integrated_lufs, "LUFS"),
        ("range", item.range_lu, "LU"),
        ("true peak", item.true_peak_dbtp, "dBTP"),
    )
    told = [f"{name} {value:.1f} {unit}" for name, value, unit in figures if value is not None]
    return f"{item.stream} {', '.join(told) or 'too quiet to measure'}"


def _media(media: MediaInfo) -> str:
    length = "length unknown" if media.duration_s is None else f"{media.duration_s:.1f} s"
    return "; ".join([f"{media.format}, {length}", *(_stream(stream) for stream in media.streams)])


def _stream(stream: StreamInfo) -> str:
    if stream.is_video:
        rate = "" if stream.frame_rate is None else f" {stream.frame_rate:.5g} fps"
        return f"{stream.id} {stream.codec} {stream.width}x{stream.height}{rate}"
    rate = "" if stream.sample_rate_hz is None else f" {stream.sample_rate_hz / 1000:g} kHz"
    return f"{stream.id} {stream.codec} {stream.channel_layout or stream.channels}{rate}"


def _ascii(time: str) -> str:
    """A minus sign that every terminal has."""
    return time.replace("\N{MINUS SIGN}", "-")
