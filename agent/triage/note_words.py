"""The words of free text, and the lists of ``notes.toml`` that they are looked up in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

__all__ = [
    "any_of",
    "clauses_of",
    "parts_of",
    "phrases_of",
    "sentences_of",
    "speaks_of",
    "stems_of",
    "word_lists",
    "words_of",
]

LONGEST_PHRASE = 4
"""Words of a list may be joined by hyphens: so many at most stand for a phrase."""

STEM = 5

_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_SENTENCE = re.compile(r"[.;!?]\s+")
_CLAUSE = re.compile(r"[.;:!?()]\s*|,\s+|\s-+\s|\b(?:but|however|instead|so|because)\b")


def words_of(text: str) -> frozenset[str]:
    """Its words, in small letters."""
    return frozenset(_WORD.findall(text.lower()))


def parts_of(text: str) -> frozenset[str]:
    """Words, and the parts of those with a hyphen."""
    words = words_of(text)
    return words | {part for word in words for part in re.split("['-]", word)}


def phrases_of(text: str) -> frozenset[str]:
    """Words, and neighbours joined by hyphens as the lists write phrases."""
    words = _WORD.findall(text.lower())
    lengths = range(1, LONGEST_PHRASE + 1)
    return frozenset("-".join(words[at : at + n]) for n in lengths for at in range(len(words) - n + 1))


def stems_of(text: str) -> frozenset[str]:
    """How its longer words begin, without those of the list ``common``: notes of one matter share one."""
    return frozenset(word[:STEM] for word in words_of(text) - word_lists()["common"] if len(word) >= STEM)


def speaks_of(text: str, *names: str) -> bool:
    """Whether it holds a word of one of the lists of these names."""
    return any(parts_of(text) & word_lists()[name] for name in names)


def clauses_of(text: str) -> list[str]:
    """What stands between its marks and conjunctions, in small letters."""
    return [clause for clause in _CLAUSE.split(text.lower()) if clause.strip()]


def sentences_of(text: str) -> list[str]:
    """What stands between the marks that end a sentence."""
    return _SENTENCE.split(text)


def any_of(name: str) -> str:
    """A pattern for the words of a list."""
    return rf"(?:{'|'.join(sorted(word_lists()[name]))})\b"


@cache
def word_lists() -> Mapping[str, frozenset[str]]:
    """The lists by name, read once."""
    text = resources.files("agent.triage").joinpath("notes.toml").read_text("utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}
