"""Plots, and how figures and times are written."""

from dataclasses import replace

import numpy as np
import pytest

from agent.report.plots import MAX_BUCKETS, plot, sparkline, time_ticks
from agent.report.words import clock, duration, figure, timecode
from pipeline.model import Signal, Threshold
from tests.agent.reporting import signal


@pytest.mark.parametrize("count", [1, 2, 50, 20_000])
def test_a_plot_keeps_the_extremes_and_few_points(count: int) -> None:
    spike = signal(count=count)
    spike.low[:], spike.high[:] = 0.0, 0.0
    spike.high[count // 2] = 5.0
    drawn = plot(spike, [], (0.0, 10.0), [(2.0, 4.0)])
    assert drawn is not None
    assert (drawn.lowest, drawn.highest) == ("0" if count > 1 else "5", "5")
    assert drawn.path.count("H") <= 2 * MAX_BUCKETS + 2
    assert [(span.left, span.width) for span in drawn.shades] == [(20.0, 20.0)]


def test_a_plot_places_its_limit_between_its_ticks() -> None:
    drawn = plot(signal(), [Threshold("black", "dark_share", 0.5, "above")], (0.0, 10.0), [])
    assert drawn is not None
    assert drawn.limits[0].at == pytest.approx(50.0)
    assert drawn.limits[0].label == "black 0.5"
    assert [tick.label for tick in drawn.x_ticks] == ["0:00", "0:02", "0:04", "0:06", "0:08", "0:10"]
    assert [tick.label for tick in drawn.y_ticks] == ["0", "0.5", "1"]


def test_unknown_values_leave_a_gap_and_digital_silence_is_the_floor() -> None:
    known = signal("level_dbfs", 10)
    levels = np.array([-20, -20, np.nan, np.nan, -20, -np.inf, -np.inf, -20, -20, -20], np.float32)
    drawn = plot(replace(known, unit="dBFS", low=levels, high=levels), [], (0.0, 10.0), [])
    assert drawn is not None
    assert drawn.path.count("M") == 2
    assert drawn.lowest == "\N{MINUS SIGN}100"


@pytest.mark.parametrize("window_s", [(0.0, 0.0), (20.0, 30.0), (3.0, 2.0)])
def test_a_window_with_nothing_in_it_gives_no_plot(window_s: tuple[float, float]) -> None:
    assert plot(signal(), [], window_s, []) is None


def test_a_signal_without_values_gives_no_line() -> None:
    none = np.empty(0)
    assert (
        sparkline(Signal("v:0", "x", "y", none, none.astype(np.float32), none.astype(np.float32)), 10.0) == ""
    )
    nothing = np.full(3, np.nan, np.float32)
    assert sparkline(Signal("v:0", "x", "y", np.arange(3.0), nothing, nothing), 10.0) == ""


@pytest.mark.parametrize("length_s", [0.04, 1.0, 11.23, 59.0, 3600.0, 86400.0])
def test_an_axis_has_a_handful_of_round_times(length_s: float) -> None:
    ticks = time_ticks(0.0, length_s)
    assert 2 <= len(ticks) <= 8
    assert ticks[0].at == 0.0
    assert len({tick.label for tick in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [
        (0.0, "00:00:00.000"),
        (59.9996, "00:01:00.000"),
        (3661.042, "01:01:01.042"),
        (-0.0001, "00:00:00.000"),
        (-1.5, "\N{MINUS SIGN}00:00:01.500"),
        (None, "ongoing"),
    ],
)
def test_timecode(time_s: float | None, expected: str) -> None:
    assert timecode(time_s) == expected


@pytest.mark.parametrize(
    ("length_s", "expected"),
    [
        (0.04, "40 ms"),
        (0.9999, "1 s"),
        (2.4, "2.4 s"),
        (59.96, "1 min 00 s"),
        (185.0, "3 min 05 s"),
        (3725.0, "1 h 02 min"),
    ],
)
def test_duration(length_s: float, expected: str) -> None:
    assert duration(length_s) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.998, "0.998"),
        (-23.12345, "\N{MINUS SIGN}23.12"),
        (48000, "48\N{NARROW NO-BREAK SPACE}000"),
        (float("-inf"), "\N{MINUS SIGN}\N{INFINITY}"),
        (float("nan"), "n/a"),
        (0.00001, "1.00e-05"),
        (0, "0"),
        ("word", "word"),
    ],
)
def test_figure(value: float | str, expected: str) -> None:
    assert figure(value) == expected


@pytest.mark.parametrize(
    ("time_s", "step_s", "expected"),
    [
        (65.0, 5, "1:05"),
        (3600.0, 600, "1:00:00"),
        (4.25, 0.05, "0:04.25"),
        (4.5, 0.5, "0:04.5"),
        (0.02, 0.01, "0:00.02"),
    ],
)
def test_clock(time_s: float, step_s: float, expected: str) -> None:
    assert clock(time_s, step_s) == expected
