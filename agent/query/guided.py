"""What words mean, from the logits of the local model: the closed names alone can be answered."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from string import Template
from typing import Any

from agent.models import BACKENDS
from agent.models.guidance_local import load_guidance_local
from agent.models.labels import LabelReader
from agent.prompting import load_prompt
from agent.query.words import NOTHING, ReadWords

__all__ = ["GuidedWords", "load_guided_words", "local_reader"]

LOCAL = "guidance_local"

MAX_WORDS = 60
"""Characters of the words that are asked about."""


def load_guided_words() -> GuidedWords:
    """The embedded model, ready to say what words mean.

    Raises:
        ModelError: it does not load.
    """
    model = load_guidance_local(bare=True)
    return GuidedWords(LabelReader(model.model.engine))


def local_reader() -> ReadWords | None:
    """A reader over the embedded model, which it loads when first needed; None where it is not installed."""
    if BACKENDS[LOCAL].missing:
        return None
    return ReadWords(LOCAL, load_guided_words)


@dataclass(slots=True)
class GuidedWords:
    """A local model that knows words. One thread at a time."""

    reader: LabelReader
    _habits: dict[tuple[str, ...], list[float]] = field(default_factory=dict)

    def meaning(self, words: str, names: tuple[str, ...]) -> str:
        """The name that the words stand for, if it is well ahead of every other; else ``NOTHING``.

        Raises:
            ModelError: the model failed.
        """
        answers = (*names, NOTHING)
        gains = [
            found - habit
            for found, habit in zip(self._read(words, answers), self._habit(answers), strict=True)
        ]
        ranked = sorted(zip(gains, answers, strict=True), reverse=True)
        (best, name), (second, _) = ranked[0], ranked[1]
        ahead = best >= _prompt()["least"] and best - second >= _prompt()["margin"]
        return name if ahead else NOTHING

    def _read(self, words: str, answers: tuple[str, ...]) -> list[float]:
        prompt = _prompt()
        line = Template(prompt["example"])
        examples = "\n".join(line.substitute(words=w, meaning=m) for w, m in prompt["examples"].items())
        text = Template(prompt["text"]).substitute(examples=examples, words=words[:MAX_WORDS])
        return self.reader.log_probabilities(text, [f" {answer}" for answer in answers])

    def _habit(self, answers: tuple[str, ...]) -> list[float]:
        """What the model says of words that mean nothing in particular, in the mean."""
        if answers not in self._habits:
            rows = [self._read(words, answers) for words in _prompt()["neutral"]]
            self._habits[answers] = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        return self._habits[answers]


@cache
def _prompt() -> dict[str, Any]:
    return tomllib.loads(load_prompt("words").text)
