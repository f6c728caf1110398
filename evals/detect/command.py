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
from evals.detect.codings import CODINGS
from evals.detect.fixtures import cache_folder
from evals.detect.gate import accept, case_rows, held_against, load
from evals.detect.injectors import INJECTORS
from evals.detect.patrol import long_truths, on_patrol, score_patrol
from evals.detect.report import Summary, write_reports
from evals.detect.running import prune, run
from evals.detect.scoring import alarms, score
from evals.detect.tables import interval, print_details, print_scores
from evals.detect.values import Recipe, Result
from pipeline.checks import CHECKS

__all__ = ["chosen", "main", "parser", "summarise"]


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
    options.add_argument(
        "--patrol", action="store_true", help="what a patrol finds of the defects of two GOPs and more"
    )
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
    known = {injector.check for injector in INJECTORS.values()} | set(CHECKS)
    unknown = [check for check in arguments.check if check not in known]
    if unknown or arguments.jobs < 1:
        problem = f"there is no check {unknown[0]!r}" if unknown else "--jobs must be at least 1"
        print(f"evals: {problem}", file=sys.stderr)
        return 2
    cache = arguments.cache or cache_folder()
    results = _run(chosen(arguments), cache, arguments.jobs, Console(stderr=True))
    if arguments.patrol:
        _print_patrol(results, cache, arguments.jobs)
        return 0
    summary = summarise(results, arguments)
    _print(summary, arguments)
    if arguments.out:
        write_reports(summary, arguments.out)
    if arguments.accept:
        accept(results, summary.scores, summary.clean, list(CHECKS))
    prune(cache)
    return 0 if summary.gate is None or summary.gate.held else 1


def _print_patrol(results: Sequence[Result], cache: Path, jobs: int) -> None:
    long = [result for result in results if long_truths(result.fixture)]
    patrol = run([result.fixture.recipe for result in long], cache, jobs=jobs, detector=on_patrol)
    for gop_s in sorted({CODINGS[result.fixture.recipe.coding].gop_s for result in long}):
        pairs = [
            (whole, quick)
            for whole, quick in zip(long, patrol, strict=True)
            if CODINGS[whole.fixture.recipe.coding].gop_s == gop_s
        ]
        found = score_patrol(pairs)
        for case, truth in found.missed:
            print(f"  missed: {case}: {truth.check} {truth.start_s:.2f}-{truth.end_s:.2f} {truth.kind}")
        print(
            f"patrol, a key frame every {gop_s:g} s: {found.patrol} of the {found.full} defects of two GOPs "
            f"or longer that a full scan found ({found.truths} there are), {interval(found.recall)}"
        )


def _run(wanted: Sequence[Recipe], cache: Path, jobs: int, console: Console) -> list[Result]:
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{len(wanted)} clips", total=len(wanted))
        return run(
            wanted, cache, jobs=jobs, on_done=lambda done, total: progress.update(task, completed=done)
        )


def summarise(results: Sequence[Result], arguments: argparse.Namespace) -> Summary:
    """The figures of a run, and whether the gate held."""
    wanted = arguments.check or list(dict.fromkeys(injector.check for injector in INJECTORS.values()))
    # The hour of clean content counts in the false alarms an hour; in precision it would drown the defects.
    judged = [result for result in results if result.fixture.recipe.family != "hour"]
    gate = held_against(case_rows(results, list(CHECKS)), load()) if arguments.gate else None
    return Summary(
        title="vidette evals: detect",
        splits=tuple(dict.fromkeys(result.fixture.recipe.split for result in results)),
        clips=len(results),
        hours=sum(result.fixture.duration_s for result in results) / 3600,
        scores=tuple(score(judged, check) for check in wanted if check in CHECKS),
        clean=alarms(results, list(CHECKS)),
        absent=tuple(check for check in wanted if check not in CHECKS),
        gate=gate,
    )


def _print(summary: Summary, arguments: argparse.Namespace) -> None:
    console = Console(width=None if sys.stdout.isatty() else 140)
    print_scores(console, summary.scores, summary.clean, summary.absent)
    if arguments.check or arguments.case:
        print_details(console, summary.scores, paths=arguments.paths)
    if summary.gate is not None:
        print(f"gate: {'held' if summary.gate.held else 'did not hold'} over {summary.gate.cases} cases")
        for reason in summary.gate.reasons:
            print(f"  {reason}")
