"""Backends that must score badly: they show that the suite can tell a good one from a bad one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.models import Rules
from agent.models.base import Draft, Opinion
from agent.triage.facts import Facts
from agent.verdict import Case, Intent, Severity, Verdict
from evals.triage.running import Outcome

__all__ = ["CONTROLS", "AlwaysCritical", "EchoFloor", "shuffled"]


@dataclass
class _Control:
    """Words of the rules, and a decision of its own."""

    name: str
    prompt: str = ""
    note: str = "a negative control"

    def decided(self, case: Case) -> tuple[Severity, Intent]:
        """What it says of any case."""
        raise NotImplementedError

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """Its opinion, of which it is sure."""
        draft: Draft = Rules().judge(case, facts).draft
        severity, intent = self.decided(case)
        return Opinion(draft.model_copy(update={"severity": severity, "intent": intent}), 1.0)


class AlwaysCritical(_Control):
    """Says that everything is critical and a fault, as small models do."""

    def decided(self, case: Case) -> tuple[Severity, Intent]:
        """Critical, a fault."""
        return Severity.CRITICAL, Intent.FAULT


class EchoFloor(_Control):
    """Says the severity of the bare policy and that nobody knows."""

    def decided(self, case: Case) -> tuple[Severity, Intent]:
        """The floor, uncertain."""
        return case.floor, Intent.UNCERTAIN


CONTROLS: Mapping[str, type[_Control]] = {"always_critical": AlwaysCritical, "echo_floor": EchoFloor}
"""The controls that are backends; ``shuffled`` takes the answers of another one."""


def shuffled(outcomes: Sequence[Outcome], seed: int = 7) -> list[Outcome]:
    """The same outcomes with their verdicts dealt out anew."""
    verdicts: list[Verdict] = [outcome.verdict for outcome in outcomes]
    random.Random(seed).shuffle(verdicts)  # noqa: S311
    return [replace(outcome, verdict=verdict) for outcome, verdict in zip(outcomes, verdicts, strict=True)]
