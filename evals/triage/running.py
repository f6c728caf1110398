"""Runs a triage backend over the cases, and writes down everything that the figures need."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agent.models.base import Draft, ModelError, Opinion, TriageModel
from agent.policy import Policy, load_policy
from agent.triage.facts import Facts, facts_of
from agent.triage.judge import case_of, judge_case
from agent.verdict import Case, Source, Verdict
from evals.triage.cases import EvalCase

__all__ = ["Outcome", "Recorded", "judged", "run", "ungrounded"]

_NUMBER = re.compile(r"\d+(?:[.:,]\d+)*")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case.

    ``confidence`` is the backend's own in its severity, 0..1; ``first_valid`` says that its first answer
    fitted the schema and what the policy allows; ``numbers`` are those that it wrote at first, and
    ``ungrounded_before`` and ``ungrounded_after`` those of the first and of the shown text that are no
    facts. ``tokens`` were evaluated or paid for.
    """

    case: EvalCase
    verdict: Verdict
    confidence: float
    first_valid: bool
    last_valid: bool
    fell_back: bool
    numbers: int
    ungrounded_before: int
    ungrounded_after: int
    latency_s: float
    tokens: int

    @property
    def severity_right(self) -> bool:
        """Whether the severity is one that an operator would accept."""
        return self.verdict.severity in self.case.want.severities

    @property
    def intent_right(self) -> bool:
        """Whether the intent would be accepted."""
        return self.verdict.intent in self.case.want.intents

    @property
    def cause_right(self) -> bool:
        """Whether the cause is the right one."""
        return self.verdict.cause is self.case.want.cause

    @property
    def route_right(self) -> bool:
        """Whether it goes to a team that an operator would send it to."""
        return self.verdict.route in self.case.want.routes

    @property
    def missed_critical(self) -> bool:
        """Whether something critical was told as less than an operator would accept."""
        return self.case.want.severity.rank == 3 and not self.severity_right


@dataclass
class Recorded:
    """A backend, and what it said and raised on its way to a verdict."""

    inner: TriageModel
    opinions: list[Opinion] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The backend's own."""
        return self.inner.name

    @property
    def prompt(self) -> str:
        """The backend's own."""
        return self.inner.prompt

    @property
    def note(self) -> str:
        """The backend's own."""
        return self.inner.note

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """The backend's opinion, kept."""
        try:
            opinion = self.inner.judge(case, facts, complaints)
        except ModelError as exc:
            self.errors.append(str(exc))
            raise
        self.opinions.append(opinion)
        return opinion


def run(
    cases: Iterable[EvalCase],
    model: TriageModel,
    *,
    policy: Policy | None = None,
    on_done: Callable[[int], None] | None = None,
) -> list[Outcome]:
    """The outcome of every case, in their order."""
    rules = policy or load_policy()
    found = []
    for number, case in enumerate(cases, 1):
        found.append(judged(case, model, rules))
        if on_done:
            on_done(number)
    return found


def judged(case: EvalCase, model: TriageModel, policy: Policy) -> Outcome:
    """One case through the very code that judges a scan."""
    asked = case_of(case.incident, case.scan, policy, case.context)
    recorded = Recorded(model)
    began = time.perf_counter()
    verdict = judge_case(asked, recorded)
    latency_s = time.perf_counter() - began
    facts = facts_of(asked)
    first = recorded.opinions[0] if recorded.opinions else None
    said = f"{first.draft.title} {first.draft.summary}" if first else ""
    refused = any("is not allowed here" in note for note in verdict.notes)
    return Outcome(
        case=case,
        verdict=verdict,
        confidence=min(max(first.confidence, 0.0), 1.0) if first else 1.0,
        first_valid=first is not None and not recorded.errors and not refused,
        last_valid=_fits(verdict),
        fell_back=verdict.source is Source.TEMPLATE and model.name != "rules",
        numbers=len(_NUMBER.findall(said)),
        ungrounded_before=len(ungrounded(said, facts)),
        ungrounded_after=len(ungrounded(f"{verdict.title} {verdict.summary}", facts)),
        latency_s=latency_s,
        tokens=sum(c.tokens_in + c.tokens_out for opinion in recorded.opinions for c in opinion.calls),
    )


def ungrounded(text: str, facts: Facts) -> list[str]:
    """The numbers of a text that stand in no rendering of a fact; written anew here, not the verifier's."""
    spans = [
        match.span()
        for fact in facts.facts
        for rendering in fact.renderings
        for match in re.finditer(re.escape(rendering), text)
    ]
    return [
        match.group()
        for match in _NUMBER.finditer(text)
        if not any(start <= match.start() and match.end() <= end for start, end in spans)
    ]


def _fits(verdict: Verdict) -> bool:
    names = Draft.model_fields
    try:
        Draft.model_validate({name: getattr(verdict, name) for name in names})
    except ValueError:
        return False
    return True
