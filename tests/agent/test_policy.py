"""Floors of every check, what rules can ask for, and the words that each check must have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.context import (
    Audience,
    Context,
    Delivery,
    Feedback,
    Maintenance,
    Period,
    Recent,
    Slot,
    SlotKind,
    Tier,
)
from agent.policy import load_policy
from agent.triage.facts import facts_of
from agent.triage.judge import case_of
from agent.triage.phrases import phrases
from agent.triage.verify import MAX_TITLE, verify
from agent.triage.words import template_summary, template_title
from agent.verdict import Intent, Route, Severity
from pipeline.checks import CHECKS
from pipeline.errors import ProfileError
from pipeline.model import Cause, Incident, MediaInfo
from tests.agent.reporting import event, incident, scan

POLICY = load_policy()
LOST = incident(event("black", "v:0", 2.0, 5.0), event("silence", "a:0", 2.0, 5.0), cause=Cause.SIGNAL_LOSS)
CALM = scan(LOST).media or MediaInfo("mp4", 1000.0, ())
FLOORS = [
    (Cause.BITSTREAM_CORRUPTION, "block_corruption", 0.5, "", Severity.MINOR),
    (Cause.BITSTREAM_CORRUPTION, "block_corruption", 3.0, "", Severity.MAJOR),
    (Cause.COMPRESSION, "blockiness", 5.0, "", Severity.MINOR),
    (Cause.COMPRESSION, "blockiness", 40.0, "", Severity.MAJOR),
    (Cause.COMPRESSION, "blur", 5.0, "", Severity.INFO),
    (Cause.COMPRESSION, "blur", 40.0, "", Severity.MINOR),
    (Cause.PHOTOSENSITIVITY, "flash", 1.0, "", Severity.MAJOR),
    (Cause.PHOTOSENSITIVITY, "flash", 1.0, "luminance", Severity.MAJOR),
    (Cause.PHOTOSENSITIVITY, "flash", 1.0, "red", Severity.MAJOR),
    (Cause.PHOTOSENSITIVITY, "flash", 9.0, "extended", Severity.MINOR),
    (Cause.UNKNOWN, "flicker", 2.0, "", Severity.INFO),
    (Cause.UNKNOWN, "noise", 20.0, "grain", Severity.MINOR),
    (Cause.PICTURE_LOSS, "noise", 3.0, "snow", Severity.MINOR),
    (Cause.COMPLIANCE, "borders", 900.0, "", Severity.INFO),
    (Cause.COMPLIANCE, "levels", 2.0, "", Severity.MINOR),
    (Cause.COMPLIANCE, "levels", 90.0, "", Severity.MAJOR),
    (Cause.COMPLIANCE, "interlace", 90.0, "", Severity.MAJOR),
    (Cause.PICTURE_LOSS, "color_bars", 2.0, "", Severity.MAJOR),
    (Cause.PLANNED_CONTENT, "color_bars", 30.0, "", Severity.INFO),
    (Cause.PLANNED_CONTENT, "slate", 5.0, "", Severity.INFO),
    (Cause.PLANNED_CONTENT, "slate", 60.0, "", Severity.MINOR),
    (Cause.ENCODER_FREEZE, "duplicate_frames", 3.0, "", Severity.INFO),
    (Cause.ENCODER_FREEZE, "duplicate_frames", 900.0, "", Severity.MINOR),
    (Cause.ENCODER_FREEZE, "dropped_frames", 3.0, "", Severity.MINOR),
    (Cause.ENCODER_FREEZE, "dropped_frames", 40.0, "", Severity.MAJOR),
    (Cause.AUDIO_LOSS, "dropout", 0.01, "", Severity.MINOR),
    (Cause.AUDIO_DISTORTION, "phase", 900.0, "dual mono", Severity.INFO),
    (Cause.AUDIO_DISTORTION, "phase", 5.0, "out of phase", Severity.MINOR),
    (Cause.AUDIO_DISTORTION, "phase", 20.0, "out of phase", Severity.MAJOR),
    (Cause.AUDIO_DISTORTION, "hum", 900.0, "", Severity.MINOR),
    (Cause.AUDIO_DISTORTION, "dc_offset", 900.0, "", Severity.MINOR),
    (Cause.PACKAGING, "audio_change", 0.0, "", Severity.MINOR),
    (Cause.PACKAGING, "frame_rate", 900.0, "", Severity.MINOR),
]


@pytest.mark.parametrize(("cause", "check", "length_s", "kind", "floor"), FLOORS)
def test_what_is_content_more_often_than_fault_has_a_modest_floor(
    cause: Cause, check: str, length_s: float, kind: str, floor: Severity
) -> None:
    one = replace(event(check, "v:0", 200.0, 200.0 + length_s), evidence={"kind": kind})
    start_s = 0.0 if check == "color_bars" and floor is Severity.INFO else 200.0
    found = replace(incident(one, cause=cause), start_s=start_s)
    media = replace(CALM, duration_s=1000.0)
    assert POLICY.decide(found, media).floor is floor


@pytest.mark.parametrize(
    ("cause", "check", "confidence", "floor"),
    [
        (Cause.ENCODER_FREEZE, "freeze", 0.34, Severity.MINOR),
        (Cause.ENCODER_FREEZE, "freeze", 0.35, Severity.MAJOR),
        (Cause.BITSTREAM_CORRUPTION, "block_corruption", 0.59, Severity.MINOR),
        (Cause.BITSTREAM_CORRUPTION, "block_corruption", 0.6, Severity.MAJOR),
    ],
)
def test_what_is_doubtful_has_a_lower_floor(
    cause: Cause, check: str, confidence: float, floor: Severity
) -> None:
    one = replace(event(check, "v:0", 200.0, 220.0), confidence=confidence)
    assert POLICY.decide(incident(one, cause=cause), CALM).floor is floor


def test_dropouts_are_worse_when_there_are_many() -> None:
    clicks = [replace(event("dropout", "a:0", n, n + 0.01), id=f"{n}") for n in range(1, 11)]
    floors = [
        POLICY.decide(incident(*clicks[:count], cause=Cause.AUDIO_LOSS), CALM).floor for count in (9, 10)
    ]
    assert floors == [Severity.MINOR, Severity.MAJOR]


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("without = ['silence']", False),
        ("without = ['freeze']", True),
        ("kinds = ['logo']", False),
        ("kinds = ['all of']", True),
        ("min_confidence = 0.99", False),
        ("min_confidence = 0.98", True),
    ],
)
def test_a_rule_asks_for_kinds_confidence_and_absence(tmp_path: Path, condition: str, matches: bool) -> None:
    sure = [replace(one, evidence={"kind": "all of it"}) for one in LOST.events]
    path = tmp_path / "policy.toml"
    path.write_text(
        f"[[rule]]\nname='x'\n{condition}\nfloor='info'\nroute='qc'\naction='none'\nintent='planned'"
    )
    decision = load_policy(path).decide(replace(LOST, events=tuple(sure)), None)
    assert (decision.rule == "x") is matches


def test_the_built_in_rules_name_checks_that_triage_can_speak_of() -> None:
    named = {check for rule in POLICY.rules for check in (*rule.checks, *rule.without)}
    assert named <= set(phrases().checks)


def test_every_check_has_its_words() -> None:
    book = phrases()
    assert set(CHECKS) <= set(book.checks), "a check without words in agent/triage/phrases.toml"
    titles = [told.title.lower() for told in book.checks.values()]
    assert len(set(titles)) == len(titles)
    words = [word for told in book.checks.values() for word in told.defect]
    assert len(set(words)) == len(words)
    assert not set(words) & book.lexicon, "a word that names a defect may be said of that defect only"
    assert {check for told in book.causes.values() for check in told.first} <= set(book.checks)


@pytest.mark.parametrize("check", sorted(phrases().checks))
def test_the_template_can_speak_of_every_check(check: str) -> None:
    unit = CHECKS[check].unit if check in CHECKS else ""
    one = incident(replace(event(check, "v:0", 2.0, 5.0), unit=unit), cause=Cause.UNKNOWN)
    asked = case_of(one, scan(one), POLICY)
    facts = facts_of(asked)
    assert not verify(template_title(asked, facts), facts, limit=MAX_TITLE)
    assert not verify(template_summary(asked, facts), facts)


PREMIUM = Context(tier=Tier.PREMIUM, delivery=Delivery.LIVE, audience=Audience.LARGE)
ALL = Period(0.0, 5000.0)
DARK = incident(event("black", "v:0", 200.0, 208.0))
BARS = incident(event("color_bars", "v:0", 200.0, 260.0), cause=Cause.PLANNED_CONTENT)


def _on(kind: SlotKind, context: Context = PREMIUM) -> Context:
    return replace(context, schedule=(Slot(kind, ALL),))


@pytest.mark.parametrize(
    ("found", "context", "floor"),
    [
        (DARK, Context(), Severity.MAJOR),
        (DARK, PREMIUM, Severity.MAJOR),
        (DARK, _on(SlotKind.PROGRAMME), Severity.CRITICAL),
        (DARK, _on(SlotKind.PROGRAMME, replace(PREMIUM, audience=Audience.SMALL)), Severity.MAJOR),
        (DARK, _on(SlotKind.OFF_AIR), Severity.INFO),
        (DARK, _on(SlotKind.SLATE), Severity.MAJOR),
        (DARK, replace(PREMIUM, maintenance=(Maintenance(ALL, "works"),)), Severity.INFO),
        (DARK, replace(PREMIUM, maintenance=(Maintenance(Period(0.0, 202.0), "works"),)), Severity.MAJOR),
        (DARK, Context(tier=Tier.TEST), Severity.INFO),
        (LOST, replace(PREMIUM, maintenance=(Maintenance(ALL, "works"),)), Severity.MINOR),
        (LOST, Context(delivery=Delivery.ARCHIVE), Severity.MAJOR),
        (BARS, _on(SlotKind.PROGRAMME), Severity.MAJOR),
        (BARS, _on(SlotKind.BARS), Severity.INFO),
        (
            DARK,
            Context(
                recent=tuple(
                    Recent(0.0, Cause.PICTURE_LOSS, Severity.MAJOR, Feedback.FALSE_ALARM) for _ in range(2)
                )
            ),
            Severity.MINOR,
        ),
    ],
)
def test_the_context_moves_the_floor(found: Incident, context: Context, floor: Severity) -> None:
    decision = POLICY.decide(found, replace(CALM, duration_s=5000.0), context)
    assert decision.floor is floor, decision.rule
    assert decision.ceiling.rank >= floor.rank
    assert decision.action is decision.actions[0] and decision.intent is decision.intents[0]


def test_a_users_adjustment_is_asked_first(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[[adjust]]\nname = 'night'\ntier = ['premium']\nat_most = 'minor'\nroute = 'qc'\n")
    decision = load_policy(path).decide(LOST, None, PREMIUM)
    assert (decision.floor, decision.route, decision.rule) == (
        Severity.MINOR,
        Route.QC,
        "signal-loss, night",
    )


def test_a_user_says_what_a_card_that_was_left_standing_is(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[left_standing]\nat_least = 'critical'\n")
    card = load_policy(path).left_standing
    assert (card.at_least, card.intent) == (Severity.CRITICAL, Intent.FAULT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[adjust]]\nname = 'x'\nlower = 1", "did you mean 'lower_by'"),
        ("[[adjust]]\nname = 'x'\ntier = ['gold']", "adjust 1 .x.: tier"),
        ("[adjust]\nname = 'x'", r"\[\[adjust\]\]"),
        ("[left_standing]\nat_lest = 'major'", "left_standing.*did you mean 'at_least'"),
    ],
)
def test_a_wrong_adjustment_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=said):
        load_policy(path)


BOOKED = Context(
    delivery=Delivery.CONTRIBUTION,
    audience=Audience.NONE,
    schedule=(Slot(SlotKind.PROGRAMME, Period(0.0, 3600.0), "Semi-final, live"),),
)


@pytest.mark.parametrize(
    ("found", "context", "intent"),
    [
        (incident(event("freeze", "v:0", 0, 20), cause=Cause.ENCODER_FREEZE), Context(), "fault"),
        (
            incident(replace(event("freeze", "v:0", 0, 20), confidence=0.5), cause=Cause.ENCODER_FREEZE),
            Context(),
            "uncertain",
        ),
        (
            incident(event("freeze", "v:0", 0, 15), cause=Cause.ENCODER_FREEZE),
            Context(delivery=Delivery.LINEAR),
            "uncertain",
        ),
        (
            incident(event("freeze", "v:0", 0, 20), cause=Cause.ENCODER_FREEZE),
            Context(delivery=Delivery.LINEAR),
            "fault",
        ),
        (
            incident(event("hum", "a:0", 0, 900), cause=Cause.AUDIO_DISTORTION),
            Context(delivery=Delivery.ARCHIVE),
            "fault",
        ),
        (
            incident(event("freeze", "v:0", 0, 20), cause=Cause.ENCODER_FREEZE),
            Context(
                delivery=Delivery.LINEAR, schedule=(Slot(SlotKind.PROGRAMME, Period(-9.0, 90.0), "News"),)
            ),
            "fault",
        ),
        (
            incident(event("channel_silence", "a:0", 0, 900), cause=Cause.AUDIO_LOSS),
            Context(delivery=Delivery.ARCHIVE),
            "uncertain",
        ),
        (
            incident(event("channel_silence", "a:0", 0, 900), cause=Cause.AUDIO_LOSS),
            Context(delivery=Delivery.ON_DEMAND),
            "fault",
        ),
    ],
)
def test_what_nobody_can_tell_without_a_look_is_no_fault_yet(
    found: Incident, context: Context, intent: str
) -> None:
    decision = POLICY.decide(found, CALM, context)
    assert decision.intent == intent
    assert "fault" in decision.intents


@pytest.mark.parametrize(
    ("check", "context", "severity", "intent"),
    [
        ("color_bars", Context(delivery=Delivery.CONTRIBUTION, audience=Audience.NONE), "info", "planned"),
        ("color_bars", BOOKED, "major", "fault"),
        ("slate", BOOKED, "major", "fault"),
        ("slate", Context(delivery=Delivery.ON_DEMAND), "major", "fault"),
        ("color_bars", Context(delivery=Delivery.ON_DEMAND), "minor", "uncertain"),
    ],
)
def test_what_stands_where_a_programme_should_is_a_fault(
    check: str, context: Context, severity: str, intent: str
) -> None:
    found = incident(event(check, "v:0", 600, 780), cause=Cause.PLANNED_CONTENT)
    decision = POLICY.decide(found, CALM, context)
    assert (decision.floor, decision.intent) == (severity, intent)


def test_titles_of_a_film_are_no_fault() -> None:
    found = incident(event("slate", "v:0", 600, 640), cause=Cause.PLANNED_CONTENT)
    assert POLICY.decide(found, CALM, Context(delivery=Delivery.ON_DEMAND)).intent == "uncertain"


def test_an_adjustment_that_goes_on_leaves_room_for_the_next(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        '[[adjust]]\nname = "one"\ngoes_on = true\nintent = "uncertain"\n'
        '[[adjust]]\nname = "two"\nintents = ["uncertain"]\nlower_by = 1\n'
        '[[adjust]]\nname = "three"\nlower_by = 1\n'
    )
    decision = load_policy(file).decide(LOST, CALM)
    assert decision.rule == "signal-loss, one, two"
    assert (decision.floor, decision.intent) == (Severity.MAJOR, "uncertain")
