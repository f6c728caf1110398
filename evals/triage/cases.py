"""The cases of the triage suites: TOML families, read into incidents with context and the right answer.

The incident of a case is made by the real ``correlate`` from the events that it lists, so that its cause
is what vidette would say. evals/cases/README.md tells how a case is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.context import Context
from agent.context_file import read_context
from agent.triage.reading import Reading
from agent.verdict import Intent, Route, Severity
from pipeline.checks import CHECKS
from pipeline.correlate import correlate
from pipeline.model import (
    Cause,
    DefectEvent,
    EventState,
    Incident,
    MediaInfo,
    ScanResult,
    ScanStatus,
    StreamInfo,
    fingerprint,
)

__all__ = ["FOLDER", "SPLITS", "EvalCase", "Want", "load_cases", "sampled"]

FOLDER = Path(__file__).resolve().parents[1] / "cases"
SPLITS = ("tune", "test")

TYPICAL: Mapping[str, float] = {
    "black": 0.998, "solid_color": 0.995, "freeze": -74.0, "slate": 0.18, "color_bars": 0.99, "tone": 1000.0,
    "silence": -91.0, "channel_silence": -90.0, "decode_error": 14.0, "corrupt_frame": 6.0,
    "block_corruption": 0.04, "pts_gap": 0.4, "pts_backward": 1.0, "dropout": 3.0, "loudness": -16.2,
    "true_peak": 0.6, "clipping": 40.0, "phase": -0.95, "hum": -38.0, "noise": 9.0, "blur": 0.35,
    "blockiness": 0.4, "flash": 5.0, "flicker": 18.0, "levels": 0.06, "borders": 0.25, "interlace": 0.4,
    "av_skew": 0.24, "av_content": 0.2, "duplicate_frames": 40.0, "dropped_frames": 12.0,
    "missing_track": 1.0, "truncated": 95.0, "frame_rate": 3.2, "audio_change": 2.0, "dc_offset": 0.05,
}  # fmt: skip
"""A value that each check may well have; a case gives its own where that matters."""

_EVENT = re.compile(
    r"(?P<check>[a-z_]+) (?P<kind>[va])(?P<number>\d?) (?P<start>[\d.]+)\+(?P<length>[\d.]*)"
    r"(?: =(?P<value>-?[\d.]+))?(?: @(?P<sure>[\d.]+))?(?: kind=(?P<word>[a-z]+))?"
)
_CLOCK = re.compile(r"(?P<next>\+?)(?P<hour>\d\d):(?P<minute>\d\d)")
_INPUTS = (
    "see",
    "note",
    "schedule",
    "maintenance",
    "run_book",
    "recent",
    "tier",
    "delivery",
    "audience",
    "tags",
)
_LISTS = ("schedule", "maintenance", "run_book", "recent")


class _CaseTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: str = Field(pattern=r"[a-z0-9-]{2,50}")
    base: str = Field("", alias="from")
    see: tuple[str, ...] = ()
    note: tuple[str | dict[str, Any], ...] | None = None
    schedule: tuple[dict[str, Any], ...] | None = None
    maintenance: tuple[dict[str, Any], ...] | None = None
    run_book: tuple[dict[str, Any], ...] | None = None
    recent: tuple[dict[str, Any], ...] | None = None
    tier: str | None = None
    delivery: str | None = None
    audience: str | None = None
    tags: dict[str, str] | None = None
    want: Annotated[str, Field(pattern=r"[a-z]+ [a-z]+ [a-z]+")]
    ok: str = ""
    cause: Cause | None = None
    trap: str = ""
    says: Reading | None = None
    why: str = Field(min_length=8, max_length=160)


class _Family(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"[a-z0-9-]{3,40}")
    split: Literal["tune", "test"]
    about: str
    trained: bool = False
    duration_s: float | None = None
    context: dict[str, Any]
    case: tuple[_CaseTable, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Want:
    """The answer of an experienced operator, and what else would do."""

    severity: Severity
    intent: Intent
    route: Route
    cause: Cause
    severities: frozenset[Severity]
    intents: frozenset[Intent]
    routes: frozenset[Route]


@dataclass(frozen=True, slots=True)
class EvalCase:
    """One case: ``changed`` names what differs from the case ``base`` of the same family, if it has one.

    ``says`` is what its last note means, where the trap does not tell; on a ``trained`` one adapters are
    trained.
    """

    id: str
    family: str
    split: str
    scan: ScanResult
    context: Context
    want: Want
    why: str
    trap: str = ""
    says: Reading | None = None
    trained: bool = False
    base: str = ""
    changed: tuple[str, ...] = ()

    @property
    def incident(self) -> Incident:
        """The one incident that it is about."""
        return self.scan.incidents[0]


@cache
def load_cases(folder: Path = FOLDER) -> tuple[EvalCase, ...]:
    """Every case, in the order of the files.

    Raises:
        ValueError: a file does not fit; the message names it and the case.
    """
    found: list[EvalCase] = []
    for file in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(file.read_text("utf-8"))["family"]:
            found += _family(_Family.model_validate(row))
    return tuple(found)


def sampled(cases: Sequence[EvalCase], count: int) -> list[EvalCase]:
    """So many cases, in their order: one of each kind of trap, and of what is wanted the shares of all.

    One of each trap comes first; the rest is drawn at even steps from the others, sorted by severity, trap
    and family.
    """
    ordered = sorted(cases, key=lambda c: (c.want.severity.rank, c.trap, c.family, c.id))
    kinds: dict[str, EvalCase] = {}
    for case in ordered:
        kinds.setdefault(case.trap, case)
    first = [*kinds.values()][:count]
    rest = [case for case in ordered if case not in first]
    left = min(count - len(first), len(rest))
    drawn = [rest[(2 * n + 1) * len(rest) // (2 * left)] for n in range(left)]
    chosen = {case.id for case in (*first, *drawn)}
    return [case for case in cases if case.id in chosen]


def _family(family: _Family) -> Iterator[EvalCase]:
    inputs: dict[str, dict[str, Any]] = {}
    for row in family.case:
        own = {name: getattr(row, name) for name in _INPUTS if getattr(row, name) not in (None, ())}
        if row.note == ():
            own["note"] = ()
        if row.base and row.base not in inputs:
            raise ValueError(f"{family.name}/{row.id}: there is no case {row.base!r} before it")
        inputs[row.id] = {**inputs.get(row.base, {}), **own}
        where = f"{family.name}/{row.id}"
        scan = _scan(where, family, inputs[row.id])
        yield EvalCase(
            id=where,
            family=family.name,
            split=family.split,
            scan=scan,
            context=_context(where, family, inputs[row.id]),
            want=_want(row, scan.incidents[0]),
            why=row.why,
            trap=row.trap,
            says=row.says,
            trained=family.trained,
            base=f"{family.name}/{row.base}" if row.base else "",
            changed=tuple(own) if row.base else (),
        )


def _want(row: _CaseTable, incident: Incident) -> Want:
    severity, intent, route = row.want.split()
    others = row.ok.split()
    known = {*Severity, *Intent, *Route}
    if unknown := [word for word in others if word not in known]:
        raise ValueError(f"{row.id}: ok says {unknown[0]!r}")
    return Want(
        Severity(severity),
        Intent(intent),
        Route(route),
        row.cause or incident.cause,
        frozenset({Severity(severity), *(Severity(word) for word in others if word in [*Severity])}),
        frozenset({Intent(intent), *(Intent(word) for word in others if word in [*Intent])}),
        frozenset({Route(route), *(Route(word) for word in others if word in [*Route])}),
    )


def _scan(where: str, family: _Family, given: Mapping[str, Any]) -> ScanResult:
    events = [_event(where, told) for told in given["see"]]
    duration_s = family.duration_s
    incidents = correlate(events, where, duration_s or 0.0)
    if len(incidents) != 1:
        raise ValueError(f"{where}: its events make {len(incidents)} incidents")
    streams = (
        StreamInfo("v:0", "h264", width=1920, height=1080, frame_rate=25.0),
        StreamInfo("a:0", "aac", channels=2, channel_layout="stereo", sample_rate_hz=48000),
    )
    kind = "mpegts" if family.context["delivery"] in ("live", "linear", "contribution") else "mov,mp4"
    media = MediaInfo(kind, duration_s, streams, given.get("tags", {}))
    return ScanResult(f"{where}.ts", ScanStatus.OK, media=media, events=tuple(events), incidents=incidents)


def _event(where: str, told: str) -> DefectEvent:
    match = _EVENT.fullmatch(told)
    if match is None or match["check"] not in CHECKS:
        raise ValueError(f"{where}: {told!r} is no event")
    check, start_s = match["check"], float(match["start"])
    end_s = start_s + float(match["length"]) if match["length"] else None
    stream = f"{match['kind']}:{match['number'] or 0}"
    return DefectEvent(
        id=fingerprint(where, check, stream, start_s),
        check=check,
        stream=stream,
        start_s=start_s,
        end_s=end_s,
        state=EventState.ONGOING if end_s is None else EventState.RESOLVED,
        value=float(match["value"]) if match["value"] else TYPICAL[check],
        unit=CHECKS[check].unit,
        confidence=float(match["sure"] or 0.95),
        evidence={"kind": match["word"]} if match["word"] else {},
    )


def _context(where: str, family: _Family, given: Mapping[str, Any]) -> Context:
    table = dict(family.context)
    table |= {name: given[name] for name in ("tier", "delivery", "audience") if name in given}
    for name in _LISTS:
        if name in given:
            table[name] = list(given[name])
    table["note"] = [{"text": n} if isinstance(n, str) else dict(n) for n in given.get("note", ())]
    if "starts_at" in table:
        day = datetime.fromisoformat(table["starts_at"]).replace(hour=0, minute=0)
        for name in (*_LISTS, "note"):
            table[name] = [_dated(row, day) for row in table.get(name, ())]
    return read_context(table, where)


def _dated(row: Mapping[str, Any], day: datetime) -> dict[str, Any]:
    """``21:30`` is of the day on which the input starts, ``+05:30`` of the next."""
    found = dict(row)
    for name in ("start", "end", "at"):
        match = _CLOCK.fullmatch(found[name]) if isinstance(found.get(name), str) else None
        if match:
            found[name] = day + timedelta(
                days=1 if match["next"] else 0, hours=int(match["hour"]), minutes=int(match["minute"])
            )
    return found
