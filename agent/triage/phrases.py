"""The words that triage may use, from ``phrases.toml``: true of every incident that they stand for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from agent.verdict import Action
from pipeline.model import Cause, Incident

__all__ = ["CausePhrases", "CheckPhrases", "Effect", "Phrases", "phrases"]

Effect = tuple[tuple[str, ...], ...]
"""Slots, and the choices of each; one of every slot, joined by spaces, is a clause."""

_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class CheckPhrases:
    """How to speak of a check; ``value`` is the word before its value, empty where it is not said."""

    title: str
    defect: frozenset[str]
    effect: Effect
    value: str
    whole: bool
    point: bool = False

    @property
    def words(self) -> frozenset[str]:
        """Every word that these phrases use, in lower case."""
        return _words([self.title, self.value, *self.defect, *_flat(self.effect)])


@dataclass(frozen=True, slots=True)
class CausePhrases:
    """How to speak of a cause; ``first`` are the checks to name first."""

    title: tuple[str, ...]
    first: tuple[str, ...]
    effect: Effect

    @property
    def words(self) -> frozenset[str]:
        """Every word that these phrases use, in lower case."""
        return _words([*self.title, *_flat(self.effect)])


@dataclass(frozen=True, slots=True)
class Phrases:
    """Everything that the file holds."""

    actions: Mapping[Action, str]
    checks: Mapping[str, CheckPhrases]
    causes: Mapping[Cause, CausePhrases]
    lexicon: frozenset[str]

    def check(self, name: str) -> CheckPhrases:
        """The phrases of a check; its own name where the file has none for it."""
        known = self.checks.get(name)
        if known is not None:
            return known
        # Only letters can be said: the verifier takes nothing else for a name.
        words = _WORD.findall(name.lower()) or ["defect"]
        effect: Effect = (("viewers", "the audience"), ("might notice",), ("damage",))
        return CheckPhrases(" ".join(words).capitalize(), frozenset(words), effect, "", False)

    def effect(self, incident: Incident) -> Effect:
        """What it meant: the check's own word where there is one check, else the cause's."""
        checks = {event.check for event in incident.events}
        if len(checks) == 1:
            return self.check(checks.pop()).effect
        return self.causes[incident.cause].effect


@cache
def phrases() -> Phrases:
    """The shipped phrases, read once."""
    text = resources.files("agent.triage").joinpath("phrases.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return Phrases(
        actions={Action(name): told for name, told in table["actions"].items()},
        checks={name: _check(row) for name, row in table["checks"].items()},
        causes={Cause(name): _cause(row) for name, row in table["causes"].items()},
        lexicon=frozenset(word for words in table["lexicon"].values() for word in words.split()),
    )


def _check(row: Mapping[str, Any]) -> CheckPhrases:
    return CheckPhrases(
        row["title"],
        frozenset(row["defect"]),
        _slots(row["effect"]),
        row.get("value", ""),
        row.get("whole", False),
        row.get("point", False),
    )


def _cause(row: Mapping[str, Any]) -> CausePhrases:
    return CausePhrases(tuple(row["title"]), tuple(row["first"]), _slots(row["effect"]))


def _slots(rows: Iterable[Iterable[str]]) -> Effect:
    return tuple(tuple(row) for row in rows)


def _flat(effect: Effect) -> Iterator[str]:
    return (choice for slot in effect for choice in slot)


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))
