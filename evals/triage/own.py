"""Hand-written notes of the split ``tune`` as samples: to train on, where ``trained``, or to calibrate on."""

from __future__ import annotations

import tomllib
from pathlib import Path

from agent.triage.reading import Reading
from agent.verdict import Intent
from evals.triage.cases import EvalCase, load_cases
from evals.triage.generate import Sample

__all__ = ["apart_samples", "meaning_of", "own_samples"]

APART = Path(__file__).with_name("calibration_texts.toml")


def apart_samples() -> list[Sample]:
    """Further hand-written notes for the calibration alone."""
    table = tomllib.loads(APART.read_text("utf-8"))
    return [Sample(text, Reading(reading)) for reading, texts in table.items() for text in texts]


def own_samples() -> tuple[list[Sample], list[Sample]]:
    """Those to train on, and those that are kept apart for the calibration; each note once."""
    tune = [case for case in load_cases() if case.split == "tune"]
    trained = {s.text: s for c in tune if c.trained for s in _samples_of(c)}
    kept = {s.text: s for c in tune if not c.trained for s in _samples_of(c)}
    return list(trained.values()), list(kept.values())


def meaning_of(case: EvalCase) -> Reading:
    """What the note of a case says, whether or not it holds for the incident.

    A note for another channel, time, part or length still means what it says: code finds out that it
    does not hold.
    """
    if case.says:
        return case.says
    if case.trap == "red herring":
        return Reading.NOTHING
    if case.want.intent is Intent.PLANNED or case.trap in _HELD_ELSEWHERE:
        return Reading.EXPECTED
    if case.trap in ("called off", "other version"):
        return Reading.OFF
    return Reading.WORSE if case.trap == "stakes" else Reading.NOTHING


_HELD_ELSEWHERE = frozenset({
    "other channel", "another time", "another kind", "another part", "half explained", "out of its length",
})  # fmt: skip


def _samples_of(case: EvalCase) -> list[Sample]:
    # Of several notes the last decides the case; what the others mean is not said.
    return [Sample(note.text, meaning_of(case)) for note in case.context.notes[-1:]]
