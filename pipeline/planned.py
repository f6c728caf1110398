"""What a profile says is meant to be there: ranges of time and known pictures, and what they explain.

An event that lies wholly within planned content is suppressed: it makes no incident, and is told with
its reason. What goes beyond the range, and a check that the entry does not name, stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipeline.hold import Hold, Lane
from pipeline.hold import Span as HeldSpan
from pipeline.model import Coverage, CoverageStatus, DefectEvent, Suppressed
from pipeline.series.hashes import PictureHash
from pipeline.series.table import Kind, Table

__all__ = [
    "PLANNED_CHECKS",
    "SLACK_S",
    "Planned",
    "PlannedFinder",
    "PlannedSpan",
    "Waived",
    "planned_coverage",
    "suppress",
]

PLANNED_CHECKS = (
    "black",
    "solid_color",
    "freeze",
    "silence",
    "color_bars",
    "slate",
    "tone",
    "duplicate_frames",
    "blur",
    "borders",
)
"""What a card, bars or a pause look like to the checks: what an entry explains that names none."""

SLACK_S = 0.5
"""Ranges are written by hand, and a check can begin a picture early."""
SHOWN_S, BRIDGED_S = 0.5, 0.2
"""A known picture counts from so long on; so much of another is bridged."""


def _known_hash(text: str) -> str:
    PictureHash.parse(text)
    return text


class Planned(BaseModel):
    """One entry of a profile's ``[[planned]]``: a range of time, a picture, or a picture within a range."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    what: str = Field(min_length=1, max_length=80, description="what it is, for the report")
    start_s: float | None = Field(None, ge=0, description="where the range begins")
    end_s: float | None = Field(None, gt=0, description="where it ends; without it, with the input")
    picture: Annotated[str, AfterValidator(_known_hash)] | None = Field(
        None, description="the hash of a picture, from `vidette slate`"
    )
    checks: tuple[str, ...] = Field(
        PLANNED_CHECKS, min_length=1, strict=False, description="the checks that it explains"
    )

    @model_validator(mode="after")
    def _places(self) -> Planned:
        if self.start_s is None and self.end_s is None and self.picture is None:
            raise ValueError("must have start_s, end_s or picture")
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            raise ValueError(f"end_s must be after start_s, got {self.start_s or 0.0:g} to {self.end_s:g}")
        return self

    @property
    def kind(self) -> str:
        """What an event that it explains is told as."""
        return "planned"


class Waived(Planned):
    """What somebody lets through until a day: an entry that is no profile's, of the same shape."""

    @property
    def kind(self) -> str:
        """What an event that it explains is told as."""
        return "waived"


@dataclass(frozen=True, slots=True)
class PlannedSpan:
    """Planned content where it was found; ``entry`` says what it explains."""

    entry: Planned
    start_s: float
    end_s: float


@dataclass(slots=True)
class PlannedFinder:
    """Finds where the planned content of a profile is, from tables as they come."""

    entries: Sequence[Planned]
    _holds: dict[tuple[int, str], Hold] = field(default_factory=dict)
    _found: list[PlannedSpan] = field(default_factory=list)

    def feed(self, table: Table) -> None:
        """Look for known pictures."""
        if table.kind is not Kind.PICTURES or table.view:
            return
        for number, entry in enumerate(self.entries):
            if entry.picture is None:
                continue
            key = (number, table.stream.id)
            if key not in self._holds:
                self._holds[key] = Hold(SHOWN_S, 0.0, BRIDGED_S)
            bad = PictureHash.parse(entry.picture).matches(table["picture_hash"])
            bad &= (table.start_s >= (entry.start_s or 0.0) - SLACK_S) & (
                table.end_s <= (float("inf") if entry.end_s is None else entry.end_s) + SLACK_S
            )
            self._keep(entry, self._holds[key].feed(Lane(table.start_s, table.end_s, bad)))

    def spans(self) -> tuple[PlannedSpan, ...]:
        """Everything that is planned, in order of time; the input has ended."""
        for (number, _), hold in self._holds.items():
            self._keep(self.entries[number], hold.finish())
        ranges = [
            PlannedSpan(entry, entry.start_s or 0.0, float("inf") if entry.end_s is None else entry.end_s)
            for entry in self.entries
            if entry.picture is None
        ]
        return tuple(sorted([*ranges, *self._found], key=lambda span: (span.start_s, span.end_s)))

    def _keep(self, entry: Planned, spans: Iterable[HeldSpan]) -> None:
        self._found += [PlannedSpan(entry, span.start_s, span.end_s) for span in spans]


def suppress(
    events: Iterable[DefectEvent], planned: Sequence[PlannedSpan]
) -> tuple[tuple[DefectEvent, ...], tuple[Suppressed, ...]]:
    """The events that stand, and those that planned content explains."""
    kept: list[DefectEvent] = []
    explained: list[Suppressed] = []
    for event in events:
        spans = _covering(event, planned)
        if spans:
            told = " and ".join(dict.fromkeys(_tell(span) for span in spans))
            kind = "waived" if any(span.entry.kind == "waived" for span in spans) else "planned"
            explained.append(Suppressed(event, kind, f"{kind}: {told}"))
        else:
            kept.append(event)
    return tuple(kept), tuple(explained)


def planned_coverage(suppressed: Sequence[Suppressed]) -> tuple[Coverage, ...]:
    """What was not judged, for it was planned."""
    return tuple(
        Coverage(
            item.event.check,
            item.event.stream,
            CoverageStatus.NOT_ASSESSABLE,
            item.reason,
            item.event.start_s,
            item.event.end_s,
        )
        for item in suppressed
    )


def _covering(event: DefectEvent, planned: Sequence[PlannedSpan]) -> list[PlannedSpan]:
    """Spans that name the event's check and together reach from its start to its end, or none."""
    if event.end_s is None:
        return []
    reach_s, used = event.start_s, []
    for span in planned:
        # A range that begins after what is covered so far leaves a hole that is nobody's plan.
        if event.check in span.entry.checks and span.start_s - SLACK_S <= reach_s < span.end_s:
            reach_s = span.end_s
            used.append(span)
        if reach_s >= event.end_s - SLACK_S and used:
            return used
    return []


def _tell(span: PlannedSpan) -> str:
    until = "the end" if span.end_s == float("inf") else f"{span.end_s:.3f} s"
    return f"{span.entry.what} ({span.start_s:.3f} s to {until})"
