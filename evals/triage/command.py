"""``python -m evals triage | security | compare``: which backends and cases, and what is done with it."""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from agent.models import BACKENDS, ModelOptions, open_model
from agent.query.readers import question_reader
from evals.detect.gate import Verdict, load
from evals.triage.cases import SPLITS, EvalCase, load_cases, sampled
from evals.triage.controls import CONTROLS
from evals.triage.gate import accept, held_against, rows_of
from evals.triage.injections import Attack, load_injections, run_injections
from evals.triage.report import Summary, print_summary, write_reports
from evals.triage.running import Outcome, run
from evals.triage.scoring import score
from pipeline.errors import UsageError

__all__ = ["SUITES", "main", "parser"]

SUITES = ("triage", "security", "compare")
COMPARED = ("rules", "guidance_local", "guidance_transformers", "langchain_openai")
QUICK = 5
"""The local model judges every fifth case of the quick run."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one backend did, in a process of its own; ``memory_mib`` is the most that it held."""

    outcomes: list[Outcome]
    attacks: list[Attack]
    memory_mib: float


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="python -m evals", description="Runs a suite of the offline evals."
    )
    options.add_argument("suite", choices=SUITES, help="which suite")
    options.add_argument("--split", choices=(*SPLITS, "all"), default="test", help="which cases")
    options.add_argument(
        "--backend", action="append", default=[], metavar="NAME", help="this backend; may be repeated"
    )
    options.add_argument("--case", metavar="TEXT", default="", help="only cases whose id contains this")
    options.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th case")
    options.add_argument("--sample", type=int, metavar="N", help="only N cases, of each severity and trap")
    options.add_argument("--remote-url", metavar="URL", help="the endpoint of langchain_openai, up to /v1")
    options.add_argument("--remote-model", default="local", metavar="NAME", help="what it calls its model")
    options.add_argument("--cache", type=Path, metavar="FOLDER", help="for the de-quantised embedded model")
    options.add_argument("--quick", action="store_true", help="what CI runs: the rules, and a few cases more")
    options.add_argument("--out", type=Path, metavar="FOLDER", help="write JSON, Markdown and HTML there")
    options.add_argument("--gate", action="store_true", help="fail where figures fell against the baseline")
    options.add_argument("--accept", action="store_true", help="make these figures the baseline")
    return options


def main(argv: Sequence[str]) -> int:
    """Runs the suite; 0 if it ran (and the gate held), 1 if the gate did not hold, 2 on wrong usage."""
    arguments = parser().parse_args(argv)
    wanted = arguments.backend or list(
        COMPARED if arguments.suite == "compare" else ("rules", "guidance_local")
    )
    known = {*BACKENDS, *CONTROLS}
    if unknown := [name for name in wanted if name not in known]:
        if arguments.backend:
            print(
                f"evals: there is no backend {unknown[0]!r}; there are {', '.join(sorted(known))}",
                file=sys.stderr,
            )
            return 2
        wanted = [name for name in wanted if name in known]
    splits = SPLITS if arguments.split == "all" else (arguments.split,)
    cases = [case for case in load_cases() if case.split in splits and arguments.case in case.id]
    cases = cases[:: max(arguments.every, 1)]
    cases = cases if arguments.sample is None else sampled(cases, max(arguments.sample, 1))
    if not cases:
        print(f"evals: no case has {arguments.case!r} in its id", file=sys.stderr)
        return 2
    summary = _summary(arguments, splits, cases, wanted)
    print_summary(Console(width=None if sys.stdout.isatty() else 140), summary)
    if arguments.out:
        write_reports(summary, arguments.out)
    if arguments.accept:
        for name in {*summary.outcomes, *summary.attacks}:
            accept(name, rows_of(summary.outcomes.get(name, ())), summary.attacks.get(name, ()))
    return 0 if summary.gate is None or summary.gate.held else 1


def _summary(
    arguments: argparse.Namespace, splits: tuple[str, ...], cases: Sequence[EvalCase], wanted: Sequence[str]
) -> Summary:
    """Each backend in turn, each in a fresh process: so its memory is its own."""
    summary = Summary(suite=arguments.suite, splits=splits)
    left_out = []
    for name in wanted:
        mine = [case.id for case in (cases[::QUICK] if arguments.quick and name != "rules" else cases)]
        try:
            ids = [] if arguments.suite == "security" else mine
            part = _apart(name, ids, _attacking(arguments, name), _options(arguments))
        except UsageError as exc:
            left_out.append(f"left out: {exc}")
            continue
        if part.outcomes:
            summary.outcomes[name] = part.outcomes
        if part.attacks:
            summary.attacks[name] = part.attacks
        summary.memory_mib[name] = part.memory_mib
    scores = tuple(score(name, found) for name, found in summary.outcomes.items())
    gate = _gate(summary, cases) if arguments.gate else None
    return replace(summary, scores=scores, gate=gate, left_out=tuple(left_out))


def _attacking(arguments: argparse.Namespace, name: str) -> bool:
    return arguments.suite in ("security", "compare") or (arguments.quick and name == "rules")


def _gate(summary: Summary, cases: Sequence[EvalCase]) -> Verdict:
    baseline = load()
    held = [
        held_against(
            name,
            rows_of(summary.outcomes.get(name, ())),
            cases,
            baseline,
            summary.attacks.get(name, ()),
        )
        for name in dict.fromkeys((*summary.outcomes, *summary.attacks))
    ]
    reasons = tuple(reason for verdict in held for reason in verdict.reasons)
    return Verdict(not reasons, sum(verdict.cases for verdict in held), reasons)


def _options(arguments: argparse.Namespace) -> ModelOptions:
    return ModelOptions(
        remote_url=arguments.remote_url, remote_model=arguments.remote_model, cache=arguments.cache
    )


def _apart(name: str, ids: Sequence[str], attacking: bool, options: ModelOptions) -> _Part:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_part, name, tuple(ids), attacking, options).result()


def _part(name: str, ids: tuple[str, ...], attacking: bool, options: ModelOptions) -> _Part:
    by_id = {case.id: case for case in load_cases()}
    model = CONTROLS[name](name) if name in CONTROLS else open_model(name, options)
    outcomes = run([by_id[one] for one in ids], model)
    reader = question_reader(name, options) if name == "guidance_local" else None
    attacks = run_injections(model, load_injections(), reader=reader) if attacking else []
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return _Part(outcomes, attacks, round(peak_mib, 1))
