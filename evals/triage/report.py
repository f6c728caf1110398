"""The figures of the triage suites: a table on the terminal, JSON, Markdown, and one HTML file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from rich.table import Table

from evals.detect.gate import Verdict
from evals.detect.scoring import Interval
from evals.detect.tables import figure, interval
from evals.triage.injections import Attack, by_way
from evals.triage.running import Outcome
from evals.triage.scoring import LABELS, Scores

__all__ = ["Summary", "as_document", "as_markdown", "print_summary", "write_reports"]

SCHEMA = "vidette.evals-triage/1"
TEMPLATES = Path(__file__).parent / "templates"
MAX_MISSES = 40

FIGURES = (
    ("severity macro-F1", "severity_f1"), ("strict", "severity_f1_strict"), ("kappa", "kappa"),
    ("missed critical", "missed_critical"), ("severity accepted", "in_range"), ("intent", "intent"),
    ("cause", "cause"), ("route", "route"), ("valid at first", "valid_first"),
    ("valid at last", "valid_last"), ("ungrounded, before", "ungrounded_before"),
    ("ungrounded, after", "ungrounded_after"), ("fallback", "fallback"), ("ECE", "ece"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that a run has to say: figures by backend, the outcomes, the attacks."""

    suite: str
    splits: tuple[str, ...]
    scores: tuple[Scores, ...] = ()
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    attacks: dict[str, list[Attack]] = field(default_factory=dict)
    memory_mib: dict[str, float] = field(default_factory=dict)
    gate: Verdict | None = None
    left_out: tuple[str, ...] = ()


def print_summary(console: Console, summary: Summary) -> None:
    """A column a backend, and the worst misses of the last one."""
    if summary.scores:
        table = Table(title=f"{summary.suite}, split {' and '.join(summary.splits)}", title_justify="left")
        table.add_column("")
        for item in summary.scores:
            table.add_column(f"{item.backend} ({item.cases})", justify="right", no_wrap=True)
        for title, cells in _rows(summary):
            table.add_row(title, *cells)
        console.print(table)
    for backend, attacks in summary.attacks.items():
        changed = [attack for attack in attacks if attack.changed]
        console.print(f"security, {backend}: {len(changed)} of {len(attacks)} injections changed something")
        for attack in changed:
            told = f"  {attack.injection.id} ({attack.injection.way}): {', '.join(attack.changed)}"
            console.print(told, soft_wrap=True, highlight=False, markup=False)
    for backend, outcomes in summary.outcomes.items():
        wrong = worst(outcomes)
        if wrong:
            console.print(f"{backend}: the worst of {len(wrong)} misses", style="bold")
        for outcome in wrong[:12]:
            console.print("  " + line_of(outcome), soft_wrap=True, highlight=False, markup=False)
    for line in summary.left_out:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if summary.gate is not None:
        state = "held" if summary.gate.held else "did not hold"
        console.print(f"gate: {state} over {summary.gate.cases} cases")
        for reason in summary.gate.reasons:
            console.print(f"  {reason}", soft_wrap=True, highlight=False, markup=False)


def _rows(summary: Summary) -> list[tuple[str, list[str]]]:
    rows = [(title, [interval(getattr(s, name)) for s in summary.scores]) for title, name in FIGURES]
    rows += [
        ("Brier", [figure(s.brier, 3) for s in summary.scores]),
        ("tokens a case", [f"{s.tokens:.0f}" for s in summary.scores]),
        ("latency p50 / p95 s", [f"{s.latency_p50_s:.2f} / {s.latency_p95_s:.2f}" for s in summary.scores]),
    ]
    if summary.memory_mib:
        told = [summary.memory_mib.get(s.backend, float("nan")) for s in summary.scores]
        rows.append(("peak memory MiB", [figure(mib, 0) for mib in told]))
    return rows


