"""Hand-written notes of the split ``tune`` as samples: some families to train on, some to calibrate on."""

from __future__ import annotations

from datetime import timedelta

from agent.context import until_s
from agent.triage.reading import Reading, lasting, time_told
from agent.verdict import Intent
from evals.triage.cases import EvalCase, load_cases
from evals.triage.generate import Sample

__all__ = ["CALIBRATION", "own_samples", "samples_of"]

CALIBRATION = frozenset({
    "evening-film", "remembrance", "weather-warnings", "aquarium", "hotel-info", "recovery-drill", "credits",
    "news-flash", "lip-sync", "sports-bar", "lab-channel", "ob-truck",
})  # fmt: skip
"""Families of the split ``tune`` that no adapter is trained on."""


def own_samples() -> tuple[list[Sample], list[Sample]]:
    """Those to train on, and those that are kept apart for the calibration."""
    tune = [case for case in load_cases() if case.split == "tune"]
    trained = [s for case in tune if case.family not in CALIBRATION for s in samples_of(case)]
    return trained, [s for case in tune if case.family in CALIBRATION for s in samples_of(case)]


def samples_of(case: EvalCase) -> list[Sample]:
    """One sample a note of the case: what the right verdict says that the note means."""
    return [
        Sample(
            service=case.context.service,
            checks=tuple(dict.fromkeys(event.check for event in case.incident.events)),
            lasts=lasting(
                None if case.incident.end_s is None else case.incident.end_s - case.incident.start_s
            ),
            text=note.text,
            time=_time(case, note.text),
            answer=_answer(case),
        )
        for note in case.context.notes
    ]


def _answer(case: EvalCase) -> str:
    if case.want.intent is Intent.PLANNED:
        return Reading.EXPECTED
    if case.trap == "called off":
        return Reading.OFF
    return Reading.WORSE if case.trap == "stakes" else Reading.NOTHING


def _time(case: EvalCase, text: str) -> str:
    start = case.context.starts_at
    if start is None:
        return "none"
    first, last = (start + timedelta(seconds=s) for s in (case.incident.start_s, until_s(case.incident)))
    return time_told(text, first, last)
