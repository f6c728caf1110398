"""How a case is told to a model: the prompt file, and the facts of the case in its words.

Only what was measured is told. Names, tags and languages of the input are not among the facts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from string import Template
from typing import Any

from agent.prompting import Prompt, load_prompt
from agent.triage.allowed import Extent, Recovery, Times, Weight
from agent.verdict import Case
from pipeline.model import Cause

__all__ = ["Example", "Form", "SeverityAsking", "TriagePrompt", "triage_prompt"]

MAX_FOUND = 4


@dataclass(frozen=True, slots=True)
class Form:
    """A sentence that goes on with ``worse`` or with ``usual``."""

    text: str
    worse: str
    usual: str


@dataclass(frozen=True, slots=True)
class SeverityAsking:
    """How a raise of the severity is asked for, and how the answer is read."""

    forms: tuple[Form, ...]
    scale: float
    offset: float
    raise_at: float


@dataclass(frozen=True, slots=True)
class Example:
    """One case as it is told, and its answer, field by field."""

    cause: Cause
    told: str
    answer: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TriagePrompt:
    """The prompt file ``triage``, read.

    ``mildest`` is the telling that every other is compared with; a choice other than the policy's must
    gain ``margin`` on it, in nats, against the same defect so told.
    """

    source: Prompt
    system: str
    severity: SeverityAsking
    mildest: Weight
    margin: float
    examples: tuple[Example, ...]
    table: Mapping[str, Any]

    def asked(self, case: Case, weight: Weight | None) -> str:
        """The examples of the case's cause, and the case itself, to be answered as they were."""
        asking = Template(self.table["asking"])
        shown = [
            asking.substitute(case=example.told, answer=json.dumps(dict(example.answer)))
            for example in self.examples_of(case.incident.cause)
        ]
        return "\n".join([*shown, asking.substitute(case=self.told(case, weight), answer="").rstrip()])

    def told(self, case: Case, weight: Weight | None) -> str:
        """The case as the model is told it."""
        events = case.incident.events
        found = list(dict.fromkeys(f"{event.check} on {event.stream}" for event in events))
        return self._case(", ".join(found[:MAX_FOUND]), weight)

    def weighed(self, cause: Cause, weight: Weight) -> str:
        """What happened, in a sentence, and the weight of it, for the question of severity."""
        return f"{self.table['what'][cause]} {self._weight(weight)}"

    def examples_of(self, cause: Cause) -> tuple[Example, ...]:
        """The examples of a cause."""
        return tuple(example for example in self.examples if example.cause is cause)

    def _case(self, found: str, weight: Weight | None) -> str:
        told = f" {self._weight(weight)}" if weight else ""
        return Template(self.table["case"]).substitute(found=found, weight=told)

    def _weight(self, weight: Weight) -> str:
        return Template(self.table["weight"]).substitute(
            times=self.table["times"][weight.times],
            extent=self.table["extent"][weight.extent],
            recovery=self.table["recovery"][weight.recovery],
        )


@cache
def triage_prompt() -> TriagePrompt:
    """The shipped prompt, read once."""
    source = load_prompt("triage")
    table = tomllib.loads(source.text)
    asked = table["severity"]
    severity = SeverityAsking(
        forms=tuple(Form(**row) for row in asked["form"]),
        scale=asked["scale"],
        offset=asked["offset"],
        raise_at=asked["raise_at"],
    )
    mildest, margin = _weight(table["mildest"]), table["choice"]["margin"]
    bare = TriagePrompt(source, table["system"], severity, mildest, margin, (), table)
    return replace(bare, examples=tuple(_example(bare, row) for row in table["example"]))


_ANSWER = ("severity", "intent", "cause", "action", "route")


def _example(prompt: TriagePrompt, row: Mapping[str, Any]) -> Example:
    weight = _weight(row["weight"]) if "weight" in row else None
    told = prompt._case(row["found"], weight)
    return Example(Cause(row["cause"]), told, {key: row[key] for key in _ANSWER})


def _weight(row: Mapping[str, str]) -> Weight:
    return Weight(Times(row["times"]), Extent(row["extent"]), Recovery(row["recovery"]))
