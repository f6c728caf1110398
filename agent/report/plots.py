"""Plots of signals as inline SVG: geometry here, markup in ``templates/plot.html.j2``.

A drawing is 1000 x 200 units, stretched to whatever room the page has; its strokes do not scale,
and its labels are HTML beside it, placed in percent, so that they stay readable on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.report.words import clock, figure, humanize
from pipeline.model import Signal, Threshold

__all__ = [
    "HEIGHT",
    "MAX_BUCKETS",
    "WIDTH",
    "Limit",
    "Plot",
    "Span",
    "Tick",
    "plot",
    "sparkline",
    "time_ticks",
]

WIDTH = 1000
HEIGHT = 200

MAX_BUCKETS = 500
"""More steps than this are fewer than two pixels each, and only make the file larger."""

SPARK_BUCKETS = 250
"""The same for the lanes of the timeline, of which a report can hold hundreds."""

DB_FLOOR = -100.0
"""Levels below this are drawn here: digital silence is minus infinity."""

DB_SHOWN = 40.0
"""How far below a limit that may not be exceeded levels are worth their room."""

DB_UNITS = ("db", "lufs", "lkfs")

STEPS_S = (
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at ``at`` percent of an axis, from the left or from the top."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """An interval, in percent of the width."""

    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold at ``at`` percent from the top; ``bad`` is ``above`` or ``below`` it."""

    at: float
    bad: str
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that the template needs to draw one signal."""

    stream: str
    column: str
    unit: str
    path: str
    limits: tuple[Limit, ...]
    shades: tuple[Span, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lowest: str
    highest: str


@dataclass(frozen=True, slots=True)
class _Buckets:
    """``edges_s``: (n + 1,) times; ``low`` and ``high``: (n,) values, NaN where nothing is known."""

    edges_s: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.float64]:
        """Every finite value."""
        values: NDArray[np.float64] = np.concatenate([self.low, self.high])
        return values[np.isfinite(values)]


def plot(
    signal: Signal,
    limits: Sequence[Threshold],
    window_s: tuple[float, float],
    shaded_s: Sequence[tuple[float, float]],
) -> Plot | None:
    """The signal over ``window_s`` with its limits and the shaded intervals; None where it has no value."""
    start_s, end_s = window_s
    buckets = _within(signal, start_s, end_s, MAX_BUCKETS)
    if not buckets.known.size:
        return None
    bottom, top = _range(buckets.known, limits, signal.unit)

    def at(level: float) -> float:
        return round(100 * (top - level) / (top - bottom), 2)

    return Plot(
        stream=signal.stream,
        column=signal.column,
        unit=signal.unit,
        path=_envelope(buckets, window_s, (bottom, top), decimals=1),
        limits=tuple(Limit(at(x.level), x.bad, f"{humanize(x.check)} {figure(x.level)}") for x in limits),
        shades=tuple(_spans(shaded_s, start_s, end_s)),
        x_ticks=time_ticks(start_s, end_s),
        y_ticks=tuple(Tick(at(level), label) for level, label in _levels(bottom, top)),
        lowest=figure(round(float(buckets.known.min()), 4)),
        highest=figure(round(float(buckets.known.max()), 4)),
    )


def sparkline(signal: Signal, end_s: float) -> str:
    """The path of a signal from 0 to ``end_s``, in its own range; empty where it has no value."""
    buckets = _within(signal, 0.0, end_s, SPARK_BUCKETS)
    if not buckets.known.size:
        return ""
    return _envelope(buckets, (0.0, end_s), _range(buckets.known, [], signal.unit), decimals=0)


def time_ticks(start_s: float, end_s: float, wanted: int = 6) -> tuple[Tick, ...]:
    """Round times within an interval, at most ``wanted`` and an end."""
    length_s = end_s - start_s
    if length_s <= 0:
        return ()
    step_s = next((step for step in STEPS_S if length_s / step <= wanted), length_s)
    first, last = math.ceil(start_s / step_s - 1e-9), math.floor(end_s / step_s + 1e-9)
    return tuple(
        Tick(round(100 * (number * step_s - start_s) / length_s, 2), clock(number * step_s, step_s))
        for number in range(first, last + 1)
    )


def _within(signal: Signal, start_s: float, end_s: float, most: int) -> _Buckets:
    """The buckets that touch an interval, joined until there are at most ``most``."""
    time_s = signal.time_s.astype(np.float64)
    step_s = float(np.median(np.diff(time_s))) if time_s.size > 1 else max(end_s - start_s, 0.0)
    edges = np.append(time_s, time_s[-1:] + step_s)
    first = max(0, int(np.searchsorted(edges, start_s, "right")) - 1)
    last = min(time_s.size, int(np.searchsorted(edges, end_s, "left")))
    if first >= last or end_s <= start_s:
        return _Buckets(np.empty(0), np.empty(0), np.empty(0))
    starts = np.arange(first, last, max(1, math.ceil((last - first) / most)))
    floor = DB_FLOOR if _is_db(signal.unit) else -np.inf
    low = np.fmin.reduceat(np.maximum(signal.low[:last].astype(np.float64), floor), starts)
    high = np.fmax.reduceat(np.maximum(signal.high[:last].astype(np.float64), floor), starts)
    return _Buckets(np.clip(np.append(edges[starts], edges[last]), start_s, end_s), low, high)


def _is_db(unit: str) -> bool:
    return unit.lower().startswith(DB_UNITS)


def _range(known: NDArray[np.float64], limits: Sequence[Threshold], unit: str) -> tuple[float, float]:
    """Bottom and top of the axis: the values and the limits, and some air.

    Where only too high a level is bad, levels in dB far below the limit are left out.
    """
    levels = [limit.level for limit in limits]
    bottom, top = min(float(known.min()), *levels, np.inf), max(float(known.max()), *levels, -np.inf)
    if _is_db(unit) and limits and all(limit.bad == "above" for limit in limits):
        bottom = max(bottom, min(levels) - DB_SHOWN)
    air = 0.08 * (top - bottom) or max(0.1 * abs(top), 0.5)
    return bottom - air, top + air


def _levels(bottom: float, top: float, wanted: int = 4) -> Iterator[tuple[float, str]]:
    """Round values within a range, with their labels."""
    rough = (top - bottom) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    for number in range(math.ceil(bottom / step), math.floor(top / step) + 1):
        level = round(number * step, 12)
        yield level, figure(level)


def _spans(intervals_s: Sequence[tuple[float, float]], start_s: float, end_s: float) -> Iterator[Span]:
    """The parts of the intervals that lie in a window."""
    length_s = end_s - start_s
    for begin_s, finish_s in intervals_s:
        left, right = max(begin_s, start_s), min(finish_s, end_s)
        if left <= right and begin_s <= end_s and finish_s >= start_s:
            yield Span(round(100 * (left - start_s) / length_s, 3), round(100 * (right - left) / length_s, 3))


def _envelope(
    buckets: _Buckets, window_s: tuple[float, float], levels: tuple[float, float], *, decimals: int
) -> str:
    """A closed path round each run of known buckets: along the highs, back along the lows."""
    (start_s, end_s), (bottom, top) = window_s, levels
    scale_y = HEIGHT / (top - bottom)
    x = np.round((buckets.edges_s - start_s) * (WIDTH / (end_s - start_s)), decimals)
    upper = np.round(np.clip((top - buckets.high) * scale_y, -HEIGHT, 2 * HEIGHT), decimals)
    lower = np.round(np.clip((top - buckets.low) * scale_y, -HEIGHT, 2 * HEIGHT), decimals)
    known = np.isfinite(upper) & np.isfinite(lower)
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    parts = []
    for first, last in bounds.reshape(-1, 2):
        parts.append(f"M{x[first]:g} {upper[first]:g}")
        parts += [f"V{upper[n]:g}H{x[n + 1]:g}" for n in range(first, last)]
        parts += [f"V{lower[n]:g}H{x[n]:g}" for n in range(last - 1, first - 1, -1)]
        parts.append("Z")
    return "".join(parts)
