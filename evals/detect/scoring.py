"""The figures of a check: precision, recall, F1, errors of onset and end, false alarms; with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap, chi2

from evals.detect.matching import Outcome, compare
from evals.detect.values import Found, Result, Truth

__all__ = [
    "BARS",
    "SEVERE",
    "Alarms",
    "Interval",
    "Miss",
    "Score",
    "alarms",
    "f1_of",
    "resampled_f1",
    "score",
    "wilson",
]

BARS = {
    **dict.fromkeys(
        (
            "black",
            "solid_color",
            "freeze",
            "silence",
            "channel_silence",
            "clipping",
            "color_bars",
            "tone",
            "pts_gap",
            "true_peak",
        ),
        0.97,
    ),
    **dict.fromkeys(
        (
            "block_corruption",
            "blur",
            "interlace",
            "flash",
            "levels",
            "borders",
            "duplicate_frames",
            "dropped_frames",
            "dropout",
            "phase",
            "noise",
            "hum",
            "av_content",
            "blockiness",
            "slate",
        ),
        0.90,
    ),
}
"""The F1 that is asked of a check on the split ``test``."""

SEVERE = ("major", "critical")
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; NaN where there is nothing to say."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Miss:
    """A truth that nobody told of, or an event without a truth."""

    result: Result
    truth: Truth | None = None
    event: Found | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One check over some clips. Errors are magnitudes in seconds: median and 95th percentile."""

    check: str
    clips: int
    truths: int
    found: int
    right: int
    false: int
    precision: Interval
    recall: Interval
    f1: Interval
    onset_s: tuple[float, float]
    end_s: tuple[float, float]
    alarms_per_defect: float
    misses: tuple[Miss, ...]
    false_alarms: tuple[Miss, ...]

    @property
    def bar(self) -> float | None:
        """The F1 that is asked, if one is."""
        return BARS.get(self.check)


@dataclass(frozen=True, slots=True)
class Alarms:
    """False incidents of severity ``major`` or worse in clean content."""

    count: int
    hours: float
    rate_per_hour: Interval
    any_count: int
    which: tuple[Miss, ...]


def f1_of(found: float, truths: float, right: float, false: float) -> float:
    """The harmonic mean of precision (of events) and recall (of truths); NaN without truths."""
    if not truths:
        return float("nan")
    precision = right / (right + false) if right + false else 0.0
    recall = found / truths
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def resampled_f1(
    found: NDArray[np.float64],
    truths: NDArray[np.float64],
    right: NDArray[np.float64],
    false: NDArray[np.float64],
    axis: int = -1,
) -> NDArray[np.float64]:
    """``f1_of`` along an axis of clips, for the bootstrap."""
    f, t, r, w = (values.sum(axis=axis) for values in (found, truths, right, false))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(r + w > 0, r / (r + w), 0.0)
        recall = np.where(t > 0, f / t, 0.0)
        total = precision + recall
        return np.where(total > 0, 2 * precision * recall / total, 0.0)


def score(results: Sequence[Result], check: str) -> Score:
    """The figures of one check; clips that could not be assessed count as seen and silent."""
    outcomes = [compare(result, check) for result in results]
    table = counts(outcomes)
    found, truths, right, false = (int(column.sum()) for column in table)
    hits = [hit for outcome in outcomes for hit in outcome.hits]
    pairs = list(zip(results, outcomes, strict=True))
    return Score(
        check,
        sum(1 for outcome in outcomes if outcome.hits or outcome.missed),
        truths,
        found,
        right,
        false,
        wilson(right, right + false),
        wilson(found, truths),
        _f1_interval(table),
        _spread([hit.onset_error_s for hit in hits]),
        _spread([hit.end_error_s for hit in hits]),
        sum(len(hit.events) for hit in hits) / len(hits) if hits else float("nan"),
        tuple(Miss(result, truth=truth) for result, outcome in pairs for truth in outcome.missed),
        tuple(Miss(result, event=event) for result, outcome in pairs for event in outcome.false),
    )


def counts(outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], ...]:
    """Truths found, truths, right events and false ones of each clip: four arrays of shape (clips,)."""
    rows = [(len(o.hits), len(o.hits) + len(o.missed), len(o.right), len(o.false)) for o in outcomes]
    table = np.array(rows, float).reshape(-1, 4)
    return tuple(table[:, n] for n in range(4))


def _f1_interval(table: tuple[NDArray[np.float64], ...]) -> Interval:
    value = f1_of(*(float(column.sum()) for column in table))
    # Clips that say nothing of this check do not change the figure, only the time it takes.
    telling = (table[1] + table[2] + table[3]) > 0
    kept = tuple(column[telling] for column in table)
    if np.isnan(value) or telling.sum() < 2 or len({tuple(row) for row in np.stack(kept, 1)}) == 1:
        return Interval(value, float("nan"), float("nan"))
    found = bootstrap(
        kept,
        resampled_f1,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    return Interval(value, float(found.confidence_interval.low), float(found.confidence_interval.high))


def wilson(good: int, total: int) -> Interval:
    """The share of so many good ones of a total, with its 95 % interval (Wilson)."""
    if not total:
        return Interval(float("nan"), float("nan"), float("nan"))
    interval = binomtest(good, total).proportion_ci(method="wilson")
    return Interval(good / total, float(interval.low), float(interval.high))


def _spread(errors_s: Sequence[float]) -> tuple[float, float]:
    if not errors_s:
        return float("nan"), float("nan")
    sizes = np.abs(errors_s)
    return float(np.median(sizes)), float(np.quantile(sizes, 0.95))


def alarms(results: Sequence[Result], checks: Sequence[str]) -> Alarms:
    """False incidents in traps and clean content; the interval is Poisson's."""
    severe: list[Miss] = []
    anything = 0
    clean = [result for result in results if result.fixture.recipe.family != "defect"]
    for result in clean:
        false = [event for check in checks for event in compare(result, check).false]
        incidents: dict[str, Found] = {}
        for event in sorted(false, key=lambda e: e.floor not in SEVERE):
            incidents.setdefault(event.incident or f"{event.check} {event.start_s}", event)
        anything += len(incidents)
        severe += [Miss(result, event=event) for event in incidents.values() if event.floor in SEVERE]
    hours = sum(result.fixture.duration_s for result in clean) / 3600
    return Alarms(len(severe), hours, _poisson(len(severe), hours), anything, tuple(severe))


def _poisson(count: int, hours: float) -> Interval:
    if not hours:
        return Interval(float("nan"), float("nan"), float("nan"))
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return Interval(count / hours, float(low) / hours, float(chi2.ppf(0.975, 2 * count + 2)) / 2 / hours)
