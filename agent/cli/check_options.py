"""The options of ``vidette check`` that no other command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.settings import TriageName
from agent.verdict import Severity
from pipeline.model import Mode

__all__ = [
    "MOST_JOBS",
    "ContextOption",
    "FailOnOption",
    "HtmlOption",
    "InputsArgument",
    "JobsOption",
    "JunitOption",
    "KeepSeriesOption",
    "ModeOption",
    "ModelOption",
    "NoStoreOption",
    "NotifyOption",
    "PolicyOption",
    "QuietOption",
    "TriageOption",
]

MOST_JOBS = 8
"""More are not taken unasked: each is a process with pictures of its own in memory."""

InputsArgument = Annotated[
    list[str], typer.Argument(metavar="INPUT...", help="Files or URLs.", show_default=False)
]

HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a report for people.", show_default=False),
]

JunitOption = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write a JUnit file for CI.", show_default=False),
]

KeepSeriesOption = Annotated[
    Path | None,
    typer.Option(
        "--keep-series",
        metavar="FOLDER",
        help="Keep the measurements for 'vidette replay': the folder of one input's, or a folder "
        "that is there already, or will hold those of several inputs.",
        show_default=False,
    ),
]

FailOnOption = Annotated[Severity, typer.Option("--fail-on", help="Exit with 1 from this severity on.")]

JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=64,
        help=f"Cores to use, across inputs and within one. [as many as there are, up to {MOST_JOBS}]",
        show_default=False,
    ),
]

ModeOption = Annotated[
    Mode,
    typer.Option("--mode", help="All pictures, or key frames and what is odd around them."),
]

TriageOption = Annotated[
    TriageName | None,
    typer.Option("--triage", help="Which backend judges. [VIDETTE_TRIAGE; auto]", show_default=False),
]

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="GGUF, or a folder. [VIDETTE_MODEL]", show_default=False),
]

PolicyOption = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="Policy in TOML. [VIDETTE_POLICY]", show_default=False),
]

ContextOption = Annotated[
    Path | None,
    typer.Option(
        "--context",
        metavar="FILE",
        help="What is known of the inputs: tier, schedule, notes. [VIDETTE_CONTEXT]",
        show_default=False,
    ),
]

NotifyOption = Annotated[
    Path | None,
    typer.Option(
        "--notify", metavar="FILE", help="Tell what is found, as this file says.", show_default=False
    ),
]

NoStoreOption = Annotated[bool, typer.Option("--no-store", help="Keep nothing.")]

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No tables and no progress.")]
