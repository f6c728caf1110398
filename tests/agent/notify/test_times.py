"""Hours of the week: midnight, weekdays, zones, and the two nights on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.notify.times import Daily, Hours, Weekday, quiet_until

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
NIGHT = Hours.model_validate({"from": "22:00", "to": "06:00"})
OFFICE = Hours.model_validate(
    {"from": "09:00", "to": "17:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"]}
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "when", "zone", "held"),
    [
        (OFFICE, "2026-11-24T09:00", UTC_ZONE, True),
        (OFFICE, "2026-11-24T08:59:59", UTC_ZONE, False),
        (OFFICE, "2026-11-24T17:00", UTC_ZONE, False),
        (OFFICE, "2026-11-28T12:00", UTC_ZONE, False),
        (OFFICE, "2026-11-24T08:30", BERLIN, True),
        (NIGHT, "2026-11-24T23:00", UTC_ZONE, True),
        (NIGHT, "2026-11-25T05:59", UTC_ZONE, True),
        (NIGHT, "2026-11-25T06:00", UTC_ZONE, False),
        (NIGHT, "2026-11-24T21:30", BERLIN, True),
    ],
)
def test_whether_they_hold(hours: Hours, when: str, zone: ZoneInfo, held: bool) -> None:
    assert hours.hold(at(when), zone) is held


def test_the_weekday_of_a_night_is_that_of_its_evening() -> None:
    friday = Hours.model_validate({"from": "22:00", "to": "06:00", "weekdays": ["fri"]})
    assert friday.hold(at("2026-11-28T05:00"), UTC_ZONE)
    assert not friday.hold(at("2026-11-27T05:00"), UTC_ZONE)


def test_a_zone_of_their_own_wins() -> None:
    tokyo = Hours.model_validate({"from": "09:00", "to": "10:00", "time_zone": "Asia/Tokyo"})
    assert tokyo.hold(at("2026-11-24T00:30"), BERLIN)


@pytest.mark.parametrize(
    ("start", "end", "when", "until"),
    [
        # In the night of 25 October 2026 the hour from 02:00 to 03:00 comes twice.
        ("22:00", "02:30", "2026-10-25T00:10", "2026-10-25T00:30"),
        ("22:00", "02:30", "2026-10-25T01:10", "2026-10-25T01:30"),
        ("22:00", "06:00", "2026-10-24T22:00", "2026-10-25T05:00"),
        # In the night of 29 March 2026 it does not come at all.
        ("22:00", "02:30", "2026-03-29T00:30", "2026-03-29T01:30"),
        ("22:00", "06:00", "2026-03-28T22:00", "2026-03-29T04:00"),
    ],
)
def test_the_end_on_a_night_when_the_clock_is_changed(start: str, end: str, when: str, until: str) -> None:
    hours = Hours.model_validate({"from": start, "to": end})
    assert quiet_until(at(when), [hours], BERLIN) == at(until)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"from": "25:00", "to": "06:00"}, "from"),
        ({"from": "22:00"}, "to"),
        ({"from": "22:00", "to": "06:00", "weekdays": ["someday"]}, "weekdays"),
        ({"from": "22:00", "to": "06:00", "weekdays": []}, "weekdays"),
        ({"from": "22:00", "to": "06:00", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"from": "22:00", "to": "06:00", "time_zone": "../etc/passwd"}, "time_zone"),
    ],
)
def test_what_is_no_hours(values: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Hours.model_validate(values)
    assert caught.value.errors()[0]["loc"][0] == told


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: f"{n // 60:02d}:{n % 60:02d}")
hours_of = st.builds(
    lambda start, end, days: Hours.model_validate({"from": start, "to": end, "weekdays": sorted(days)}),
    minutes,
    minutes,
    st.sets(st.sampled_from(Weekday), min_size=1),
)
instants = st.integers(0, 230 * 86400).map(lambda n: at("2026-03-20T00:00") + timedelta(seconds=n))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(hours_of, max_size=3), instants)
def test_quiet_ends_at_the_first_moment_that_is_not_quiet(quiet: list[Hours], when: datetime) -> None:
    until = quiet_until(when, quiet, BERLIN)
    assert until >= when
    if not any(hours.hold(when, BERLIN) for hours in quiet):
        assert until == when
        return
    span = until - when
    if span < timedelta(days=9):
        assert not any(hours.hold(until, BERLIN) for hours in quiet)
    # Up to there something always held: looked at every 20 minutes and just before the end.
    steps = [when + n * timedelta(minutes=20) for n in range(int(span / timedelta(minutes=20)))]
    for instant in (*steps[:500], until - timedelta(microseconds=1)):
        assert any(hours.hold(instant, BERLIN) for hours in quiet)


def test_when_a_daily_thing_was_last_due() -> None:
    digest = Daily.model_validate({"at": "07:30", "weekdays": ["mon", "tue"]})
    assert digest.last_before(at("2026-11-24T06:30"), BERLIN) == at("2026-11-24T06:30")
    assert digest.last_before(at("2026-11-24T06:29"), BERLIN) == at("2026-11-23T06:30")
    assert digest.last_before(at("2026-11-28T12:00"), BERLIN) == at("2026-11-24T06:30")
