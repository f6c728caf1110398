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
from agent.triage.channels import of_other_channel, spared
from agent.triage.judge import case_of
from agent.triage.lengths import longest_told_s
from agent.triage.questions import NO_REASON, Question
from agent.triage.reading import Reading, reading_prompt
from agent.triage.versions import of_other_version
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


@pytest.mark.parametrize(
    ("text", "service", "other"),
    [
        ("Sport 2 is off", "Sport 1", True),
        ("Sport 1 is off, Sport 2 is not", "Sport 1", False),
        ("Regio Nord is on strike", "Regio Sued", True),
        ("The second house is on Plenum Two", "Plenum", True),
        ("Plenum shows the arms", "Plenum", False),
        ("Vier: the cave scene", "Vier TV", False),
        ("The film is silent", "Sport 1", False),
        ("SPORT 1 is off", "Sport 1", False),
        ("anything", "", False),
        ("Path C stands", "Path B", True),
        ("They opt out at TV Inland by hand", "TV Coast", True),
        ("TV Coast opts out by hand, TV Inland does not", "TV Coast", False),
        ("Arena 2, 16:35 to 16:50: no sound", "Arena 2 Backup", False),
        ("Muted on Lakeview 0655-0800z", "Lakeview Info", False),
        ("Newsline, 10.15 to 10.40, as it is", "Newsline", False),
        ("No sound on Small Hall Live tonight", "Plenum Live", True),
        ("No sound on Plenum Live tonight", "Plenum Live", False),
        ("Path 1 is dead", "Derby Path 2", True),
        ("P2 is dead, Path 1 is not", "Derby Path 2", False),
        ("Nothing on 2 for a while, take Path 1", "Derby Path 2", False),
        ("Arena KR only: no sound", "Arena Live", True),
        ("Hall 5: the picture flickers", "Faculty Lecture Hall 7 Capture", True),
        ("Hall 7: the picture flickers", "Faculty Lecture Hall 7 Capture", False),
        ("London sends a tone on GBN 24", "Global Business News 24", False),
        ("PPV 4: fixture card", "Island Sevens Pay-Per-View 4", False),
        ("Return 5 is muted from ten", "Fan Zone Return Sound 3", True),
        ("The Jakarta two-way is dropped, line 3 released", "Jakarta Line 3", False),
        ("First Date: the break is unsold", "Second Date", True),
        ("Second Date: the break is unsold", "Second Date", False),
        ("Cameras 1 to 3 send a still", "Speed Wall Camera 5", True),
        ("Modem of channel 8 is swapped", "Occasional 5", True),
        ("Cameras 4 to 6 send a still", "Speed Wall Camera 5", False),
        ("Sound of recorder A is repatched", "Opera Recorder B", True),
        ("No bulletin on Tele Adour", "Tele Garonne 3", True),
        ("Wolof is left empty, over to the French one", "House Dubs, French a:0 and Wolof a:1", False),
    ],
)
def test_sisters_are_told_apart(text: str, service: str, other: bool) -> None:
    assert of_other_channel(text, service) is other


