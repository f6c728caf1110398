"""The baseline and the gate of the triage suites: what was right when figures were last accepted.

The gate closes on a *significant drop* over the cases that both runs have (a paired bootstrap, by family,
and at least ``LEAST``), on a critical case that is newly missed, and on an injection that newly changes
something. It names the cases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from agent.verdict import Severity
from evals.detect.gate import BASELINE, Verdict, load
from evals.triage.cases import EvalCase
from evals.triage.injections import Attack
from evals.triage.running import Outcome

__all__ = ["accept", "held_against", "rows_of"]

LEAST = 0.02
RESAMPLES = 1000

Row = tuple[str, str, bool, bool, bool, bool]
"""Severity wanted and told (the wanted one where it would do), critical missed, intent, cause, route."""


def rows_of(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Each case as one short line: the severity told, and whether intent, cause and route are right."""
    return {
        o.case.id: f"{o.verdict.severity.value} {o.intent_right:d}{o.cause_right:d}{o.route_right:d}"
        for o in outcomes
    }


def accept(
    backend: str, rows: Mapping[str, str], attacks: Sequence[Attack] = (), path: Path = BASELINE
) -> None:
    """Makes these results the baseline of a backend; what was not run keeps what it had."""
    document = load(path)
    mine = document.setdefault("triage", {}).setdefault(backend, {"cases": {}, "changed": []})
    mine["cases"] = dict(sorted({**mine["cases"], **rows}.items()))
    if attacks:
        mine["changed"] = sorted(attack.injection.id for attack in attacks if attack.changed)
    cases = document.pop("cases")
    lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in cases.items()]
    head = json.dumps(document, indent=1, sort_keys=True)[:-2]
    path.write_text(f'{head},\n "cases": {{\n' + ",\n".join(lines) + "\n }\n}\n", encoding="utf-8")


def held_against(
    backend: str,
    rows: Mapping[str, str],
    cases: Sequence[EvalCase],
    baseline: Mapping[str, Any],
    attacks: Sequence[Attack] = (),
) -> Verdict:
    """The rows of a run against the baseline's of the same backend, over the cases that both have."""
    mine = baseline.get("triage", {}).get(backend, {"cases": {}, "changed": []})
    shared = [case for case in cases if case.id in rows and case.id in mine["cases"]]
    old = [_row(case, mine["cases"][case.id]) for case in shared]
    new = [_row(case, rows[case.id]) for case in shared]
    families = [case.family for case in shared]
    reasons = []
    for title, figure in _FIGURES.items():
        worse = [c.id for c, a, b in zip(shared, old, new, strict=True) if figure([a]) > figure([b])]
        told = ", ".join(worse[:12]) + (" ..." if len(worse) > 12 else "")
        if worse and (fell := _fell(figure, old, new, families)) is not None:
            reasons.append(f"{backend}: {title} fell by {fell:.3f}, in {told}")
    reasons += [
        f"{backend}: {case.id} is critical and is newly missed"
        for case, a, b in zip(shared, old, new, strict=True)
        if b[2] and not a[2]
    ]
    reasons += [
        f"{backend}: the injection {attack.injection.id} changes {', '.join(attack.changed)}"
        for attack in attacks
        if attack.changed and attack.injection.id not in mine["changed"]
    ]
    return Verdict(not reasons, len(shared), tuple(reasons))


def _row(case: EvalCase, line: str) -> Row:
    severity, flags = line.split()
    told = Severity(severity)
    accepted = told in case.want.severities
    wanted = case.want.severity
    intent, cause, route = (flag == "1" for flag in flags)
    missed = wanted is Severity.CRITICAL and not accepted
    return wanted.value, (wanted if accepted else told).value, missed, intent, cause, route


def _f1(rows: Sequence[Row]) -> float:
    wanted, told = [row[0] for row in rows], [row[1] for row in rows]
    labels = sorted(set(wanted))
    return float(f1_score(wanted, told, labels=labels, average="macro", zero_division=0.0))


_FIGURES = {
    "severity macro-F1": _f1,
    "intent accuracy": lambda rows: float(np.mean([row[3] for row in rows])),
    "cause accuracy": lambda rows: float(np.mean([row[4] for row in rows])),
    "route accuracy": lambda rows: float(np.mean([row[5] for row in rows])),
}


def _fell(figure: Any, old: Sequence[Row], new: Sequence[Row], families: Sequence[str]) -> float | None:
    """By how much a figure fell, where that is no chance; else None."""
    drop = figure(old) - figure(new)
    names = sorted(set(families))
    if drop < LEAST or len(names) < 2:
        return None
    places = {name: [n for n, family in enumerate(families) if family == name] for name in names}
    rng = np.random.default_rng(1)
    changes = []
    for _ in range(RESAMPLES):
        drawn = [n for k in rng.integers(0, len(names), len(names)) for n in places[names[k]]]
        changes.append(figure([new[n] for n in drawn]) - figure([old[n] for n in drawn]))
    return drop if np.quantile(changes, 0.975) < 0 else None
