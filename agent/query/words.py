"""Asks a model what the words mean that no rule knows, and reads the question again with what it says.

A model is asked about words and nothing else: it chooses among the names of checks and causes, or says that
the words are none of them. Times, inputs, ids and counts are read by rules alone, so that it can invent none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, cached_property
from typing import Protocol

from agent.query.reading import Reading, Setting, read
from pipeline.checks import CHECKS
from pipeline.model import Cause

__all__ = ["NOTHING", "ReadWords", "WordModel", "meanings"]

NOTHING = "nothing"
"""What a model answers where the words are no defect."""

MAX_RUNS = 3


class WordModel(Protocol):
    """A model that knows words."""

    def meaning(self, words: str, names: tuple[str, ...]) -> str:
        """The name among ``names`` that the words stand for, or ``NOTHING``."""


class ReadWords:
    """A reader of questions that asks a model about single words; it is loaded at the first of them."""

    def __init__(self, name: str, load: Callable[[], WordModel]) -> None:
        """``name`` is what an answer calls the model."""
        self.name = name
        self._load = load

    @cached_property
    def _model(self) -> WordModel:
        return self._load()

    def read(self, question: str, setting: Setting, reading: Reading) -> Reading:
        """The question read again with known words in place of the unread; else the reading as it was.

        Raises:
            ModelError: the model does not load, or failed.
        """
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
    """Names of checks and causes, as a model is asked for them -> the words by which the rules know them."""
    named = {check.replace("_", " "): check.replace("_", " ") for check in CHECKS}
    causes = (cause.value.replace("_", " ") for cause in Cause if cause is not Cause.UNKNOWN)
    return named | {cause: cause for cause in causes}


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
