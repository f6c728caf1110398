"""``python -m evals detect``: what to run, and what to do with the figures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from evals.detect.cases import SPLITS, clean_hour, quick, recipes, select
from evals.detect.fixtures import cache_folder
from evals.detect.injectors import INJECTORS
from evals.detect.running import prune, run
from evals.detect.scoring import alarms, score
from evals.detect.tables import print_details, print_scores
from evals.detect.values import Recipe, Result
from pipeline.checks import CHECKS

__all__ = ["main", "parser"]


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="python -m evals", description="Runs a suite of the offline evals."
    )
    options.add_argument("suite", choices=("detect",), help="which suite")
    options.add_argument("--split", choices=(*SPLITS, "all"), default="test", help="which clips")
    options.add_argument("--check", nargs="+", action="extend", default=[], metavar="ID", help="only these")
    options.add_argument("--case", metavar="TEXT", default="", help="only clips whose id contains this")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    options.add_argument("--quick", action="store_true", help="the subset that CI runs")
    options.add_argument("--hour", action="store_true", help="an hour's equivalent of clean content as well")
    options.add_argument("--out", type=Path, metavar="FOLDER", help="write JSON, Markdown and HTML there")
    options.add_argument("--gate", action="store_true", help="fail where figures fell against the baseline")
    options.add_argument("--accept", action="store_true", help="make these figures the baseline")
    options.add_argument("--cache", type=Path, default=None, metavar="FOLDER", help="where fixtures are kept")
    options.add_argument("--paths", action="store_true", help="print the file of each clip that is listed")
    return options


def chosen(arguments: argparse.Namespace) -> list[Recipe]:
    """The recipes that the options ask for."""
    splits = SPLITS if arguments.split == "all" else (arguments.split,)
    found: list[Recipe] = []
    for split in splits:
        if arguments.quick:
            found += quick(split)
        elif arguments.check:
            found += select(arguments.check, split)
        else:
            found += recipes(split)
        if arguments.hour:
            found += clean_hour(split)
    return [recipe for recipe in found if arguments.case in recipe.id]


def main(argv: Sequence[str]) -> int:
    """Runs the suite; 0 if it ran (and the gate held), 1 if the gate did not hold, 2 on wrong usage."""
    arguments = parser().parse_args(argv)
    console = Console(stderr=True)
    known = {injector.check for injector in INJECTORS.values()} | set(CHECKS)
    unknown = [check for check in arguments.check if check not in known]
    if unknown:
        print(f"there is no check {unknown[0]!r}", file=sys.stderr)
        return 2
    cache = arguments.cache or cache_folder()
    results = _run(chosen(arguments), cache, arguments.jobs, console)
    report(results, arguments)
    prune(cache)
    return 0


def _run(wanted: Sequence[Recipe], cache: Path, jobs: int, console: Console) -> list[Result]:
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{len(wanted)} clips", total=len(wanted))
        return run(
            wanted, cache, jobs=jobs, on_done=lambda done, total: progress.update(task, completed=done)
        )


def report(results: Sequence[Result], arguments: argparse.Namespace) -> None:
    """Prints the figures."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    wanted = arguments.check or list(dict.fromkeys(injector.check for injector in INJECTORS.values()))
    absent = [check for check in wanted if check not in CHECKS]
    scores = [score(results, check) for check in wanted if check in CHECKS]
    print_scores(console, scores, alarms(results, list(CHECKS)), absent)
    if arguments.check or arguments.case:
        print_details(console, scores, paths=arguments.paths)
