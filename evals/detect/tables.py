"""The figures on a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.detect.scoring import Alarms, Interval, Miss, Score

__all__ = ["figure", "interval", "line_of", "print_details", "print_scores"]


def figure(value: float, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def interval(value: Interval, digits: int = 2) -> str:
    """``0.95 (0.90-0.99)``."""
    if math.isnan(value.low):
        return figure(value.value, digits)
    return f"{figure(value.value, digits)} ({figure(value.low, digits)}-{figure(value.high, digits)})"


def milliseconds(pair: tuple[float, float]) -> str:
    """Median and 95th percentile."""
    return " / ".join("-" if math.isnan(value) else f"{1000 * value:.0f}" for value in pair)


def print_scores(console: Console, scores: Sequence[Score], clean: Alarms, absent: Sequence[str]) -> None:
    """One row a check, and what was said of clean content."""
    table = Table(title="detect: each check against what was put in", title_justify="left")
    for name in (
        "check",
        "clips",
        "found",
        "false",
        "precision",
        "recall",
        "F1",
        "bar",
        "onset ms",
        "end ms",
    ):
        table.add_column(name, justify="left" if name == "check" else "right", no_wrap=True)
    for item in scores:
        short = item.bar is not None and not item.f1.value >= item.bar
        table.add_row(
            item.check,
            str(item.clips),
            f"{item.found}/{item.truths}",
            str(item.false),
            interval(item.precision),
            interval(item.recall),
            Text(interval(item.f1), style="red" if short else "green" if item.bar else ""),
            figure(item.bar) if item.bar else "",
            milliseconds(item.onset_s),
            milliseconds(item.end_s),
        )
    console.print(table)
    if absent:
        console.print(f"no such check yet: {', '.join(absent)}")
    console.print(
        f"clean content: {clean.count} false incidents of severity major or worse in {clean.hours:.2f} h, "
        f"{interval(clean.rate_per_hour)} an hour; {clean.any_count} of any severity"
    )
    for miss in clean.which[:20]:
        console.print("  " + line_of(miss), soft_wrap=True, highlight=False)


def print_details(console: Console, scores: Sequence[Score], *, paths: bool) -> None:
    """Every miss and every false alarm, with its times and values."""
    for item in scores:
        for title, misses in (("missed", item.misses), ("false alarms", item.false_alarms)):
            if misses:
                console.print(f"{item.check}: {title}", style="bold")
            for miss in misses:
                console.print("  " + line_of(miss), soft_wrap=True, highlight=False)
                if paths:
                    console.print(f"    {miss.result.fixture.path}", soft_wrap=True, highlight=False)


def line_of(miss: Miss) -> str:
    """What was missed or told without cause, where, and with which values."""
    fixture = miss.result.fixture
    recipe = fixture.recipe
    where = f"{recipe.id} ({recipe.scene or 'trap'}, {recipe.width}x{recipe.height})"
    if miss.truth is not None:
        truth = miss.truth
        others = ", ".join(
            f"{e.check} {e.start_s:.2f}-{e.end_s:.2f}" for e in miss.result.found if e.check == truth.check
        )
        said = f"; told {others}" if others else ""
        error = f"; {miss.result.error}" if miss.result.error else ""
        return f"{where}: {truth.kind} {truth.start_s:.3f}-{truth.end_s:.3f}{said}{error}"
    event = miss.event
    if event is None:
        return where
    facts = ", ".join(f"{name}={value}" for name, value in event.evidence.items())
    truths = ", ".join(f"{t.check} {t.start_s:.2f}-{t.end_s:.2f}" for t in fixture.truths)
    return (
        f"{where}: {event.check} {event.start_s:.3f}-{event.end_s:.3f} {event.value:g} {event.unit} "
        f"({event.floor}, confidence {event.confidence:g}; {facts})" + (f"; truth {truths}" if truths else "")
    )
