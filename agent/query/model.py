"""What can be asked of the store: a closed, typed query, and what is said where there is none."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from agent.verdict import Route, Severity
from pipeline.model import Cause

__all__ = [
    "MAX_ROWS",
    "Grouping",
    "IncidentQuery",
    "Order",
    "Refusal",
    "RefusalKind",
    "Shape",
    "State",
    "TimeRange",
]

MAX_ROWS = 100

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Beyond these a time cannot be told in every zone."""


def _tellable(value: datetime) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"a time must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return value


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("no such time zone is known; give one like Europe/Berlin or UTC")
    return value


Time = Annotated[AwareDatetime, AfterValidator(_tellable)]
Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_zone)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
IncidentId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4,16}$")]


class Shape(StrEnum):
    """What is wanted of the incidents that match."""

    LIST = "list"
    COUNT = "count"
    LONGEST = "longest"
    GROUP = "group"
    COMPARE = "compare"


class Grouping(StrEnum):
    """What incidents are counted by; days and hours are those of the asker's time zone."""

    INPUT = "input"
    CHECK = "check"
    CAUSE = "cause"
    SEVERITY = "severity"
    STATE = "state"
    ROUTE = "route"
    DAY = "day"
    HOUR = "hour"


class State(StrEnum):
    """Where an incident is in the hands of the desk; ``gone`` is what a later scan found no more."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    MUTED = "muted"
    GONE = "gone"


class Order(StrEnum):
    """Which incidents come first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LONGEST = "longest"
    WORST = "worst"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimeRange(_Closed):
    """``since`` is within it, ``until`` is not; either may be open."""

    since: Time | None = None
    until: Time | None = None

    @model_validator(mode="after")
    def _in_order(self) -> TimeRange:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("a range of time must end after it begins")
        return self


class IncidentQuery(_Closed):
    """One question, as the store can answer it. What is empty asks for all.

    ``during`` is when an incident was first seen; ``against`` the range that it is compared with.
    ``inputs`` are names as they are stored; ``zone`` is the IANA name of the asker's time zone.
    """

    shape: Shape = Shape.LIST
    during: TimeRange | None = None
    against: TimeRange | None = None
    ids: tuple[IncidentId, ...] = Field((), max_length=20)
    inputs: tuple[Name, ...] = Field((), max_length=50)
    checks: tuple[Name, ...] = Field((), max_length=50)
    causes: tuple[Cause, ...] = ()
    severities: tuple[Severity, ...] = ()
    routes: tuple[Route, ...] = ()
    states: tuple[State, ...] = ()
    group_by: Grouping | None = None
    order: Order = Order.NEWEST
    limit: int = Field(20, ge=1, le=MAX_ROWS)
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _whole(self) -> IncidentQuery:
        if (self.shape is Shape.GROUP) != (self.group_by is not None):
            raise ValueError("group_by goes with the shape group, and only with it")
        if (self.shape is Shape.COMPARE) != (self.against is not None):
            raise ValueError("against goes with the shape compare, and only with it")
        if self.shape is Shape.COMPARE and self.during is None:
            raise ValueError("a comparison needs two ranges of time")
        return self


class RefusalKind(StrEnum):
    """Why a question is not answered."""

    FUTURE = "future"
    PEOPLE = "people"
    AUDIENCE = "audience"
    ACTION = "action"
    CONTENT = "content"
    ADVICE = "advice"
    ORDER = "order"
    NOT_UNDERSTOOD = "not_understood"
    UNKNOWN_INPUT = "unknown_input"
    AMBIGUOUS_INPUT = "ambiguous_input"
    UNKNOWN_ID = "unknown_id"
    EMPTY = "empty"


class Refusal(_Closed):
    """Why there is no query, in one sentence that says what can be asked instead."""

    kind: RefusalKind
    text: str
