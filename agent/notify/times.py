"""Named stretches of the week by the clock on a wall: ``night``, ``office hours``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["Daily", "Hours", "Weekday", "quiet_until", "to_zone"]

DAY = timedelta(days=1)
MOST_STEPS = 32
"""Quiet stretches that may follow one another without a gap; after that a page goes out anyway."""


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


EVERY_DAY = tuple(Weekday)


def to_zone(name: object) -> object:
    """A time zone of its name, for a validator; anything but a text is left to Pydantic."""
    if not isinstance(name, str):
        return name
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError("must be a time zone like 'Europe/Berlin' or 'UTC'") from exc


class _Clock(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    weekdays: tuple[Weekday, ...] = Field(EVERY_DAY, min_length=1)
    time_zone: ZoneInfo | None = None

    _zoned = field_validator("time_zone", mode="before")(to_zone)

    def _on(self, day: date) -> bool:
        return EVERY_DAY[day.weekday()] in self.weekdays


class Hours(_Clock):
    """From one time of day to another, on some weekdays; past midnight where the end is the earlier.

    The weekday is that of the beginning. Equal times are the whole day.
    """

    start: time = Field(alias="from")
    end: time = Field(alias="to")

    def hold(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether the instant lies within; ``zone`` is meant where they have none of their own."""
        local = at.astimezone(self.time_zone or zone)
        clock, today = local.time(), local.date()
        if self.start < self.end:
            return self.start <= clock < self.end and self._on(today)
        return (clock >= self.start and self._on(today)) or (clock < self.end and self._on(today - DAY))

    def ends_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first instant after ``at`` at which their end falls and they do not hold (UTC).

        Both readings of an hour that the end of summer time gives twice are looked at.
        """
        theirs = self.time_zone or zone
        today = at.astimezone(theirs).date()
        ends = sorted(
            datetime.combine(today + n * DAY, self.end, theirs).replace(fold=fold).astimezone(UTC)
            for n in range(-1, 10)
            for fold in (0, 1)
        )
        return next((end for end in ends if end > at and not self.hold(end, zone)), at + DAY)


class Daily(_Clock):
    """A time of day on some weekdays."""

    at: time

    def last_before(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The newest instant at or before ``now`` at which it was due (UTC)."""
        theirs = self.time_zone or zone
        today = now.astimezone(theirs).date()
        days = [today - n * DAY for n in range(9)]
        due = (datetime.combine(day, self.at, theirs).astimezone(UTC) for day in days if self._on(day))
        return next(instant for instant in due if instant <= now)


def quiet_until(at: datetime, quiet: Sequence[Hours], zone: ZoneInfo) -> datetime:
    """``at`` itself where none of the hours holds, else the instant at which the last of them is over."""
    until = at
    for _ in range(MOST_STEPS):
        holding = [hours for hours in quiet if hours.hold(until, zone)]
        if not holding:
            return until
        until = max(hours.ends_after(until, zone) for hours in holding)
    return until
