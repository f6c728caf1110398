"""Asks a model what the words mean that no rule knows, and reads the question again with what it says.

A model is asked about words and nothing else: it chooses among the names of checks and causes, or says that
the words are none of them. Times, inputs, ids and counts are read by rules alone, so that it can invent none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Protocol

from agent.query.reading import Reading, Setting, read
from agent.triage.phrases import phrases
from pipeline.checks import CHECKS
from pipeline.model import Cause

__all__ = ["NOTHING", "ReadWords", "WordModel", "meanings"]

NOTHING = "nothing"
"""What a model answers where the words are no defect."""

MAX_RUNS = 3


class WordModel(Protocol):
    """A model that knows words."""

    @property
    def name(self) -> str:
        """What the answer calls it."""

    def meaning(self, words: str, names: tuple[str, ...]) -> str:
        """The name among ``names`` that the words stand for, or ``NOTHING``."""


class ReadWords:
    """A reader of questions that asks a model about single words."""

    def __init__(self, model: WordModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """That of its model."""
        return self._model.name

    def read(self, question: str, setting: Setting, reading: Reading) -> Reading:
        """The question read again with known words in place of the unread; else the reading as it was."""
        text = " ".join(question.lower().split())
        runs = _runs(text, reading.unread)
        if not runs or len(runs) > MAX_RUNS:
            return reading
        taken: list[tuple[str, str]] = []
        for words in runs:
            meant = self._model.meaning(words, tuple(meanings()))
            if meant not in meanings():
                return reading
            taken.append((words, meant))
            text = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", meanings()[meant], text, count=1)
        again = read(text, setting)
        return replace(again, taken=tuple(taken)) if again.sure else reading


@cache
def meanings() -> Mapping[str, str]:
    """Names of checks and causes as a person says them -> the words by which the rules know them."""
    words = phrases()
    named = {words.check(check).title.lower(): check.replace("_", " ") for check in CHECKS}
    for cause in Cause:
        if cause is not Cause.UNKNOWN:
            named.setdefault(words.causes[cause].title[0].lower(), cause.value.replace("_", " "))
    return named


def _runs(text: str, unread: Iterable[str]) -> tuple[str, ...]:
    """The unread words, those that stand together as one; empty where one is not found in the text."""
    spans = []
    at = 0
    for word in unread:
        match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text[at:])
        if match is None:
            return ()
        spans.append((at + match.start(), at + match.end()))
        at += match.end()
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(text[start:end] for start, end in joined)
