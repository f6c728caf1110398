"""What ``vidette check`` does: prepare, scan all inputs, show each, write the reports, say how it went."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from agent.cli.outputs import require_writable, series_folders, write_file
from agent.cli.stopping import Stopping
from agent.cli.terminal import print_json, problem, results_console, status_console
from agent.context_file import ContextFile, load_context
from agent.jobs.evidence import keep_evidence
from agent.models import BACKENDS, ModelOptions, open_model
from agent.policy import load_policy
from agent.progress import ScanProgress
from agent.report.document import render_json, report_document
from agent.report.filmstrips import Filmstrip, filmstrips_for
from agent.report.html import render_html
from agent.report.junit import render_junit
from agent.report.table import assessment_view, safe
from agent.report.words import plural
from agent.service import Outcome, Service
from agent.settings import TriageName
from agent.store import Store, StoreError
from agent.verdict import Assessment, Severity
from pipeline.errors import UsageError
from pipeline.model import Mode, ScanStatus
from pipeline.profile import load_profile
from pipeline.text import clean
from pipeline.workers import Workers
from pipeline.zygote import Zygote

if TYPE_CHECKING:
    from agent.paging import Paging

__all__ = ["CheckRequest", "exit_status", "run_check"]


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What the command line and the settings ask for; ``store`` is None where nothing is kept."""

    inputs: tuple[str, ...]
    profile: str = "default"
    json_document: bool = False
    html: Path | None = None
    junit: Path | None = None
    keep_series: Path | None = None
    fail_on: Severity = Severity.MAJOR
    jobs: int = 1
    mode: Mode = Mode.FULL
    triage: TriageName = TriageName.AUTO
    model: ModelOptions = field(default_factory=ModelOptions)
    policy: Path | None = None
    context: Path | None = None
    store: str | None = None
    quiet: bool = False
    notify: Path | None = None
    zygote: Zygote | None = None
    """The start of the workers, where it is made already."""


def run_check(request: CheckRequest) -> int:
    """Do it, and give the exit status.

    Raises:
        UsageError: something that was asked for cannot be had; nothing was scanned.
    """
    if request.model.model is not None and not request.model.model.exists():
        raise UsageError(f"there is no model file {clean(str(request.model.model))!r}")
    for option, path in (("--html", request.html), ("--junit", request.junit)):
        require_writable(option, path)
    if request.keep_series is not None and request.mode is Mode.PATROL:
        raise UsageError("--keep-series keeps every picture, and --mode patrol does not measure them all")
    profile, policy = load_profile(request.profile), load_policy(request.policy)
    contexts = load_context(request.context) if request.context else ContextFile()
    if request.notify is not None and request.store is None:
        raise UsageError("--notify tells what is stored, so it does not go with --no-store")
    load_model = partial(open_model, request.triage.value, request.model)
    backend = BACKENDS.get(request.triage.value)
    if backend is not None and backend.missing:
        load_model()  # raises, and says what to install
    with (
        Store.open(request.store) if request.store else nullcontext() as store,
        Stopping() as stopping,
        _workers(request) as workers,
    ):
        service = Service(
            profile,
            policy,
            store,
            load_model,
            workers,
            threads=1,
            mode=request.mode,
            contexts=contexts,
        )
        paging = _paging(request, store)
        outcomes = _check_all(request, service, stopping)
        unkept = _write_reports(request, outcomes, store)
        if paging is not None:
            paging.deliver()
    begun = len(outcomes)
    if begun < len(request.inputs):
        problem(f"{plural(len(request.inputs) - begun, 'input')} not begun")
    if unkept:
        problem(unkept)
    return exit_status(outcomes, request.fail_on) if stopping.status is None else stopping.status


def _workers(request: CheckRequest) -> AbstractContextManager[Workers | None]:
    """Processes for all inputs together; none where one job does everything."""
    return (
        Workers(request.jobs, min(request.jobs, len(request.inputs)), request.zygote)
        if request.jobs > 1
        else nullcontext()
    )


def _paging(request: CheckRequest, store: Store | None) -> Paging | None:
    """Who tells what this check finds; None where nobody is to be told."""
    if request.notify is None or store is None:
        return None
    from agent.notify.tree import load_tree
    from agent.paging import Paging, open_places

    tree = load_tree(request.notify)
    paging = Paging(store, tree, open_places(tree))
    paging.begin()
    return paging


