"""The order of work for one job, in one place:

    scan -> the rules' verdicts, stored: pages go out -> evidence -> the model's verdicts, stored -> end

The rules answer at once; whoever must be told is told by what they say, and hears of the model later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agent.calls import ModelCall
from agent.context import Context, joined
from agent.context_file import ContextFile, load_context, read_context
from agent.guard import AddressPolicy, Gateway
from agent.guard.playlists import for_ffmpeg
from agent.jobs.evidence import keep_evidence
from agent.jobs.plan import WorkPlan
from agent.models import open_model
from agent.policy import load_policy
from agent.report.filmstrips import filmstrips_for
from agent.service import FALLBACK_MODEL, Service
from agent.settings import load_settings, model_options
from agent.store import Store
from agent.store.jobs import JobKind, StoredJob
from agent.store.recent import recent_incidents
from agent.store.waivers import StoredWaiver, standing_waivers
from agent.triage.judge import assess_incidents
from agent.verdict import Assessment
from pipeline.errors import VidetteError
from pipeline.model import Mode, ScanResult, ScanStatus
from pipeline.planned import Waived
from pipeline.profile import Profile, load_profile
from pipeline.scan import Progress, scan

__all__ = ["Ended", "Order"]

log = logging.getLogger(__name__)

WAIVED_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job: how the scan came out, and why where it could not be assessed."""

    status: ScanStatus
    error: str | None = None


@dataclass(slots=True)
class Order:
    """Does jobs, one after the other, in a process of its own."""

    plan: WorkPlan
    store: Store
    gateway: Gateway
    service: Service
    contexts: ContextFile

    @classmethod
    def prepared(cls, plan: WorkPlan, store: Store) -> Order:
        """With the policy, the context and the model of the plan; the model is loaded when it is needed.

        Raises:
            UsageError: a file of the plan cannot be used.
        """
        gguf = None if plan.model is None else Path(plan.model)
        policy = load_policy(None if plan.policy is None else Path(plan.policy))
        options = model_options(load_settings(), model=gguf)
        service = Service(load_profile("default"), policy, None, lambda: open_model(plan.triage, options))
        contexts = load_context(Path(plan.context)) if plan.context else ContextFile()
        gateway = Gateway(AddressPolicy.allowing(plan.allow_networks))
        return cls(plan, store, gateway, service, contexts)

    def do(
        self,
        job: StoredJob,
        stop: threading.Event,
        on_progress: Callable[[Progress], None],
        late: Callable[[], bool] = lambda: False,
    ) -> Ended | None:
        """Do one job; None where it was stopped before anything was stored.

        Where ``late`` says that it was stopped for the time that it took, what it covered is kept.

        Raises:
            StoreError: the database cannot be written.
        """
        started_at = datetime.now(UTC)
        try:
            profile = self._profile(job)
        except VidetteError as exc:
            found = ScanResult(job.request.shown, ScanStatus.NOT_ASSESSABLE, str(exc))
            self._save(job, Assessment(found, {}), started_at)
            return Ended(found.status, found.error)
        with self.gateway.guarding():
            url, found = self._scan(job, profile, stop, on_progress)
            if stop.is_set() and not late():
                return None
            # The rules first: nobody waits for a model to hear that the picture is gone.
            rules = open_model(FALLBACK_MODEL)
            context = self._known(job, found)
            verdicts = assess_incidents(found, self.service.policy, rules, context)
            first = Assessment(found, verdicts, context=context)
            scan_id = self._save(job, first, started_at)
            if found.incidents:
                keep_evidence(self.store, first, filmstrips_for([first], sources={found.url: url}))
        if found.incidents and not stop.is_set():
            self._ask(job, scan_id, found, context)
        if found.interrupted:
            told = f"ended after {self.plan.scan_s:g} s, which is what a scan may take"
            return Ended(found.status, f"{job.request.shown}: {told}; {found.covered_s:.1f} s are covered")
        return Ended(found.status, found.error)

    def _known(self, job: StoredJob, found: ScanResult) -> Context:
        """What is known of the input: as the request says, as the file says, and what the store has seen."""
        asked = read_context(job.request.context or {}, "the context of the request")
        told = (asked, self.contexts.of(job.request.shown))
        if not found.incidents:
            return joined(told)
        ids = {incident.id for incident in found.incidents}
        with self.store.reading() as session:
            recent = recent_incidents(session, job.request.identity, ids)
        return joined((*told, Context(recent=recent)))

    def _ask(self, job: StoredJob, scan_id: int, found: ScanResult, context: Context) -> None:
        """Ask the model, if there is one beside the rules, and keep what it says."""
        model, problems = self.service.loaded()
        for problem in problems:
            log.warning("%s", problem)
        if model.name != FALLBACK_MODEL:
            began = time.perf_counter()
            calls: list[ModelCall] = []
            verdicts = assess_incidents(found, self.service.policy, model, context, calls.append)
            log.info("judged %d incidents in %.1f s", len(verdicts), time.perf_counter() - began)
            self.store.judge(scan_id, verdicts, calls=calls, job_id=job.id)

    def _profile(self, job: StoredJob) -> Profile:
        """The profile of the job, with what is waived for its input.

        Raises:
            ProfileError: there is no such profile, or it is wrong.
        """
        profile = load_profile(job.request.profile)
        with self.store.reading() as session:
            standing = standing_waivers(session, job.request.identity, datetime.now(UTC))
        return replace(profile, planned=(*profile.planned, *map(_waived, standing)))

    def _scan(
        self,
        job: StoredJob,
        profile: Profile,
        stop: threading.Event,
        on_progress: Callable[[Progress], None],
    ) -> tuple[str, ScanResult]:
        """What is opened, and what was found there."""
        request = job.request
        remote = request.kind is JobKind.URL
        url = for_ffmpeg(request.url) if remote else request.url
        keep = request.keep_series and request.mode is Mode.FULL
        found = scan(
            url,
            profile,
            keep_series=self.plan.places.series(job.id) if keep else None,
            on_progress=on_progress,
            stop=stop,
            signals=True,
            threads=self.plan.threads,
            mode=request.mode,
            shown=request.shown,
            known_as=request.identity,
        )
        if remote and found.status is ScanStatus.NOT_ASSESSABLE:
            why = [*self.gateway.refusals, *self.gateway.failures][:1]
            found = replace(found, error=f"{request.shown}: {why[0]}" if why else found.error)
        return url, found

    def _save(self, job: StoredJob, assessment: Assessment, started_at: datetime) -> int:
        return self.store.save(
            assessment,
            job.request.profile,
            started_at,
            identity=job.request.identity,
            labels=job.request.labels,
            job_id=job.id,
            first=True,
        )


def _waived(waiver: StoredWaiver) -> Waived:
    """A waiver as an entry of the profile."""
    wanted = waiver.request
    told = f"waiver {waiver.id} until {wanted.expires_at:%Y-%m-%d}: {wanted.reason}"
    return Waived(
        what=told[:WAIVED_CHARACTERS],
        start_s=max(wanted.start_s or 0.0, 0.0),
        end_s=wanted.end_s,
        picture=None,
        checks=wanted.checks,
    )
