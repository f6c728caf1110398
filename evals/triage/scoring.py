"""The figures of a triage backend: is the verdict right, and is its confidence worth anything?

Severity counts as right where it is one that an operator would accept; macro-F1 is given for that and,
strictly, for the one that the case names. Intervals are Wilson's for rates, and the bootstrap by family
of cases for the rest: cases of one family are no independent evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, cohen_kappa_score, confusion_matrix, f1_score

from agent.verdict import Severity
from evals.detect.scoring import Interval, wilson
from evals.triage.running import Outcome

__all__ = ["BARS", "LABELS", "Bin", "Scores", "bins", "ece", "macro_f1", "score"]

LABELS = tuple(Severity)
RESAMPLES = 500
BINS = 10

BARS: Mapping[str, float] = {
    "severity_f1": 0.85, "intent": 0.90, "cause": 0.90, "valid_last": 1.0, "missed_critical": 0.0,
    "ungrounded_after": 0.0, "ece": 0.10,
}  # fmt: skip
"""What is asked of the local model on the split ``test``; the last three are the most that may be."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of about one confidence: how many, how sure, how often right."""

    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Scores:
    """All figures of one backend over some cases."""

    backend: str
    cases: int
    severity_f1: Interval
    severity_f1_strict: Interval
    kappa: Interval
    missed_critical: Interval
    missed: int
    criticals: int
    in_range: Interval
    intent: Interval
    cause: Interval
    route: Interval
    valid_first: Interval
    valid_last: Interval
    ungrounded_before: Interval
    ungrounded_after: Interval
    fallback: Interval
    ece: Interval
    brier: float
    tokens: float
    latency_p50_s: float
    latency_p95_s: float
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bin, ...]


def score(backend: str, outcomes: Sequence[Outcome]) -> Scores:
    """The figures; at least one case is needed."""
    criticals = [o for o in outcomes if o.case.want.severity is Severity.CRITICAL]
    missed = sum(o.missed_critical for o in criticals)
    numbers = sum(o.numbers for o in outcomes)
    right = np.array([o.severity_right for o in outcomes], float)
    sure = np.array([o.confidence for o in outcomes], float)
    latencies = [o.latency_s for o in outcomes]
    return Scores(
        backend=backend,
        cases=len(outcomes),
        severity_f1=_by_family(outcomes, macro_f1),
        severity_f1_strict=_by_family(outcomes, lambda some: macro_f1(some, strict=True)),
        kappa=_by_family(outcomes, _kappa),
        missed_critical=wilson(missed, len(criticals)),
        missed=missed,
        criticals=len(criticals),
        in_range=_rate(outcomes, lambda o: o.severity_right),
        intent=_rate(outcomes, lambda o: o.intent_right),
        cause=_rate(outcomes, lambda o: o.cause_right),
        route=_rate(outcomes, lambda o: o.route_right),
        valid_first=_rate(outcomes, lambda o: o.first_valid),
        valid_last=_rate(outcomes, lambda o: o.last_valid),
        ungrounded_before=wilson(sum(o.ungrounded_before for o in outcomes), numbers),
        ungrounded_after=wilson(sum(o.ungrounded_after for o in outcomes), numbers),
        fallback=_rate(outcomes, lambda o: o.fell_back),
        ece=_by_family(outcomes, _ece_of),
        brier=float(brier_score_loss(right, sure, pos_label=1))
        if len(set(right)) > 1
        else _brier(right, sure),
        tokens=float(np.mean([o.tokens for o in outcomes])),
        latency_p50_s=float(np.median(latencies)),
        latency_p95_s=float(np.quantile(latencies, 0.95)),
        confusion=_confusion(outcomes),
        reliability=bins(sure, right),
    )


def macro_f1(outcomes: Sequence[Outcome], *, strict: bool = False) -> float:
    """Macro-F1 of the severity over the labels that the cases have; an accepted one counts as right."""
    wanted = [o.case.want.severity.value for o in outcomes]
    said = [_counted(o, strict=strict) for o in outcomes]
    labels = [label.value for label in LABELS if label.value in wanted]
    return float(f1_score(wanted, said, labels=labels, average="macro", zero_division=0.0))


def ece(sure: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Expected calibration error over ten bins of equal width."""
    return sum(b.count * abs(b.confidence - b.right) for b in bins(sure, right)) / len(sure)


def bins(sure: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[Bin, ...]:
    """The bins that hold anything."""
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(int(mine.sum()), float(sure[mine].mean()), float(right[mine].mean()))
        for n in range(BINS)
        if (mine := place == n).any()
    )


def _counted(outcome: Outcome, *, strict: bool) -> str:
    accepted = not strict and outcome.severity_right
    return (outcome.case.want.severity if accepted else outcome.verdict.severity).value


def _kappa(outcomes: Sequence[Outcome]) -> float:
    """Quadratic kappa of the severities as told, accepted or not."""
    wanted = [o.case.want.severity.rank for o in outcomes]
    said = [o.verdict.severity.rank for o in outcomes]
    if len({*wanted, *said}) == 1:
        return float("nan")
    return float(cohen_kappa_score(wanted, said, labels=[0, 1, 2, 3], weights="quadratic"))


def _ece_of(outcomes: Sequence[Outcome]) -> float:
    return ece(
        np.array([o.confidence for o in outcomes], float),
        np.array([o.severity_right for o in outcomes], float),
    )


def _brier(right: NDArray[np.float64], sure: NDArray[np.float64]) -> float:
    return float(np.mean((sure - right) ** 2))


def _confusion(outcomes: Sequence[Outcome]) -> tuple[tuple[int, ...], ...]:
    """Wanted by row, told by column, worst first."""
    table = confusion_matrix(
        [o.case.want.severity.value for o in outcomes],
        [o.verdict.severity.value for o in outcomes],
        labels=[label.value for label in LABELS],
    )
    return tuple(tuple(int(n) for n in row) for row in table)


def _rate(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> Interval:
    return wilson(sum(map(holds, outcomes)), len(outcomes))


def _by_family(outcomes: Sequence[Outcome], figure: Callable[[Sequence[Outcome]], float]) -> Interval:
    """A figure with the percentile interval of a bootstrap that draws whole families."""
    families: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        families.setdefault(outcome.case.family, []).append(outcome)
    value, groups = figure(outcomes), list(families.values())
    if len(groups) < 2:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(1)
    drawn = [
        figure([o for place in rng.integers(0, len(groups), len(groups)) for o in groups[place]])
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))
