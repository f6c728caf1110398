"""``vidette check``: scan inputs once, judge what is found, show it and keep it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import DbOption, JsonOption, ProfileOption, state_of
from agent.settings import TriageName, model_options
from agent.verdict import Severity
from pipeline.early import begun_early
from pipeline.model import Mode

__all__ = ["check", "cores"]

MOST_JOBS = 8
"""More are not taken unasked: each is a process with pictures of its own in memory."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check(
    context: typer.Context,
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Files or URLs.", show_default=False)
    ],
    profile: ProfileOption = "default",
    json_document: JsonOption = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a report for people.", show_default=False),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write a JUnit file for CI.", show_default=False),
    ] = None,
    keep_series: Annotated[
        Path | None,
        typer.Option(
            "--keep-series",
            metavar="FOLDER",
            help="Keep the measurements for 'vidette replay': the folder of one input's, or a folder "
            "that is there already, or will hold those of several inputs.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        Severity, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = Severity.MAJOR,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=64,
            help=f"Cores to use, across inputs and within one. [as many as there are, up to {MOST_JOBS}]",
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        Mode,
        typer.Option("--mode", help="All pictures, or key frames and what is odd around them."),
    ] = Mode.FULL,
    triage: Annotated[
        TriageName | None,
        typer.Option("--triage", help="Which backend judges. [VIDETTE_TRIAGE; auto]", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", metavar="FILE", help="GGUF, or a folder. [VIDETTE_MODEL]", show_default=False
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Policy in TOML. [VIDETTE_POLICY]", show_default=False),
    ] = None,
    knowledge: Annotated[
        Path | None,
        typer.Option(
            "--context",
            metavar="FILE",
            help="What is known of the inputs: tier, schedule, notes. [VIDETTE_CONTEXT]",
            show_default=False,
        ),
    ] = None,
    notify: Annotated[
        Path | None,
        typer.Option(
            "--notify", metavar="FILE", help="Tell what is found, as this file says.", show_default=False
        ),
    ] = None,
    db: DbOption = None,
    no_store: Annotated[bool, typer.Option("--no-store", help="Keep nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables and no progress.")] = False,
) -> None:
    """Scan files or URLs once, judge what is found, show it and keep it.

    Exit status: 0 nothing at or above --fail-on, 1 something is, 2 wrong usage or configuration,
    3 an input could not be assessed. All inputs are scanned, and the highest status applies.
    """
    jobs = jobs or min(cores(), MOST_JOBS)
    with begun_early(inputs, jobs if mode is Mode.FULL else 1) as zygote:
        # Decoders and kernels take a second to load: not for --help, nor before workers load theirs.
        from agent.cli.checking import CheckRequest, run_check

        settings = state_of(context).settings
        request = CheckRequest(
            inputs=tuple(inputs),
            profile=profile,
            json_document=json_document,
            html=html,
            junit=junit,
            keep_series=keep_series,
            fail_on=fail_on,
            jobs=jobs,
            mode=mode,
            triage=triage or settings.triage,
            model=model_options(settings, model=model),
            policy=policy or settings.policy,
            context=knowledge or settings.context,
            store=None if no_store else db or settings.store_url,
            quiet=quiet,
            notify=notify,
            zygote=zygote,
        )
        raise typer.Exit(run_check(request))
