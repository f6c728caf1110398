"""Words for ranges of time, at 10:30 in Berlin on Wednesday, 25 November 2026."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.query.times import find_ranges

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 10, 30, tzinfo=BERLIN)


def ranges(question: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> list[tuple[str, str]]:
    found = [item.range for item in find_ranges(question, now, zone)]
    return [
        tuple(f"{t.astimezone(zone):%m-%d %H:%M}" if t else "" for t in (item.since, item.until))
        for item in found
    ]


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("what happened last night", "11-24 18:00", "11-25 06:00"),
        ("overnight", "11-24 18:00", "11-25 06:00"),
        ("the night before last", "11-23 18:00", "11-24 06:00"),
        ("today", "11-25 00:00", "11-26 00:00"),
        ("yesterday", "11-24 00:00", "11-25 00:00"),
        ("the day before yesterday", "11-23 00:00", "11-24 00:00"),
        ("yesterday evening", "11-24 18:00", "11-25 00:00"),
        ("since Monday", "11-23 00:00", ""),
        ("since yesterday", "11-24 00:00", ""),
        ("since this morning", "11-25 06:00", ""),
        ("since 14:00 UTC", "11-24 15:00", ""),
        ("since 2026-11-20T14:00Z", "11-20 15:00", ""),
        ("after Monday", "11-24 00:00", ""),
        ("before yesterday", "", "11-24 00:00"),
        ("until yesterday", "", "11-25 00:00"),
        ("before noon", "", "11-25 12:00"),
        ("in the last 2 hours", "11-25 08:30", "11-25 10:30"),
        ("last hour", "11-25 09:30", "11-25 10:30"),
        ("the last half hour", "11-25 10:00", "11-25 10:30"),
        ("past 24 hours", "11-24 10:30", "11-25 10:30"),
        ("the last three days", "11-22 10:30", "11-25 10:30"),
        ("the past week", "11-18 10:30", "11-25 10:30"),
        ("last week", "11-16 00:00", "11-23 00:00"),
        ("this week", "11-23 00:00", "11-25 10:30"),
        ("this month", "11-01 00:00", "11-25 10:30"),
        ("last month", "10-01 00:00", "11-01 00:00"),
        ("in October", "10-01 00:00", "11-01 00:00"),
        ("the weekend", "11-21 00:00", "11-23 00:00"),
        ("last Friday", "11-20 00:00", "11-21 00:00"),
        ("last Wednesday", "11-18 00:00", "11-19 00:00"),
        ("on Wednesday", "11-25 00:00", "11-26 00:00"),
        ("Monday night", "11-23 18:00", "11-24 06:00"),
        ("3 days ago", "11-22 00:00", "11-23 00:00"),
        ("on 12 November", "11-12 00:00", "11-13 00:00"),
        ("on the morning of 12 November", "11-12 06:00", "11-12 12:00"),
        ("Tuesday at 14:00", "11-24 13:30", "11-24 14:30"),
        ("around 14:00 yesterday", "11-24 13:30", "11-24 14:30"),
        ("between 14:00 and 16:00 yesterday", "11-24 14:00", "11-24 16:00"),
        ("between 22:00 and 02:00", "11-24 22:00", "11-25 02:00"),
        ("between 2 and 3 pm", "11-24 14:00", "11-24 15:00"),
        ("today between 8am and 10am", "11-25 08:00", "11-25 10:00"),
        ("from Monday 14:00 to Tuesday 09:00", "11-23 14:00", "11-24 09:00"),
        ("between Monday and Wednesday", "11-23 00:00", "11-26 00:00"),
        ("from 2026-11-12 to 2026-11-14", "11-12 00:00", "11-15 00:00"),
    ],
)
def test_one_range(question: str, since: str, until: str) -> None:
    assert ranges(f"incidents {question} please") == [(since, until)]


def test_two_ranges_stay_two() -> None:
    assert ranges("yesterday vs today") == [("11-24 00:00", "11-25 00:00"), ("11-25 00:00", "11-26 00:00")]


@pytest.mark.parametrize("question", ["31 February", "at 25:99", "2026-13-40", "freezes", "14 incidents", ""])
def test_no_possible_time_is_no_range(question: str) -> None:
    assert ranges(question) == []


def test_a_date_to_come_is_the_year_before() -> None:
    [found] = find_ranges("on 12 December", NOW, BERLIN)
    assert found.range.since == datetime(2025, 12, 12, tzinfo=BERLIN)


def test_a_day_is_as_long_as_the_clock_makes_it() -> None:
    """On 29 March 2026 the clocks of Berlin skip an hour."""
    [found] = find_ranges("on 2026-03-29", NOW, BERLIN)
    utc = ZoneInfo("UTC")
    assert found.range.since and found.range.until
    hours = found.range.until.astimezone(utc) - found.range.since.astimezone(utc)
    assert hours.total_seconds() == 23 * 3600


def test_days_are_those_of_the_asker() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    late = datetime(2026, 11, 25, 20, 0, tzinfo=ZoneInfo("UTC"))
    [found] = find_ranges("today", late, tokyo)
    assert found.range.since == datetime(2026, 11, 26, tzinfo=tokyo)
