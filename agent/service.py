"""The order of work for one input, in one place: scan, judge, store.

    url -> scan -> ScanResult -> judge -> Verdict for each incident -> store -> Outcome

The scan already correlates events into incidents. The model is loaded at the first incident and
kept for all inputs; a model or a store that fails costs neither the scan nor its verdicts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from agent.calls import ModelCall
from agent.context import Context, joined
from agent.context_file import ContextFile
from agent.models import TriageModel, open_model
from agent.policy import Policy
from agent.store import Store, StoreError
from agent.store.recent import recent_incidents
from agent.triage.judge import assess_incidents
from agent.verdict import Assessment
from pipeline.errors import VidetteError
from pipeline.model import Mode, ScanResult
from pipeline.profile import Profile
from pipeline.scan import Progress, scan
from pipeline.source import identity
from pipeline.workers import Workers

__all__ = ["FALLBACK_MODEL", "Outcome", "Service"]

FALLBACK_MODEL = "rules"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: ``url`` as it was asked for, credentials and all.

    ``model`` is the name and note of the backend that judged, empty where there was no incident;
    ``problems`` are lines about what did not work beside the scan.
    """

    url: str
    assessment: Assessment
    model: str = ""
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Service:
    """Takes inputs one after the other, or from several threads at once.

    ``load_model`` is called once, when the first incident is found; ``store`` is None where nothing
    is to be kept. ``workers`` measure, if there are any; else each decoder may use so many ``threads``,
    0 for as many as there are cores. ``contexts`` tell what is known of inputs, by their names.
    """

    profile: Profile
    policy: Policy
    store: Store | None
    load_model: Callable[[], TriageModel]
    workers: Workers | None = None
    threads: int = 0
    mode: Mode = Mode.FULL
    contexts: ContextFile = field(default_factory=ContextFile)
    _model: TriageModel | None = None
    _problems: tuple[str, ...] = ()
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def check(
        self,
        url: str,
        *,
        keep_series: Path | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
        signals: bool = False,
    ) -> Outcome:
        """Scan, judge and store one input. A bad input is told in the scan's status.

        Raises:
            UsageError: ``keep_series`` cannot be written.
        """
        started_at = datetime.now(UTC)
        found = scan(
            url,
            self.profile,
            keep_series=keep_series,
            on_progress=on_progress,
            stop=stop,
            signals=signals,
            crew=self.workers.party(stop) if self.workers else None,
            threads=self.threads,
            mode=self.mode,
        )
        with self._one_at_a_time:
            stopped = stop is not None and stop.is_set()
            context, unknown = self._known(url, found)
            assessment, model, problems = self._judge(found, context, stopped)
            problems += unknown + self._keep(url, assessment, started_at)
        return Outcome(url, assessment, model, problems)

    def _known(self, url: str, found: ScanResult) -> tuple[Context, tuple[str, ...]]:
        """What the file says of the input, and the store of its earlier incidents; what did not work."""
        told = self.contexts.of(url)
        if self.store is None or not found.incidents:
            return told, ()
        try:
            with self.store.reading() as session:
                recent = recent_incidents(session, identity(url), {item.id for item in found.incidents})
        except StoreError as exc:
            return told, (f"{exc} (earlier incidents are not known)",)
        return joined([told, Context(recent=recent)]), ()

    def _judge(
        self, found: ScanResult, context: Context, stopped: bool
    ) -> tuple[Assessment, str, tuple[str, ...]]:
        """A verdict for each incident, by the model; by the rules where somebody waits for the end."""
        if not found.incidents:
            return Assessment(found, {}, context=context), "", ()
        began = time.perf_counter()
        model, problems = (open_model(FALLBACK_MODEL), ()) if stopped else self.loaded()
        calls: list[ModelCall] = []
        verdicts = assess_incidents(found, self.policy, model, context, calls.append)
        triage_s = time.perf_counter() - began
        assessment = Assessment(_with_triage_time(found, triage_s), verdicts, tuple(calls), context)
        return assessment, _named(model), problems

    def loaded(self) -> tuple[TriageModel, tuple[str, ...]]:
        """The model, loaded at the first call; the rules, and why, where it cannot be."""
        if self._model is None:
            try:
                self._model = self.load_model()
            except VidetteError as exc:
                self._model = open_model(FALLBACK_MODEL)
                self._problems = (f"{exc}; the rules judged instead",)
        return self._model, self._problems

    def _keep(self, url: str, assessment: Assessment, started_at: datetime) -> tuple[str, ...]:
        """Store it; what went wrong is returned, for the scan is done and must be shown."""
        if self.store is None:
            return ()
        try:
            self.store.save(assessment, self.profile.name, started_at, identity=identity(url))
        except StoreError as exc:
            return (f"{exc} (this result is not stored)",)
        return ()


def _with_triage_time(found: ScanResult, triage_s: float) -> ScanResult:
    if found.timing is None:
        return found
    return replace(found, timing=replace(found.timing, triage_s=triage_s))


def _named(model: TriageModel) -> str:
    """Who answered, for the reader: ``guidance_local (SmolLM2-135M-Instruct)``."""
    return f"{model.name} ({model.note})" if model.note else model.name
