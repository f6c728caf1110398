"""How one note of the context is put to a model, and what it may answer."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from string import Template

from agent.prompting import Prompt, load_prompt

__all__ = ["Reading", "ReadingPrompt", "reading_prompt"]


class Reading(StrEnum):
    """What a note says of what was seen."""

    EXPECTED = "expected"
    WORSE = "worse"
    NOTHING = "nothing"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ReadingPrompt:
    """The prompt file ``reading``; ``answers`` are single tokens, in the order of ``Reading``."""

    source: Prompt
    form: Template
    answers: tuple[str, ...]

    def asked(self, text: str) -> str:
        """The question about one note, up to where the answer begins."""
        return self.form.substitute(text=text)


@cache
def reading_prompt() -> ReadingPrompt:
    """The shipped prompt, read once."""
    source = load_prompt("reading")
    table = tomllib.loads(source.text)
    answers = tuple(table["answers"][reading] for reading in Reading)
    return ReadingPrompt(source, Template(table["form"].lstrip("\n")), answers)
