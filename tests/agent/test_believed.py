"""A table of the context lowers nothing that a note contradicts, as far as its words can be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.context import Audience, Context, Delivery, Maintenance, Note, Period, Slot, SlotKind, Tier
from agent.models.rules import Rules
from agent.policy import load_policy
from agent.triage.believed import believed
from agent.triage.judge import case_of, judge_case
from agent.triage.notes import Claim, claims_of
from agent.triage.reasons import reasons_of
from agent.verdict import Action, Case, Intent, Severity
from pipeline.model import Cause
from tests.agent.reporting import event, incident, scan

SIX = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
LOST = incident(
    event("black", "v:0", 600.0, 640.0), event("silence", "a:0", 600.0, 640.0), cause=Cause.SIGNAL_LOSS
)
DURING = Period(500.0, 900.0)
WORK = Maintenance(DURING, "router of Kick TV 2 is replaced")


def case(*notes: str | Note, **known: object) -> Case:
    told = tuple(note if isinstance(note, Note) else Note(note) for note in notes)
    context = Context("Kick TV 2", starts_at=SIX, notes=told, **known)  # type: ignore[arg-type]
    return case_of(LOST, scan(LOST), load_policy(), context)


def test_work_that_says_it_has_no_effect_lowers_nothing() -> None:
    quiet = Maintenance(DURING, "Software of the standby node, the channel is not affected")
    kept = believed(Context("Kick TV 2", starts_at=SIX, maintenance=(WORK, quiet)), LOST)
    assert kept.context.maintenance == (WORK,) and kept.doubted == ("planned work",)


def test_work_that_spares_the_other_part_lowers() -> None:
    work = Maintenance(DURING, "Matrix updated, picture black meanwhile, sound not touched")
    dark = incident(event("black", "v:0", 600.0, 640.0), cause=Cause.PICTURE_LOSS)
    assert believed(Context(starts_at=SIX, maintenance=(work,)), dark).context.maintenance == (work,)
    silent = incident(event("silence", "a:0", 600.0, 640.0), cause=Cause.AUDIO_LOSS)
    assert believed(Context(starts_at=SIX, maintenance=(work,)), silent).doubted == ("planned work",)


def test_a_reserve_is_none_when_it_is_on_the_air_itself() -> None:
    known = Context("Derby Path 2", starts_at=SIX, audience=Audience.NONE)
    beside = replace(known, notes=(Note("Path 1 is fine and on air"),))
    assert believed(beside, LOST).doubted == ()
    itself = replace(known, notes=(Note("Path 1 is dead, P2 is on air"),))
    assert believed(itself, LOST).doubted == ("the audience none",)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Swap called off, part is missing", {Claim.REVOKED}),
        ("The works will not take place", {Claim.REVOKED}),
        ("Router job finished at 18:05, thanks", {Claim.FINISHED}),
        ("Kick TV 2 stays up all night", {Claim.IDLE}),
        ("the bench is on air for everybody", {Claim.IN_USE}),
        ("Swap is not cancelled", set()),
        ("Will be finished by 19:00", set()),
        ("Until it is finished there is nothing to see", set()),
        ("Nothing of this is on air", set()),
        ("On air from tomorrow", set()),
        ("The bench was on air for the other site", set()),
        ("restart is put off until after the last event", set()),
        ("Restart is put off", {Claim.REVOKED}),
        ("Not cancelled: the swap. Cancelled: the lunch", {Claim.REVOKED}),
        ("Router is replaced, no picture", set()),
    ],
)
def test_a_clause_claims_what_it_does_not_leave_open(text: str, claims: set[Claim]) -> None:
    assert claims_of(text) == claims


@pytest.mark.parametrize(
    ("note", "floor"),
    [
        ("Router swap was called off", Severity.CRITICAL),
        ("All back to normal since 18:05", Severity.CRITICAL),
        ("Hitless, the other router carries it", Severity.CRITICAL),
        ("Router swap as planned", Severity.MINOR),
        ("The slate was cancelled", Severity.MINOR),
        ("Router swap of Kick TV 1 was called off", Severity.MINOR),
        ("18:30 job done, all is back", Severity.MINOR),
        ("Works 21:00-22:00 are cancelled", Severity.MINOR),
        ("Ignore the table, works are cancelled", Severity.MINOR),
    ],
)
def test_planned_work_that_a_note_takes_back_lowers_nothing(note: str, floor: Severity) -> None:
    assert case(note, maintenance=(WORK,)).floor is floor


def test_the_verdict_of_the_rules_says_what_was_not_counted() -> None:
    one = case("Router swap was called off", maintenance=(WORK,))
    verdict = judge_case(one, Rules())
    assert (verdict.severity, verdict.intent) == (Severity.CRITICAL, Intent.FAULT)
    assert verdict.notes[0] == "a note contradicts planned work: not counted"
    assert one.context.maintenance == () and not reasons_of(one)


@pytest.mark.parametrize("kind", [SlotKind.TEST, SlotKind.OFF_AIR, SlotKind.SLATE, SlotKind.BARS])
def test_a_slot_without_a_programme_is_not_believed_of_a_feed_on_air(kind: SlotKind) -> None:
    slots = (Slot(kind, DURING),)
    calm = believed(Context(schedule=slots), LOST)
    assert calm.context.schedule == slots and calm.doubted == ()
    found = believed(Context(schedule=slots, notes=(Note("this is on air"),)), LOST)
    assert found.context.schedule == () and found.doubted == ("the schedule",)


def test_a_test_service_on_air_is_no_test_and_has_viewers() -> None:
    known = {"tier": Tier.TEST, "audience": Audience.NONE}
    assert case(**known).floor is Severity.INFO
    one = case("Main studio burnt, Kick TV 2 is on air in its place", **known)
    assert (one.floor, one.intent) == (Severity.CRITICAL, Intent.FAULT)
    assert one.doubted == ("the tier test", "the audience none")
    low = case("Kick TV 2 is on air", tier=Tier.LOW)
    assert low.floor is case(tier=Tier.LOW).floor and not low.doubted


def test_a_programme_is_never_taken_away() -> None:
    slot = Slot(SlotKind.PROGRAMME, DURING, "The final")
    assert believed(Context(schedule=(slot,), notes=(Note("cancelled"),)), LOST).context.schedule == (slot,)


def test_a_later_note_takes_an_earlier_one_back() -> None:
    plan, off = "Planned router swap of Kick TV 2", "Router swap is cancelled"
    assert reasons_of(case(plan)) and not reasons_of(case(plan, off))
    assert reasons_of(case(off, plan))
    at = SIX - timedelta(minutes=5)
    written = Note(off, at=at), Note(plan, at=at - timedelta(hours=1))
    assert not reasons_of(case(*written))


def test_what_the_policy_says_without_plans_may_be_said_again() -> None:
    one = case(tier=Tier.TEST)
    assert one.without_plans is not None and one.without_plans.floor is Severity.CRITICAL
    assert one.without_plans.action is Action.SWITCH_TO_BACKUP
    assert case().without_plans is None


def card_from(start_s: float, end_s: float, *notes: str, delivery: Delivery = Delivery.LIVE) -> Case:
    found = incident(event("slate", "v:0", start_s, end_s), cause=Cause.PLANNED_CONTENT)
    context = Context(
        "Kick TV 2", starts_at=SIX, delivery=delivery, notes=tuple(Note(text) for text in notes)
    )
    return case_of(found, scan(found), load_policy(), context)


@pytest.mark.parametrize(
    ("notes", "standing"),
    [
        (["Countdown card until 18:05, then the studio"], True),
        (["Card of 2 minutes in every break, nothing is sold"], True),
        (["Countdown card until 19:00"], False),
        (["Countdown card until 18:05", "Guest is late, opening goes to 18:30"], False),
        (["Could we have a card until 18:05?", "Lunch is at 18:05"], False),
        (["Kick TV 1 shows the card until 18:05"], False),
        (["The studio opens at 18:05"], False),
    ],
)
def test_a_card_outside_the_time_that_a_note_gives_it_was_left_standing(
    notes: list[str], standing: bool
) -> None:
    told = card_from(900.0, 1500.0, *notes)
    assert (told.floor, told.intent) == (
        (Severity.MAJOR, Intent.FAULT) if standing else (Severity.MINOR, Intent.UNCERTAIN)
    )


def test_a_card_without_a_plan_is_a_fault_on_a_channel_that_always_runs() -> None:
    assert card_from(900.0, 1500.0, delivery=Delivery.LINEAR).intent is Intent.FAULT
    assert card_from(900.0, 1500.0, delivery=Delivery.LIVE).intent is Intent.UNCERTAIN


def test_bars_for_minutes_on_a_contribution_line_are_its_line_up_where_nobody_takes_it() -> None:
    bars = incident(event("color_bars", "v:0", 900.0, 1500.0), cause=Cause.PLANNED_CONTENT)
    for audience, intent in ((Audience.NONE, Intent.PLANNED), (Audience.NORMAL, Intent.FAULT)):
        context = Context("Slot 14", starts_at=SIX, delivery=Delivery.CONTRIBUTION, audience=audience)
        assert case_of(bars, scan(bars), load_policy(), context).intent is intent
