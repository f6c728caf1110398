"""``vidette check``: scan inputs once, judge what is found, show it and keep it."""

from __future__ import annotations

import os

import typer

from agent.cli.check_options import (
    MOST_JOBS,
    ContextOption,
    FailOnOption,
    HtmlOption,
    InputsArgument,
    JobsOption,
    JunitOption,
    KeepSeriesOption,
    ModelOption,
    ModeOption,
    NoStoreOption,
    NotifyOption,
    PolicyOption,
    QuietOption,
    TriageOption,
)
from agent.cli.options import DbOption, JsonOption, ProfileOption, state_of
from agent.settings import model_options
from agent.verdict import Severity
from pipeline.early import begun_early
from pipeline.model import Mode

__all__ = ["check", "cores"]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check(
    context: typer.Context,
    inputs: InputsArgument,
    profile: ProfileOption = "default",
    json_document: JsonOption = False,
    html: HtmlOption = None,
    junit: JunitOption = None,
    keep_series: KeepSeriesOption = None,
    fail_on: FailOnOption = Severity.MAJOR,
    jobs: JobsOption = None,
    mode: ModeOption = Mode.FULL,
    triage: TriageOption = None,
    model: ModelOption = None,
    policy: PolicyOption = None,
    knowledge: ContextOption = None,
    notify: NotifyOption = None,
    db: DbOption = None,
    no_store: NoStoreOption = False,
    quiet: QuietOption = False,
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
