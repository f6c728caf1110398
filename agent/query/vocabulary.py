"""The words of questions, from ``vocabulary.toml``: phrases by length, plain words, reasons to refuse."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from agent.query.model import RefusalKind

__all__ = ["FIELDS", "Meaning", "Vocabulary", "normal", "vocabulary"]

FIELDS = ("check", "cause", "severity", "state", "route", "family", "group", "shape", "order")

NAMED_BY_VALUE = ("check", "cause", "severity", "state")
"""Fields whose values are words for themselves."""

_MARKS = re.compile(r"[^\w'.:/+\-]|_")
_JOINS = re.compile(r"(?<=\w)-(?=\w)")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for: the field of a query, and one value or more."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``phrases`` are in normal form, the longest first."""

    phrases: Mapping[str, tuple[Meaning, ...]]
    pattern: re.Pattern[str]
    families: Mapping[str, tuple[str, ...]]
    plain: frozenset[str]
    words: frozenset[str]
    refuse: Mapping[RefusalKind, tuple[re.Pattern[str], ...]]
    refusals: Mapping[RefusalKind, str]

    def found(self, text: str) -> Iterator[tuple[re.Match[str], tuple[Meaning, ...]]]:
        """The phrases in a text of normal form, in its order; the longest wins."""
        for match in self.pattern.finditer(text):
            yield match, self.phrases[match[0]]

    def refusal(self, text: str) -> RefusalKind | None:
        """Why a text cannot be answered, or None."""
        kinds = (kind for kind, patterns in self.refuse.items() if any(p.search(text) for p in patterns))
        return next(kinds, None)


def normal(text: str) -> str:
    """Lower case, one space between words, no marks but those within a word."""
    words = (word.strip(".:/'-") for word in _MARKS.sub(" ", _JOINS.sub(" ", text.lower())).split())
    return " ".join(word for word in words if word)


@cache
def vocabulary() -> Vocabulary:
    """The shipped words, read once."""
    table = tomllib.loads(resources.files("agent.query").joinpath("vocabulary.toml").read_text("utf-8"))
    phrases: dict[str, tuple[Meaning, ...]] = {}
    for field in FIELDS:
        for values, spellings in table[field].items():
            own = (values,) if field in NAMED_BY_VALUE else ()
            for spelling in (*own, *spellings):
                key = normal(spelling.replace("_", " "))
                phrases[key] = (*phrases.get(key, ()), Meaning(field, tuple(values.split())))
    longest_first = sorted(phrases, key=len, reverse=True)
    plain = frozenset(table["plain"]["words"].split())
    pattern = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)")
    return Vocabulary(
        phrases=phrases,
        pattern=pattern,
        families={name: tuple(checks) for name, checks in table["families"].items()},
        plain=plain,
        words=plain | {word for phrase in phrases for word in phrase.split()},
        refuse={
            RefusalKind(kind): tuple(re.compile(item) for item in items)
            for kind, items in table["refuse"].items()
        },
        refusals={RefusalKind(kind): text for kind, text in table["refusals"].items()},
    )
