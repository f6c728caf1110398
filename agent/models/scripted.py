"""Answers from a list, in its order; for tests and evals of everything round a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.models.base import ModelError, Opinion
from agent.triage.facts import Facts
from agent.verdict import Case

__all__ = ["Asked", "Scripted"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was put to it."""

    case: Case
    facts: Facts
    complaints: tuple[str, ...]


@dataclass(slots=True)
class Scripted:
    """Gives the next answer of its script; an error in the script is raised, and so is its end."""

    script: Iterable[Opinion | ModelError] = ()
    name: str = "scripted"
    prompt: str = ""
    note: str = ""
    asked: list[Asked] = field(default_factory=list)
    _left: list[Opinion | ModelError] = field(init=False)

    def __post_init__(self) -> None:
        self._left = list(self.script)

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """The next answer.

        Raises:
            ModelError: the script says so, or has run out.
        """
        self.asked.append(Asked(case, facts, complaints))
        if not self._left:
            raise ModelError("the script has run out of answers")
        answer = self._left.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        return answer
