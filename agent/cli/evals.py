"""``vidette eval``: runs the offline evals, in a process of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import UsageError

__all__ = ["Split", "Suite", "run_evals"]

NEEDED = {"evals": "evals", "scipy": "scipy", "sklearn": "scikit-learn"}


class Suite(StrEnum):
    """The suites there are."""

    DETECT = "detect"
    TRIAGE = "triage"
    SECURITY = "security"
    COMPARE = "compare"
    CHAT = "chat"


class Split(StrEnum):
    """Which clips or cases: those that thresholds are tuned on, those that are reported, or both."""

    TUNE = "tune"
    TEST = "test"
    ALL = "all"


def run_evals(
    suite: Annotated[Suite, typer.Option("--suite", help="Which suite.")] = Suite.DETECT,
    split: Annotated[Split, typer.Option("--split", help="Which clips or cases.")] = Split.TEST,
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="ID", help="Only this check; may be repeated.", show_default=False),
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend", metavar="NAME", help="Only this triage backend; may be repeated.", show_default=False
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, max=64, help="Processes.", show_default="one a core"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="Write JSON, Markdown and HTML there.", show_default=False
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the subset that CI runs.")] = False,
    hour: Annotated[bool, typer.Option("--hour", help="An hour of clean content as well.")] = False,
    gate: Annotated[
        bool, typer.Option("--gate", help="End with 1 where figures fell against the baseline.")
    ] = False,
) -> None:
    """Measure how much the checks find and how good the verdicts are, against known answers.

    detect: what each check finds of defects that were put in. triage: whether verdicts are those of an
    operator. security: whether orders hidden in text change any. compare: all of triage, side by side.
    chat: whether questions become the right queries and answers the right rows.

    Exit status: 0 it ran (and the gate held), 1 the gate did not hold, 2 wrong usage.
    """
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(f"the evals need {', '.join(missing)}: pip install 'vidette[evals]'")
    command = [sys.executable, "-m", "evals", str(suite), "--split", str(split)]
    if suite in (Suite.DETECT, Suite.CHAT) and backend:
        raise UsageError("--backend is for the suites triage, security and compare")
    if suite is not Suite.DETECT and (check or jobs or hour):
        raise UsageError("--check, --jobs and --hour are for the suite detect")
    command += [word for name in check or () for word in ("--check", name)]
    command += [word for name in backend or () for word in ("--backend", name)]
    command += ["--jobs", str(jobs)] if jobs else []
    command += ["--out", str(out)] if out else []
    command += [f"--{name}" for name, wanted in (("quick", quick), ("hour", hour), ("gate", gate)) if wanted]
    # The evals may import all of vidette, and nothing of vidette imports them.
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603
