"""The baseline and the gate: what was found when the figures were last accepted, and what is lost since.

Two things close the gate, and both name the cases. A *significant drop*: over the clips that both runs
have, F1 of a check (or of all together) fell by at least ``LEAST`` and the paired bootstrap puts 97.5 %
of its resamples below zero. A *lost case*: a clear defect that was found is found no more. The second
is there because a subset of one clip a check can never show significance, and the fixtures have no
chance in them that could excuse it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from evals.detect.matching import compare
from evals.detect.scoring import Alarms, Score, resampled_f1
from evals.detect.values import LEVELS, Result

__all__ = ["BASELINE", "LEAST", "Verdict", "accept", "case_rows", "held_against", "load"]

BASELINE = Path(__file__).resolve().parents[1] / "baseline.json"
SCHEMA = "vidette.evals-baseline/1"
LEAST = 0.02
RESAMPLES = 2000

Rows = Mapping[str, Mapping[str, Sequence[int]]]
"""Case -> check -> truths found, truths, right events, false events."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate held, over how many cases, and why not."""

    held: bool
    cases: int
    reasons: tuple[str, ...]


def case_rows(results: Sequence[Result], checks: Sequence[str]) -> dict[str, dict[str, list[int]]]:
    """What each case says of each check that it has something to say of; cases without a word stay, empty."""
    rows: dict[str, dict[str, list[int]]] = {}
    for result in results:
        mine: dict[str, list[int]] = {}
        for check in checks:
            outcome = compare(result, check)
            row = [
                len(outcome.hits),
                len(outcome.hits) + len(outcome.missed),
                len(outcome.right),
                len(outcome.false),
            ]
            if any(row):
                mine[check] = row
        rows[result.fixture.recipe.id] = mine
    return rows


def load(path: Path = BASELINE) -> dict[str, Any]:
    """The baseline; one without cases where there is none yet."""
    if not path.is_file():
        return {"schema": SCHEMA, "checks": {}, "cases": {}}
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if document.get("schema") != SCHEMA:
        raise ValueError(f"{path}: is of schema {document.get('schema')}, this reads {SCHEMA}")
    return document


def accept(
    results: Sequence[Result],
    scores: Sequence[Score],
    clean: Alarms,
    checks: Sequence[str],
    path: Path = BASELINE,
) -> None:
    """Makes these results the baseline; cases and checks that were not run keep what they had."""
    document = load(path)
    for item in scores:
        if item.truths:
            document["checks"][item.check] = {
                "clips": item.clips,
                "precision": _rounded(item.precision.value),
                "recall": _rounded(item.recall.value),
                "f1": _rounded(item.f1.value),
                "onset_p50_s": _rounded(item.onset_s[0]),
            }
    document["severe_false_alarms_per_hour"] = _rounded(clean.rate_per_hour.value)
    document["cases"] |= case_rows(results, checks)
    document["cases"] = dict(sorted(document["cases"].items()))
    lines = [f"  {json.dumps(name)}: {json.dumps(rows)}" for name, rows in document.pop("cases").items()]
    head = json.dumps(document, indent=1, sort_keys=True)[:-2]
    path.write_text(f'{head},\n "cases": {{\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def held_against(rows: Rows, baseline: Mapping[str, Any]) -> Verdict:
    """The rows of a run against the baseline's, over the cases that both have."""
    before: Rows = baseline["cases"]
    shared = sorted(set(rows) & set(before))
    checks = sorted({check for name in shared for check in (*rows[name], *before[name])})
    reasons = [reason for check in checks if (reason := _dropped(check, [check], shared, before, rows))]
    everything = _dropped("all checks together", checks, shared, before, rows)
    reasons += [everything] if everything and not reasons else []
    reasons += [
        _lost(name, check) for name in shared for check in checks if _is_lost(name, check, before, rows)
    ]
    return Verdict(not reasons, len(shared), tuple(reasons))


def _row(rows: Rows, name: str, checks: Sequence[str]) -> NDArray[np.float64]:
    return np.sum([rows[name].get(check, (0, 0, 0, 0)) for check in checks], axis=0, dtype=float)


def _dropped(title: str, checks: Sequence[str], names: Sequence[str], before: Rows, now: Rows) -> str | None:
    """Why F1 of ``checks`` fell significantly, or None."""
    old = np.stack([_row(before, name, checks) for name in names]) if names else np.empty((0, 4))
    new = np.stack([_row(now, name, checks) for name in names]) if names else np.empty((0, 4))
    telling = (old.sum(axis=1) + new.sum(axis=1)) > 0
    old, new = old[telling], new[telling]
    told = [name for name, flag in zip(names, telling, strict=True) if flag]

    def change(*columns: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        return resampled_f1(*columns[4:], axis=axis) - resampled_f1(*columns[:4], axis=axis)

    columns = tuple(np.concatenate([old, new], axis=1).T)
    if not told or (old == new).all():
        return None
    drop = float(change(*columns))
    if drop > -LEAST or len(told) < 2:
        return None
    tried = bootstrap(
        columns,
        change,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    if tried.confidence_interval.high >= 0:
        return None
    worse = [name for n, name in enumerate(told) if new[n, 0] < old[n, 0] or new[n, 3] > old[n, 3]]
    return f"{title}: F1 fell by {-drop:.3f}, in {', '.join(worse[:12])}" + (
        " ..." if len(worse) > 12 else ""
    )


def _is_lost(name: str, check: str, before: Rows, now: Rows) -> bool:
    old, new = before[name].get(check), now[name].get(check, (0, 0, 0, 0))
    return f"/{LEVELS[0]}/" in name and old is not None and old[0] == old[1] > 0 and new[0] < old[0]


def _lost(name: str, check: str) -> str:
    return f"{check}: the clear defect of {name} is found no more"