def exit_status(outcomes: Sequence[Outcome], fail_on: Severity) -> int:
    """The highest that applies: 3 not assessable, 2 a problem beside the scan, 1 a defect, 0."""
    if any(outcome.assessment.scan.status is ScanStatus.NOT_ASSESSABLE for outcome in outcomes):
        return 3
    if any(outcome.problems for outcome in outcomes):
        return 2
    return int(any(_worst_rank(outcome.assessment) >= fail_on.rank for outcome in outcomes))


def _check_all(request: CheckRequest, service: Service, stopping: Stopping) -> list[Outcome]:
    """Check every input, and show each as soon as it and those before it are done."""
    console = results_console()
    tables = not (request.quiet or request.json_document)
    outcomes: list[Outcome] = []
    told: set[str] = set()
    with ScanProgress(status_console(), quiet=request.quiet) as progress:
        for outcome in _outcomes(request, service, progress, stopping.event):
            outcomes.append(outcome)
            new = [line for line in outcome.problems if line not in told]
            told.update(new)
            with progress.hidden():
                _show(console if tables else None, outcome, new)
    if tables and len(outcomes) > 1:
        console.print(safe(_summary(outcomes, request.fail_on), "bold"))
    return outcomes


def _outcomes(
    request: CheckRequest, service: Service, progress: ScanProgress, stop: threading.Event
) -> Iterator[Outcome]:
    """The outcome of every input that was begun, in the order of the command line."""
    folders = series_folders(request.keep_series, request.inputs)

    def check(url: str, folder: Path | None) -> Outcome | None:
        if stop.is_set():
            return None
        with progress.scan(url) as tell:
            return service.check(
                url, keep_series=folder, on_progress=tell, stop=stop, signals=request.html is not None
            )

    # Scans run in threads so that the main one is free to take Ctrl-C while a decoder waits for data.
    pool = ThreadPoolExecutor(min(request.jobs, len(request.inputs)))
    finished = False
    try:
        for outcome in pool.map(check, request.inputs, folders):
            if outcome is not None:
                yield outcome
        finished = True
    finally:
        if not finished:
            stop.set()
        pool.shutdown(cancel_futures=True)


def _show(console: Console | None, outcome: Outcome, problems: Sequence[str]) -> None:
    scan = outcome.assessment.scan
    if console is not None:
        console.print(assessment_view(outcome.assessment, model=outcome.model))
    elif scan.error is not None:
        problem(scan.error)
    for line in problems:
        problem(line)


def _write_reports(request: CheckRequest, outcomes: Sequence[Outcome], store: Store | None) -> str:
    """Write what was asked for. What a page shows is stored as well; why not, where it was not."""
    assessments = [outcome.assessment for outcome in outcomes]
    unkept = ""
    written = [path for path in (request.junit, request.html) if path is not None]
    if request.json_document:
        print_json(render_json(report_document(assessments)))
    if request.junit is not None:
        write_file(request.junit, render_junit(assessments, request.fail_on))
    if request.html is not None:
        sources = {outcome.assessment.scan.url: outcome.url for outcome in outcomes}
        strips = filmstrips_for(assessments, sources=sources)
        write_file(request.html, render_html(assessments, strips))
        unkept = _kept_evidence(store, assessments, strips)
    if written and not (request.quiet or request.json_document):
        results_console().print(safe(f"Written: {', '.join(str(path) for path in written)}"))
    return unkept


def _kept_evidence(
    store: Store | None, assessments: Sequence[Assessment], strips: Mapping[str, Filmstrip]
) -> str:
    """Keep pictures and signals for the page; why not, where it failed."""
    try:
        for assessment in assessments:
            if store is not None and assessment.scan.incidents:
                keep_evidence(store, assessment, strips)
    except StoreError as exc:
        return f"{exc} (the pictures are not stored)"
    return ""


def _worst_rank(assessment: Assessment) -> int:
    return max((verdict.severity.rank for verdict in assessment.verdicts.values()), default=-1)


def _summary(outcomes: Sequence[Outcome], fail_on: Severity) -> str:
    bad = sum(_worst_rank(outcome.assessment) >= fail_on.rank for outcome in outcomes)
    blind = sum(outcome.assessment.scan.status is ScanStatus.NOT_ASSESSABLE for outcome in outcomes)
    told = f"{plural(len(outcomes), 'input')}: {bad} with an incident of {fail_on.value} or worse"
    return f"{told}, {blind} not assessable"
