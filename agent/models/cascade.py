"""Several backends, the cheapest first: rules where they are sure, then the local model, then the remote one.

Whatever fails, the next one down answers: an incident is never without a verdict, and the verdict says
whose it is and why not another's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.calls import ModelCall
from agent.models.base import ModelError, Opinion, TriageModel
from agent.models.rules import Rules
from agent.triage.allowed import allowed_of, weigh
from agent.triage.facts import Facts
from agent.triage.reasons import reasons_of
from agent.triage.telling import notes_of
from agent.verdict import Case, Intent
from pipeline.text import clean

__all__ = ["Budget", "Cascade", "rules_are_sure"]

HOUR_S = 3600.0
SURE_DETECTION = 0.8
UNSURE_BELOW = 0.7
"""A local severity that is less likely than this is put to the remote model."""


@dataclass(slots=True)
class Budget:
    """So many calls and tokens in any hour."""

    calls_an_hour: int
    tokens_an_hour: int
    clock: Callable[[], float] = time.monotonic
    _spent: deque[tuple[float, int]] = field(default_factory=deque)

    def left(self) -> bool:
        """Whether another call may be made."""
        while self._spent and self._spent[0][0] <= self.clock() - HOUR_S:
            self._spent.popleft()
        tokens = sum(count for _, count in self._spent)
        return len(self._spent) < self.calls_an_hour and tokens < self.tokens_an_hour

    def spend(self, calls: tuple[ModelCall, ...]) -> None:
        """Count calls that were made, well or not."""
        for call in calls:
            self._spent.append((self.clock(), call.tokens_in + call.tokens_out))


def rules_are_sure(case: Case) -> bool:
    """Whether there is nothing for a model to weigh: no choice, or plain evidence and nobody's notes."""
    allowed, weight = allowed_of(case), weigh(case)
    if len(allowed.severities) == 1 and len(allowed.intents) == 1 and len(allowed.actions) == 1:
        return True
    events = case.incident.events
    sure = bool(events) and min(event.confidence for event in events) >= SURE_DETECTION
    plain = weight is None or not weight.aggravated
    known = notes_of(case) or reasons_of(case) or case.context.recent or case.context.run_book
    return sure and plain and not known and case.intent is not Intent.UNCERTAIN


@dataclass(slots=True)
class Cascade:
    """Rules, then ``local``, then ``remote``, either of which may be absent."""

    local: TriageModel | None
    remote: TriageModel | None
    budget: Budget
    name: str = "cascade"
    prompt: str = ""
    unsure_below: float = UNSURE_BELOW

    @property
    def note(self) -> str:
        """Its parts, in their order."""
        parts = [Rules().name, *(model.name for model in (self.local, self.remote) if model is not None)]
        return ", ".join(parts)

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """The opinion of the first that is sure; of the surest where none is. It always has one."""
        if rules_are_sure(case):
            return _signed(Rules().judge(case, facts, complaints), Rules())
        said = _Said()
        local = _asked(self.local, case, facts, complaints, said)
        if local is not None and local.confidence >= self.unsure_below:
            return said.told(local)
        remote = self._remote(case, facts, complaints, said)
        if remote is not None and local is not None:
            said.notes.append(f"{local.model} was unsure ({local.confidence:.2f})")
        return said.told(remote or local or _signed(Rules().judge(case, facts), Rules()))

    def _remote(self, case: Case, facts: Facts, complaints: tuple[str, ...], said: _Said) -> Opinion | None:
        """The remote model's opinion, within the budget."""
        if self.remote is None:
            return None
        if not self.budget.left():
            said.notes.append(f"{self.remote.name} was not asked: the budget of this hour is spent")
            return None
        before = len(said.calls)
        opinion = _asked(self.remote, case, facts, complaints, said)
        self.budget.spend(tuple(said.calls[before:]))
        return opinion


@dataclass(slots=True)
class _Said:
    """What there is to tell of a case besides the opinion."""

    notes: list[str] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)

    def told(self, opinion: Opinion) -> Opinion:
        return replace(opinion, notes=(*self.notes, *opinion.notes), calls=tuple(self.calls))


def _asked(
    model: TriageModel | None, case: Case, facts: Facts, complaints: tuple[str, ...], said: _Said
) -> Opinion | None:
    """A part's opinion; where it has none, why is noted."""
    if model is None:
        return None
    try:
        opinion = model.judge(case, facts, complaints)
    except ModelError as exc:
        said.calls += exc.calls
        said.notes.append(f"{model.name} failed: {clean(str(exc), 120)}")
        return None
    said.calls += opinion.calls
    return _signed(opinion, model)


def _signed(opinion: Opinion, model: TriageModel) -> Opinion:
    """The opinion under its own author's name and prompt."""
    return replace(opinion, model=opinion.model or model.name, prompt=opinion.prompt or model.prompt)