@pytest.mark.parametrize(
    ("text", "service", "left_out"),
    [
        ("Ring A is off for ten minutes. Ring B is on mains and stays on air.", "Boxing Ring B Live", True),
        ("Song 14 is black for Taiwan. Premium Live carries it in full.", "Encore Premium Live", True),
        ("Return 5 is muted. Return 3 has a licence for sound.", "Fan Zone Return Sound 3", True),
        ("Live 6: mute until nine. The arrivals on Live 5 come with the band.", "Meridian Live 5", True),
        ("Junior 8 shows the card. Junior 5 does not take part.", "Junior 5", True),
        (
            "TV Coast 2 is off at the relay. The main mast with Fenland Tonight stays on air.",
            "Fenland Tonight",
            True,
        ),
        ("Reina Europa is mute. International carries it in full.", "Reina del Mar International", True),
        ("Trailer is cut. News 2 leaves the leg silent, the other as usual.", "News 2", False),
        ("Work on the antenna of the radio. This channel is not affected.", "Hochwald TV", True),
        ("Ring B is off for ten minutes. Ring A stays on air.", "Boxing Ring B Live", False),
        ("Path 1 stays on air. Path 2 is dark until ten.", "Derby Path 2", False),
        ("Sport 1 is muted at eight. Sport 2 as well, at nine.", "Sport 2", False),
        ("Sport 2 is on the card, the other stays live.", "Sport 2", False),
        ("119 is dark for ten minutes, 118 is fed from the other site and stays up", "Net 118 Film", True),
        ("118 is dark for ten minutes, 119 is fed from the other site and stays up", "Net 118 Film", False),
        ("Riga B is off for a new modulator. Nothing changes on A.", "Fencing Line Riga A", True),
        (
            "Foghorn goes without the third track. Lighthouse Keepers is delivered with both.",
            "Lighthouse Keepers 24",
            True,
        ),
        ("Taki 9 is off the air until five. Canli sells on until two.", "Bazar Canli 7", True),
        (
            "Sister Sport is dark till ten. The Light channel has its own supply.",
            "Kisal Light Television",
            True,
        ),
        ("Cloth over the lens of Burrow 5. Nobody touches Burrow 3 today.", "Puffin Burrow Cam 3", True),
        ("v1 of Duel 19 keeps the bad sync. v2 is the one for air.", "Duel 19, file v2", True),
        (
            "Manaus has said goodbye. Nothing more comes on Sat 11, studio carries on.",
            "Rio Sat 11 Live",
            False,
        ),
        ("One sleeve for the whole side. Music plays as normal.", "Music 6", False),
        ("P2 is dark while I repatch. Path 1 is healthy and on air.", "Derby Path 2", False),
        ("All outputs but Santa Cruz stay on the card.", "Canal 11 Santa Cruz", True),
        ("All outputs but La Paz stay on the card.", "Canal 11 Santa Cruz", False),
        ("UHD stands still at 21:15. HD is fed from the first truck and does not change.", "Rumble HD", True),
        ("No picture on Andes 41. Channel 40 comes in by fibre and is not affected.", "Pampa 40", True),
        ("Nytt 2 keeps its picture. Only number 3 goes black.", "Vestfold Nytt 3", False),
        ("No sound on Radio Belt until ten, studio picture stays up.", "Radio Belt Vision", False),
        ("7 to 12 are off the air. 1 to 6 come from the other site and stay up.", "News Light 9", False),
        ("Garage 90 is down for up to five minutes.", "Retro Garage 90", False),
        ("Changeover on B with the card. C plays straight through, no card there.", "Festival Stage C", True),
        ("anything. at all", "", False),
    ],
)
def test_a_sentence_may_leave_the_channel_out(text: str, service: str, left_out: bool) -> None:
    assert spared(text, service) is left_out


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("The web version is silent at 5:00. This file is the TV version.", True),
        ("Waiver of 3 May is for recording 113. This file is 114, to be complete.", True),
        ("Only the access copy has it muted; the spoken version, this file, is complete.", True),
        ("The radio mix may be hot. For the TV reel, which is this one, the usual rules hold.", True),
        ("Version 3 of the film passed the test. This file is version 3.", False),
        ("The access copy has it muted. This file is accepted as well.", False),
        ("Half a minute is silent, the author wants it. This file is released with the pause.", False),
        ("This file is the web version, silent at 5:00.", False),
    ],
)
def test_a_file_may_be_told_from_another_version(text: str, other: bool) -> None:
    assert of_other_version(text) is other


def test_a_waiver_of_another_version_excuses_nothing() -> None:
    note = "Black from 10:00 to 10:40 is in the cinema cut only. This file is the TV cut"
    context = Context("Teaser", delivery=Delivery.ON_DEMAND, notes=(Note(note),))
    dark = incident(event("black", "v:0", 600.0, 640.0), cause=Cause.PICTURE_LOSS)
    case = case_of(dark, scan(dark), load_policy(), context)
    assert answered(case, cinema=Reading.EXPECTED)[Question.REASON] == NO_REASON


@pytest.mark.parametrize(
    ("text", "longest_s"),
    [
        ("up to 10 s", 10),
        ("3 to 5 seconds", 5),
        ("about half a minute", 30),
        ("two minutes' silence", 120),
        ("as good as it gets", None),
        ("a third of a second", None),
        ("from 11:00 to 11:02", None),
        ("an hour sometimes", 3600),
        ("four and a half minutes", 270),
        ("a minute and a half at most", 90),
        ("a quarter of an hour", 900),
        ("within twenty-five seconds", 25),
        ("a couple of minutes", 120),
        ("for the minute of the bell", 60),
        ("300 ms late", 0.3),
        ("sixteen a second", None),
        ("a second transponder", None),
        ("a second or so", 1),
        ("a pause of one second in the sound", 1),
        ("one second into the film", None),
        ("from 21h to 22h, the listening hour", None),
        ("it takes longer than the usual five minutes", None),
        ("held for five seconds at 4 min 12", 5),
    ],
)
def test_lengths_are_read(text: str, longest_s: float | None) -> None:
    assert longest_told_s(text) == longest_s
