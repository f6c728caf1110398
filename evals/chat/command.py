"""``python -m evals chat``: ask, grade, print, and hold against the bar."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.query.guided import local_reader
from evals.chat.questions import load_questions
from evals.chat.running import over_chat
from evals.chat.scoring import Graded, Score, score
from evals.detect.tables import interval

__all__ = ["BARS", "main"]

BARS = {"rows": 0.95, "refused": 0.95}
"""Right rows and right refusals, of those asked for."""

SPLITS = ("tune", "test")


def main(argv: Sequence[str]) -> int:
    """Runs the suite; 0 if it ran (and the gate held), 1 if the gate did not hold."""
    options = argparse.ArgumentParser(prog="python -m evals chat", description="Asks the chat questions.")
    options.add_argument("--split", choices=(*SPLITS, "all"), default="test", help="which phrasings")
    options.add_argument("--quick", action="store_true", help="what CI runs: it is all of it")
    options.add_argument("--reader", choices=("rules", "guidance_local"), default="rules", help="who reads")
    options.add_argument("--gate", action="store_true", help="fail where a figure is under its bar")
    options.add_argument("--out", type=Path, metavar="FOLDER", help="write chat.json and chat.md there")
    options.add_argument("--misses", action="store_true", help="list what went wrong")
    arguments = options.parse_args(argv)
    splits = SPLITS if arguments.split == "all" else (arguments.split,)
    questions = [question for question in load_questions() if question.split in splits]
    graded = over_chat(questions, local_reader() if arguments.reader == "guidance_local" else None)
    figures = score(graded)
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(_table(figures, arguments.split))
    if arguments.misses:
        for item in graded:
            if not item.right:
                print(_miss(item))
    if arguments.out:
        _write(figures, graded, arguments.out)
    held = _held(figures)
    if arguments.gate:
        print(f"gate: {'held' if held else 'did not hold'} over {figures.questions} questions")
    return 0 if held or not arguments.gate else 1


def _held(figures: Score) -> bool:
    return (
        figures.rows.value >= BARS["rows"]
        and figures.refused.value >= BARS["refused"]
        and figures.foreign == 0
    )


def _rows(figures: Score) -> list[tuple[str, str, str]]:
    return [
        ("right rows", interval(figures.rows), f"{BARS['rows']:.2f}"),
        ("right refusals", interval(figures.refused), f"{BARS['refused']:.2f}"),
        ("exact queries", interval(figures.exact), ""),
        ("answers with rows that cite them", interval(figures.cited), ""),
        ("answers with a row that is not their query's", str(figures.foreign), "0"),
        ("read by rules", f"{figures.by_rules} of {figures.questions}", ""),
        ("median time", f"{figures.p50_s * 1000:.0f} ms", "1500 ms"),
        ("median time, by rules", f"{figures.p50_rules_s * 1000:.0f} ms", "50 ms"),
        ("95th percentile", f"{figures.p95_s * 1000:.0f} ms", ""),
    ]


def _table(figures: Score, split: str) -> Table:
    table = Table(title=f"chat, {split} split, {figures.questions} questions")
    for name in ("figure", "value (95 % interval)", "asked"):
        table.add_column(name)
    for row in _rows(figures):
        table.add_row(*row)
    return table


def _miss(item: Graded) -> str:
    question, answer = item.question, item.answer
    wanted = question.query.model_dump_json(exclude_defaults=True) if question.query else question.refusals
    got = answer.query.model_dump_json(exclude_defaults=True) if answer.query else answer.text
    return f"  {question.id}: {question.text}\n    wanted {wanted}\n    got    {got}"


def _write(figures: Score, graded: Sequence[Graded], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "suite": "chat",
        "figures": asdict(figures),
        "questions": [
            {
                "id": item.question.id,
                "text": item.question.text,
                "right": item.right,
                "exact": item.exact,
                "read_by": item.answer.read_by,
                "answer": item.answer.text,
                "ms": round(item.seconds * 1000, 1),
            }
            for item in graded
        ],
    }
    (folder / "chat.json").write_text(json.dumps(document, indent=2), "utf-8")
    lines = ["| figure | value (95 % interval) | asked |", "|---|--:|--:|"]
    lines += [f"| {' | '.join(row)} |" for row in _rows(figures)]
    (folder / "chat.md").write_text("\n".join(lines) + "\n", "utf-8")
