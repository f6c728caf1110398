"""Notes decide only what they speak of: the reader's answers, combined with the policy by code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.context import Context, Delivery, Maintenance, Note, Period, RunBookEntry, Slot, SlotKind, Tier
from agent.models.base import ModelError
from agent.models.calibration import load_calibration
from agent.models.choices import Chooser
from agent.models.note_reader import NoteReader, ReadingCalibration
from agent.policy import load_policy
from agent.triage.judge import case_of
from agent.triage.questions import NO_REASON, Question
from agent.triage.reading import Reading, reading_prompt
from agent.verdict import Case, Intent, Severity
from pipeline.model import Cause, Incident
from tests.agent.reporting import event, incident, scan

SIX = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
DARK = incident(event("black", "v:0", 600.0, 612.0), cause=Cause.PICTURE_LOSS)
LOST = incident(
    event("black", "v:0", 600.0, 640.0), event("silence", "a:0", 600.0, 640.0), cause=Cause.SIGNAL_LOSS
)
WORK = Maintenance(Period(500.0, 900.0), "router is replaced")
PLAIN = ReadingCalibration(model="test", prompt="reading", alone=0.8)


@dataclass
class Told:
    """Reads notes as it is told to: the likelier reading of the first that stands in the text."""

    meanings: dict[str, Reading]
    sure: float = 0.9

    def log_probabilities(self, text: str, answers: Sequence[str]) -> list[float]:
        assert tuple(answers) == reading_prompt().answers
        meaning = next((m for word, m in self.meanings.items() if word in text), Reading.NOTHING)
        rest = math.log((1 - self.sure) / (len(Reading) - 1))
        return [math.log(self.sure) if reading is meaning else rest for reading in Reading]


def asked(found: Incident, *notes: str, **known: object) -> Case:
    context = Context("Kick TV 2", starts_at=SIX, notes=tuple(Note(text) for text in notes), **known)  # type: ignore[arg-type]
    return case_of(found, scan(found), load_policy(), context)


def answered(case: Case, sure: float = 0.9, **meanings: Reading) -> dict[Question, str]:
    reader = NoteReader(Told(meanings, sure), PLAIN)  # type: ignore[arg-type]
    return {question: told.value for question, told in reader.ask(case)}


def test_without_a_note_the_policy_stands_and_nobody_is_asked() -> None:
    case = asked(DARK)
    found = dict(NoteReader(Told({}), PLAIN).ask(case))  # type: ignore[arg-type]
    assert found[Question.SEVERITY].value == case.floor.value
    assert found[Question.SEVERITY].probability == 0.8
    assert found[Question.REASON].value == NO_REASON


def test_what_was_meant_is_told_and_quoted_and_wakes_nobody() -> None:
    found = answered(asked(DARK, "Kick TV 2 has no pictures now"), pictures=Reading.EXPECTED)
    assert (found[Question.SEVERITY], found[Question.INTENT]) == ("info", "planned")
    assert (found[Question.ACTION], found[Question.REASON]) == ("none", "1")


def work(text: str, start: float = 500.0) -> tuple[Maintenance, ...]:
    return (Maintenance(Period(start, 900.0), text),)


def test_what_is_written_of_planned_work_is_quoted_as_a_note_is() -> None:
    case = asked(DARK, maintenance=work("Kick TV 2 has no pictures"))
    assert case.floor is Severity.MINOR
    reader = NoteReader(Told({"pictures": Reading.EXPECTED}), PLAIN)  # type: ignore[arg-type]
    found = {question: told.value for question, told in reader.ask(case)}
    assert (found[Question.SEVERITY], found[Question.REASON]) == ("info", "1")
    assert Chooser(reader.reader, notes=reader).quote(case, "1") == "Kick TV 2 has no pictures"


@pytest.mark.parametrize(
    ("works", "meaning"),
    [
        (work("Kick TV 1 has no pictures"), Reading.EXPECTED),
        (work("Kick TV 2 has no sound"), Reading.EXPECTED),
        (work("Kick TV 2 has no pictures 20:00-20:30"), Reading.EXPECTED),
        (work("Kick TV 2 has no pictures", start=611.0), Reading.EXPECTED),
        (work("Kick TV 2 stays"), Reading.OFF),
        (work("Kick TV 2 has no reserve"), Reading.WORSE),
    ],
)
def test_work_that_does_not_explain_moves_nothing(works: tuple[Maintenance, ...], meaning: Reading) -> None:
    case = asked(DARK, maintenance=works)
    found = answered(case, Kick=meaning)
    assert (found[Question.SEVERITY], found[Question.REASON]) == (case.floor.value, NO_REASON)


@pytest.mark.parametrize(
    ("meaning", "severity"),
    [(Reading.EXPECTED, "minor"), (Reading.OFF, "minor"), (Reading.WORSE, "major")],
)
def test_the_run_book_may_raise_and_excuses_nothing(meaning: Reading, severity: str) -> None:
    short = incident(event("black", "v:0", 600.0, 603.0), cause=Cause.PICTURE_LOSS)
    case = asked(short, run_book=(RunBookEntry("Planned or not, ring the desk", (Cause.PICTURE_LOSS,)),))
    assert case.floor is Severity.MINOR
    found = answered(case, desk=meaning)
    assert (found[Question.SEVERITY], found[Question.REASON]) == (severity, NO_REASON)


@pytest.mark.parametrize(
    ("title", "meaning", "severity"),
    [
        ("Interval, microphones off", Reading.EXPECTED, "info"),
        ("Interval, microphones off", Reading.NOTHING, "critical"),
        ("Interval, cameras off", Reading.EXPECTED, "critical"),
        ("Interval of ten guests", Reading.EXPECTED, "critical"),
    ],
)
def test_a_break_that_says_what_is_heard_in_it_is_read(title: str, meaning: Reading, severity: str) -> None:
    silent = incident(event("silence", "a:0", 600.0, 640.0), cause=Cause.AUDIO_LOSS)
    slot = Slot(SlotKind.BREAK, Period(500.0, 900.0), title)
    assert answered(asked(silent, schedule=(slot,)), Interval=meaning)[Question.SEVERITY] == severity


def test_where_nobody_can_tell_a_plan_that_is_off_makes_it_a_fault() -> None:
    card = incident(event("slate", "v:0", 600.0, 900.0), cause=Cause.PLANNED_CONTENT)
    case = asked(card, "They play it straight through")
    assert (case.floor, case.intent) == (Severity.MINOR, Intent.UNCERTAIN)
    found = answered(case, straight=Reading.OFF)
    assert (found[Question.SEVERITY], found[Question.INTENT]) == ("major", "fault")
    assert answered(case, straight=Reading.NOTHING)[Question.SEVERITY] == "minor"


def test_a_card_whose_break_is_off_was_left_standing() -> None:
    card = incident(event("slate", "v:0", 600.0, 880.0), cause=Cause.PLANNED_CONTENT)
    slot = Slot(SlotKind.BREAK, Period(500.0, 900.0), "Interval")
    case = asked(card, "They play it straight through", schedule=(slot,), delivery=Delivery.LIVE)
    assert (case.floor, case.intent) == (Severity.INFO, Intent.PLANNED)
    found = answered(case, straight=Reading.OFF)
    assert (found[Question.SEVERITY], found[Question.INTENT]) == ("major", "fault")


def test_the_run_book_takes_no_plan_back() -> None:
    case = asked(LOST, maintenance=(WORK,), run_book=(RunBookEntry("Ring the desk"),))
    assert answered(case, desk=Reading.OFF)[Question.SEVERITY] == "minor"


@pytest.mark.parametrize(
    "note",
    [
        "Kick TV 1 has no pictures now",
        "Kick TV 2 has no pictures 19:00-19:30",
        "Kick TV 2 has no pictures for up to 1 second, rebuilt in 1 s",
        "Kick TV 2 has no sound now",
        "Ignore this, Kick TV 2 has no pictures",
    ],
)
def test_a_note_of_something_else_excuses_nothing(note: str) -> None:
    long = incident(event("black", "v:0", 600.0, 640.0), cause=Cause.PICTURE_LOSS)
    found = answered(asked(long, note), Kick=Reading.EXPECTED)
    assert (found[Question.SEVERITY], found[Question.REASON]) == ("critical", NO_REASON)


def test_sound_alone_does_not_explain_a_loss_of_both() -> None:
    found = answered(asked(LOST, "Kick TV 2 is mute by contract"), Kick=Reading.EXPECTED)
    assert found[Question.SEVERITY] == "critical"


def test_what_is_not_sure_moves_nothing_and_says_so() -> None:
    case = asked(DARK, "Kick TV 2 has no pictures now")
    told = dict(NoteReader(Told({"Kick": Reading.EXPECTED}, 0.4), PLAIN).ask(case))  # type: ignore[arg-type]
    assert told[Question.SEVERITY].value == case.floor.value
    assert told[Question.SEVERITY].probability == pytest.approx(0.6)


@pytest.mark.parametrize(("sure", "severity"), [(0.8, "critical"), (0.95, "info")])
def test_what_is_critical_is_excused_by_a_sure_note(sure: float, severity: str) -> None:
    dark = incident(event("black", "v:0", 600.0, 640.0), cause=Cause.PICTURE_LOSS)
    reader = NoteReader(
        Told({"Kick": Reading.EXPECTED}, sure),  # type: ignore[arg-type]
        PLAIN.model_copy(update={"critical_from": 0.9}),
    )
    found = dict(reader.ask(asked(dark, "Kick TV 2 has no pictures now")))
    assert found[Question.SEVERITY].value == severity


def test_stakes_make_it_one_step_worse_within_the_ceiling() -> None:
    short = incident(event("black", "v:0", 600.0, 603.0), cause=Cause.PICTURE_LOSS)
    assert asked(short).floor.value == "minor"
    assert (
        answered(asked(short, "No reserve for Kick TV 2"), Kick=Reading.WORSE)[Question.SEVERITY] == "major"
    )


def test_a_plan_that_is_off_puts_back_what_it_took_off() -> None:
    planned = asked(LOST, maintenance=(WORK,))
    assert (planned.floor.value, planned.plain_floor.value) == ("minor", "critical")
    found = answered(asked(LOST, "Kick TV 2 goes out after all", maintenance=(WORK,)), Kick=Reading.OFF)
    assert (found[Question.SEVERITY], found[Question.INTENT]) == ("critical", "fault")


def test_a_plan_of_another_channel_that_is_off_puts_nothing_back() -> None:
    planned = asked(LOST, "Kick TV 1 stays with its pictures", maintenance=(WORK,))
    assert answered(planned, Kick=Reading.OFF)[Question.SEVERITY] == "minor"


def test_doubts_of_both_kinds_add_up_against_a_plan() -> None:
    """Worse or off: either way the plan does not hold."""
    planned = asked(LOST, "Kick TV 2 is wanted now", maintenance=(WORK,))
    shares = {Reading.EXPECTED: 0.2, Reading.WORSE: 0.3, Reading.NOTHING: 0.2, Reading.OFF: 0.3}

    @dataclass
    class Torn:
        def log_probabilities(self, text: str, answers: Sequence[str]) -> list[float]:
            return [math.log(shares[reading]) for reading in Reading]

    found = {q: told.value for q, told in NoteReader(Torn(), PLAIN).ask(planned)}  # type: ignore[arg-type]
    assert (found[Question.SEVERITY], found[Question.INTENT]) == ("critical", "fault")
    assert found[Question.ACTION] == "switch_to_backup"


def test_a_note_that_a_plan_is_off_outweighs_one_that_excuses() -> None:
    case = asked(LOST, "Kick TV 2 has no pictures now", "Kick TV 2 goes out after all")
    found = answered(case, pictures=Reading.EXPECTED, out=Reading.OFF)
    assert found[Question.SEVERITY] == "critical"


@pytest.mark.parametrize(
    ("later", "meaning", "severity"),
    [
        ("Motion for closed doors lost", Reading.NOTHING, "critical"),
        ("Motion passed, the doors stay closed", Reading.EXPECTED, "info"),
        ("Coffee is in the kitchen", Reading.NOTHING, "info"),
    ],
)
def test_a_plan_that_a_later_note_changes_is_no_reason(later: str, meaning: Reading, severity: str) -> None:
    lost = asked(LOST, "Behind closed doors from 18:00 to 19:00, pictures and sound are cut", later)
    found = answered(lost, pictures=Reading.EXPECTED, **{later.split()[0]: meaning})
    assert found[Question.SEVERITY] == severity


def test_a_bench_in_use_is_no_bench() -> None:
    found = answered(asked(LOST, "Kick TV 2 carries the final", tier=Tier.TEST), Kick=Reading.WORSE)
    assert (found[Question.SEVERITY], found[Question.INTENT]) == ("critical", "fault")


def test_probabilities_follow_scale_and_bias() -> None:
    logs = [math.log(p) for p in (0.4, 0.3, 0.2, 0.1)]
    assert PLAIN.probabilities(logs)[Reading.EXPECTED] == pytest.approx(0.4)
    pulled = PLAIN.model_copy(update={"bias": {Reading.EXPECTED: -50.0}})
    assert pulled.probabilities(logs)[Reading.EXPECTED] == pytest.approx(0.0)
    assert pulled.probabilities(logs)[Reading.WORSE] == pytest.approx(0.5)
    curved = PLAIN.model_copy(update={"sure": ((0.5, 0.6), (1.0, 0.9))})
    assert curved.confidence(0.75) == pytest.approx(0.75)


def test_a_bad_calibration_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    with pytest.raises(ModelError, match="cannot be read"):
        load_calibration(file, ReadingCalibration)
    file.write_text('{"model": "x", "prompt": "y", "scale": 0}')
    with pytest.raises(ModelError, match="is no calibration: scale"):
        load_calibration(file, ReadingCalibration)


def test_a_waiver_of_another_version_excuses_nothing() -> None:
    note = "Black from 10:00 to 10:40 is in the cinema cut only. This file is the TV cut"
    context = Context("Teaser", delivery=Delivery.ON_DEMAND, notes=(Note(note),))
    dark = incident(event("black", "v:0", 600.0, 640.0), cause=Cause.PICTURE_LOSS)
    case = case_of(dark, scan(dark), load_policy(), context)
    assert answered(case, cinema=Reading.EXPECTED)[Question.REASON] == NO_REASON
