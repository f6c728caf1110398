"""Makes training samples for the reading of notes: whole and put together, filled in and typed anew.

What a note means is all that is taught. Whether it is of this channel, this time and this part of the
signal is compared by code (``agent/triage/reasons.py``). No sentence stands in ``evals/cases``.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from agent.triage.reading import Reading

__all__ = ["GRAMMAR", "NOTES", "TEXTS", "Sample", "filled_notes", "samples", "written_notes"]

TEXTS = Path(__file__).with_name("training_texts.toml")
GRAMMAR = Path(__file__).with_name("training_grammar.toml")
NOTES = Path(__file__).with_name("training_notes")
"""Whole notes by what they mean, a file for each kind of desk."""
PUT_TOGETHER, SENTENCES = 0.08, 0.14
"""The shares of notes that are put together from parts, and that are sentences of ``TEXTS``; the others
are of ``NOTES``."""
CALLED_OFF = 0.12
"""The share of notes of the meaning ``off`` that are a plan of ``TEXTS`` and a word that takes it back."""

SUREST = 0.2
"""How often a note that is read with certainty is drawn, beside one that is never read rightly."""

_PLACE = re.compile(r"\{([a-z0-9]+)\}")
WEIGHTS = {Reading.EXPECTED: 33, Reading.WORSE: 21, Reading.NOTHING: 30, Reading.OFF: 16}


@dataclass(frozen=True, slots=True)
class Sample:
    """A note and what it means."""

    text: str
    answer: Reading


@cache
def _bank() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text("utf-8"))


@cache
def _grammar() -> dict[str, Any]:
    return tomllib.loads(GRAMMAR.read_text("utf-8"))


@cache
def written_notes() -> dict[str, list[str]]:
    """The whole notes of ``NOTES`` by what they mean, their places open."""
    files = [tomllib.loads(file.read_text("utf-8")) for file in sorted(NOTES.glob("*.toml"))]
    return {reading: [text for file in files for text in file[reading]] for reading in Reading}


@cache
def _slots() -> dict[str, list[str]]:
    return {**_grammar()["slots"], **_bank()["slots"]}


def filled_notes() -> list[tuple[str, Sample]]:
    """Every whole note as it is written, and the sample of it, its places filled."""
    rng = random.Random(1)  # noqa: S311
    return [
        (text, Sample(_filled(rng, text), Reading(reading)))
        for reading, texts in written_notes().items()
        for text in texts
    ]


def samples(seed: int, sure: Mapping[str, float] | None = None) -> Iterator[Sample]:
    """Samples without end, the same ones for the same seed.

    ``sure`` tells how surely a whole note is read already, 0 to 1: the surer, the less often it is drawn.
    """
    rng = random.Random(seed)  # noqa: S311
    readings, weights = list(WEIGHTS), list(WEIGHTS.values())
    shares = {
        reading: list(accumulate(SUREST + (1 - SUREST) * (1 - (sure or {}).get(text, 0.0)) for text in texts))
        for reading, texts in written_notes().items()
    }
    while True:
        answer = rng.choices(readings, weights)[0]
        text = _drawn(rng, answer, shares[answer])
        if answer is Reading.OFF and rng.random() < CALLED_OFF:
            plan = str(rng.choice(_bank()[Reading.EXPECTED]["texts"]))
            text = rng.choice(_bank()["wrap"]["off"]).replace("{text}", plan)
        yield Sample(_typed(rng, _filled(rng, _wrapped(rng, text))), answer)


def _drawn(rng: random.Random, answer: Reading, shares: Sequence[float]) -> str:
    """A note of that meaning, its places still open; ``shares`` of the whole ones, summed up."""
    source = rng.random()
    if source < PUT_TOGETHER:
        return str(rng.choice(_grammar()[answer]["texts"]))
    if source < PUT_TOGETHER + SENTENCES:
        return str(rng.choice(_bank()[answer]["texts"]))
    return rng.choices(written_notes()[answer], cum_weights=shares)[0]


def _wrapped(rng: random.Random, text: str) -> str:
    """With a name, a ticket or a further sentence, as people write."""
    bank = _bank()
    if rng.random() < 0.2:
        text = rng.choice(bank["wrap"]["plain"]).replace("{text}", text)
    if rng.random() < 0.15:
        text = f"{text} {rng.choice(bank['wrap']['tail'])}"
    if rng.random() < 0.1:
        aside = rng.choice(bank["wrap"]["aside"])
        text = f"{aside} {text}" if rng.random() < 0.5 else f"{text} {aside}"
    return text


def _filled(rng: random.Random, text: str) -> str:
    """With every place filled; the same name stands in all places of a kind."""
    start = rng.randrange(24 * 4)
    clock = [f"{(start + n) // 4 % 24:02d}:{(start + n) % 4 * 15:02d}" for n in (0, rng.randrange(1, 24))]
    joined = rng.choice(["{}-{}", "from {} to {}", "between {} and {}", "{} to {}", "{} - {} UTC"])
    values = {"till": clock[1], "span": joined.format(*clock)}
    values["ch"] = f"{rng.choice(_slots()['first'])} {rng.choice(_slots()['second'])}"
    # Parts hold places themselves.
    while open_places := _PLACE.findall(text):
        for name in open_places:
            if name not in values:
                values[name] = rng.choice(_slots()[name])
            text = text.replace(f"{{{name}}}", values[name])
    return text[:1].upper() + text[1:] if rng.random() < 0.7 else text


def _typed(rng: random.Random, text: str) -> str:
    """As it is typed: now and then in small or capital letters, or with a letter lost."""
    way = rng.random()
    if way < 0.08:
        return text.lower()
    if way < 0.10:
        return text.upper()
    if way < 0.16 and len(text) > 20:
        at = rng.randrange(5, len(text) - 5)
        return text[:at] + text[at + 1 :]
    return text