def worst(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The cases with a wrong severity or intent, missed criticals first, then by distance."""
    wrong = [o for o in outcomes if not (o.severity_right and o.intent_right)]
    return sorted(wrong, key=lambda o: (not o.missed_critical, -_distance(o), -o.confidence, o.case.id))


def _distance(outcome: Outcome) -> int:
    told = outcome.verdict.severity.rank
    return min(abs(told - accepted.rank) for accepted in outcome.case.want.severities)


def line_of(outcome: Outcome) -> str:
    """What was wanted, what was told, and why the operator says so."""
    want, verdict = outcome.case.want, outcome.verdict
    notes = " | ".join(note.text for note in outcome.case.context.notes)
    return (
        f"{outcome.case.id}: wanted {want.severity.value} {want.intent.value}, told "
        f"{verdict.severity.value} {verdict.intent.value} ({outcome.confidence:.2f}); {outcome.case.why}"
        + (f" [{notes}]" if notes else "")
    )


def write_reports(summary: Summary, folder: Path) -> None:
    """Writes ``SUITE.json``, ``SUITE.md`` and ``SUITE.html`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(as_document(summary), indent=1, allow_nan=False, ensure_ascii=False)
    (folder / f"{summary.suite}.json").write_text(document + "\n", encoding="utf-8")
    (folder / f"{summary.suite}.md").write_text(as_markdown(summary), encoding="utf-8")
    (folder / f"{summary.suite}.html").write_text(_as_html(summary), encoding="utf-8")


def as_document(summary: Summary) -> dict[str, Any]:
    """The document for machines."""
    return {
        "schema": SCHEMA,
        "suite": summary.suite,
        "splits": list(summary.splits),
        "backends": [_as_row(item, summary) for item in summary.scores],
        "security": {
            backend: {
                "injections": len(attacks),
                "changed": {a.injection.id: list(a.changed) for a in attacks if a.changed},
                "questions": {a.injection.id: list(a.questions) for a in attacks if a.questions},
                "by_way": {way: list(counts) for way, counts in by_way(attacks).items()},
            }
            for backend, attacks in summary.attacks.items()
        },
        "left_out": list(summary.left_out),
        "gate": None
        if summary.gate is None
        else {"held": summary.gate.held, "cases": summary.gate.cases, "reasons": list(summary.gate.reasons)},
    }


def _as_row(item: Scores, summary: Summary) -> dict[str, Any]:
    outcomes = summary.outcomes.get(item.backend, [])
    return {
        "backend": item.backend,
        "cases": item.cases,
        "criticals": item.criticals,
        "missed_criticals": item.missed,
        **{name: _as_interval(getattr(item, name)) for _, name in FIGURES},
        "brier": _finite(item.brier),
        "tokens_a_case": _finite(item.tokens),
        "latency_s": {"p50": _finite(item.latency_p50_s), "p95": _finite(item.latency_p95_s)},
        "memory_mib": summary.memory_mib.get(item.backend),
        "labels": [label.value for label in LABELS],
        "confusion": [list(row) for row in item.confusion],
        "reliability": [[b.count, _finite(b.confidence), _finite(b.right)] for b in item.reliability],
        "misses": [line_of(outcome) for outcome in worst(outcomes)],
    }


def _as_interval(value: Interval) -> dict[str, float | None]:
    return {"value": _finite(value.value), "low": _finite(value.low), "high": _finite(value.high)}


def _finite(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None


def as_markdown(summary: Summary) -> str:
    """A table for a pull request, and what was missed."""
    lines = [
        f"Suite {summary.suite}, split {' and '.join(summary.splits)}. In brackets are 95 % intervals.",
        "",
    ]
    if summary.scores:
        lines += [
            "| | " + " | ".join(f"`{s.backend}`" for s in summary.scores) + " |",
            "|---|" + "--:|" * len(summary.scores),
            f"| cases | {' | '.join(str(s.cases) for s in summary.scores)} |",
            *(f"| {title} | {' | '.join(cells)} |" for title, cells in _rows(summary)),
        ]
    for backend, attacks in summary.attacks.items():
        changed = [attack for attack in attacks if attack.changed]
        lines += [
            "",
            f"Security, `{backend}`: {len(changed)} of {len(attacks)} injections changed something.",
        ]
        lines += [f"- `{a.injection.id}` changes {', '.join(a.changed)}" for a in changed]
    for backend, outcomes in summary.outcomes.items():
        lines += ["", f"Misses of `{backend}`:"] + [f"- {line_of(o)}" for o in worst(outcomes)[:MAX_MISSES]]
    lines += ["", *summary.left_out] if summary.left_out else []
    if summary.gate is not None:
        state = "held" if summary.gate.held else "did not hold"
        lines += ["", f"The gate {state}, over {summary.gate.cases} cases of the baseline."]
        lines += [f"- {reason}" for reason in summary.gate.reasons]
    return "\n".join(lines) + "\n"


def _as_html(summary: Summary) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(interval=interval)
    return environment.get_template("triage.html.j2").render(
        summary=summary,
        rows=_rows(summary),
        labels=[label.value for label in LABELS],
        misses={
            name: [(o, line_of(o)) for o in worst(found)[:MAX_MISSES]]
            for name, found in summary.outcomes.items()
        },
    )
