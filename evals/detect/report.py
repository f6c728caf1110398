"""The figures for machines, for a pull request and for people: JSON, Markdown, one HTML file."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evals.detect.gate import Verdict
from evals.detect.scoring import Alarms, Interval, Miss, Score
from evals.detect.tables import figure, interval, line_of, milliseconds
from pipeline.decode.stills import Still, grab

__all__ = ["Summary", "as_document", "as_markdown", "write_reports"]

SCHEMA = "vidette.evals/1"
TEMPLATES = Path(__file__).parent / "templates"
MAX_STRIPS = 40
AROUND_S = 0.5


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that a run has to say."""

    title: str
    splits: tuple[str, ...]
    clips: int
    hours: float
    scores: tuple[Score, ...]
    clean: Alarms
    absent: tuple[str, ...]
    gate: Verdict | None = None


def write_reports(summary: Summary, folder: Path) -> None:
    """Writes ``detect.json``, ``detect.md`` and ``detect.html`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(as_document(summary), indent=1, allow_nan=False)
    (folder / "detect.json").write_text(document + "\n", encoding="utf-8")
    (folder / "detect.md").write_text(as_markdown(summary), encoding="utf-8")
    (folder / "detect.html").write_text(_as_html(summary), encoding="utf-8")


def as_document(summary: Summary) -> dict[str, Any]:
    """The document of ``detect.json``."""
    return {
        "schema": SCHEMA,
        "suite": "detect",
        "splits": list(summary.splits),
        "clips": summary.clips,
        "hours": round(summary.hours, 4),
        "checks": [_as_row(item) for item in summary.scores],
        "absent": list(summary.absent),
        "clean": {
            "hours": round(summary.clean.hours, 4),
            "severe_false_incidents": summary.clean.count,
            "severe_per_hour": _as_interval(summary.clean.rate_per_hour),
            "false_incidents": summary.clean.any_count,
        },
        "gate": None
        if summary.gate is None
        else {"held": summary.gate.held, "cases": summary.gate.cases, "reasons": list(summary.gate.reasons)},
    }


def _as_row(item: Score) -> dict[str, Any]:
    return {
        "check": item.check,
        "clips": item.clips,
        "truths": item.truths,
        "found": item.found,
        "false": item.false,
        "precision": _as_interval(item.precision),
        "recall": _as_interval(item.recall),
        "f1": _as_interval(item.f1),
        "bar": item.bar,
        "onset_error_s": [_finite(value) for value in item.onset_s],
        "end_error_s": [_finite(value) for value in item.end_s],
        "alarms_per_defect": _finite(item.alarms_per_defect),
        "missed": [line_of(miss) for miss in item.misses],
        "false_alarms": [line_of(miss) for miss in item.false_alarms],
    }


def _as_interval(value: Interval) -> dict[str, float | None]:
    return {"value": _finite(value.value), "low": _finite(value.low), "high": _finite(value.high)}


def _finite(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None


def as_markdown(summary: Summary) -> str:
    """A table for a pull request, and what was missed."""
    lines = [
        f"Split {' and '.join(summary.splits)}: {summary.clips} clips, {summary.hours:.2f} h.",
        "In brackets are 95 % intervals: Wilson's for precision and recall, the bootstrap by clip for F1.",
        "Errors are medians and 95th percentiles.",
        "",
        "| check | clips | found | false | precision | recall | F1 | asked | onset ms | end ms |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for item in summary.scores:
        f1 = interval(item.f1)
        shown = f"**{f1}**" if item.bar is not None and not item.f1.value >= item.bar else f1
        cells = (
            f"`{item.check}`",
            str(item.clips),
            f"{item.found}/{item.truths}",
            str(item.false),
            interval(item.precision),
            interval(item.recall),
            shown,
            figure(item.bar) if item.bar else "",
            milliseconds(item.onset_s),
            milliseconds(item.end_s),
        )
        lines.append(f"| {' | '.join(cells)} |")
    clean = summary.clean
    lines += [
        "",
        f"Clean content: {clean.count} false incidents of severity `major` or worse in {clean.hours:.2f} h, "
        f"{interval(clean.rate_per_hour)} an hour (Poisson); {clean.any_count} of any severity.",
    ]
    if summary.absent:
        lines += ["", f"Not in the catalogue yet: {', '.join(f'`{name}`' for name in summary.absent)}."]
    if summary.gate is not None:
        state = "held" if summary.gate.held else "did not hold"
        lines += ["", f"The gate {state}, over {summary.gate.cases} cases of the baseline."]
        lines += [f"- {reason}" for reason in summary.gate.reasons]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Strip:
    """One miss or false alarm with its pictures."""

    kind: str
    check: str
    text: str
    frames: tuple[tuple[str, str], ...]


def _as_html(summary: Summary) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(interval=interval, figure=figure, milliseconds=milliseconds)
    strips = list(_strips(summary))
    return environment.get_template("detect.html.j2").render(summary=summary, strips=strips, percent=_percent)


def _percent(value: float) -> float:
    return 0.0 if math.isnan(value) else round(100 * value, 1)


def _strips(summary: Summary) -> Iterable[_Strip]:
    """The worst misses: of the clearest defects first, then false alarms of the worst severity."""
    misses = [("missed", s.check, miss) for s in summary.scores for miss in s.misses]
    misses.sort(key=lambda item: item[2].result.fixture.recipe.level)
    false = [("false alarm", s.check, miss) for s in summary.scores for miss in s.false_alarms]
    false.sort(
        key=lambda item: {"critical": 0, "major": 1}.get(item[2].event.floor if item[2].event else "", 2)
    )
    for kind, check, miss in [*misses[: MAX_STRIPS // 2], *false[: MAX_STRIPS // 2]]:
        yield _Strip(kind, check, line_of(miss), tuple(_pictures(miss)))


def _pictures(miss: Miss) -> Iterable[tuple[str, str]]:
    """Caption and data of the pictures before, at, inside and after."""
    span = miss.truth or miss.event
    if span is None:
        return
    start_s, end_s = span.start_s, span.end_s
    times = (max(0.0, start_s - AROUND_S), start_s + 0.001, (start_s + end_s) / 2, end_s + AROUND_S)
    stills: Sequence[Still] = grab(str(miss.result.fixture.path), "v:0", sorted(set(times)))
    for still in stills:
        yield f"{still.time_s:.2f} s", base64.b64encode(still.jpeg).decode()
