"""Events by hand to incidents: what belongs together, why, and ids that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.checks import CHECKS
from pipeline.correlate import TOUCH_S, correlate
from pipeline.model import Cause, DefectEvent, EventState, Incident, fingerprint


def event(
    check: str,
    start_s: float,
    end_s: float | None,
    stream: str = "",
    value: float = 1.0,
    **evidence: str,
) -> DefectEvent:
    stream = stream or ("a:0" if check in SOUND else "v:0")
    state = EventState.ONGOING if end_s is None else EventState.RESOLVED
    name = fingerprint(check, stream, start_s)
    return DefectEvent(name, check, stream, start_s, end_s, state, value, "", 0.9, evidence)


LEVELS = ("clipping", "true_peak", "loudness")
SOUND = (
    "silence",
    "channel_silence",
    *LEVELS,
    "tone",
    "dropout",
    "phase",
    "dc_offset",
    "hum",
    "audio_change",
)


def incidents(*events: DefectEvent, duration_s: float = 100.0) -> tuple[Incident, ...]:
    return correlate(events, "input", duration_s)


CAUSES: dict[str, tuple[Cause, Sequence[DefectEvent]]] = {
    "black and silence": (Cause.SIGNAL_LOSS, [event("black", 10, 14), event("silence", 10.2, 14)]),
    "green and silence": (Cause.SIGNAL_LOSS, [event("solid_color", 10, 14), event("silence", 9, 20)]),
    "black alone": (Cause.PICTURE_LOSS, [event("black", 10, 14)]),
    "green alone": (Cause.PICTURE_LOSS, [event("solid_color", 10, 14)]),
    "silence that only touches black": (
        Cause.PICTURE_LOSS,
        [event("black", 10, 14), event("silence", 14, 18)],
    ),
    "silence that hardly overlaps black": (
        Cause.PICTURE_LOSS,
        [event("black", 10, 14), event("silence", 13.5, 18)],
    ),
    "silence alone": (Cause.AUDIO_LOSS, [event("silence", 10, 14)]),
    "a dead leg": (Cause.AUDIO_LOSS, [event("channel_silence", 10, 40)]),
    "freeze alone": (Cause.ENCODER_FREEZE, [event("freeze", 10, 14)]),
    "freeze and silence": (Cause.SOURCE_STALL, [event("freeze", 10, 14), event("silence", 10, 14)]),
    "freeze and a hole": (Cause.SOURCE_STALL, [event("freeze", 10, 14), event("pts_gap", 14, 15)]),
    "a hole alone": (Cause.TRANSPORT, [event("pts_gap", 14, 15)]),
    "freeze and decode errors": (
        Cause.BITSTREAM_CORRUPTION,
        [event("freeze", 10, 14), event("decode_error", 9.9, 10.5)],
    ),
    "corrupt frames": (Cause.BITSTREAM_CORRUPTION, [event("corrupt_frame", 9.9, 10.5)]),
    "truncated": (Cause.TRANSPORT, [event("truncated", 40, 60)]),
    "no picture": (Cause.PICTURE_LOSS, [event("missing_track", 0, 9, "v:0")]),
    "no sound": (Cause.AUDIO_LOSS, [event("missing_track", 0, 9, "a:1")]),
    "neither": (
        Cause.SIGNAL_LOSS,
        [event("missing_track", 0, 9, "v:0"), event("missing_track", 0, 9, "a:0")],
    ),
    "tracks apart": (Cause.SYNC_ERROR, [event("av_skew", 0, 1, kind="tracks start apart")]),
    "stamps that run back": (Cause.PACKAGING, [event("pts_backward", 3, 4)]),
    "clipping": (Cause.AUDIO_DISTORTION, [event("clipping", 3, 4), event("true_peak", 3, 4)]),
    "loudness": (Cause.LOUDNESS_VIOLATION, [event("loudness", 0, 99, value=-14.2)]),
    "true peak": (Cause.LOUDNESS_VIOLATION, [event("true_peak", 3, 4)]),
    "blocks that the decoder complained of": (
        Cause.BITSTREAM_CORRUPTION,
        [event("block_corruption", 10, 12), event("decode_error", 10, 10.04)],
    ),
    "blocks alone": (Cause.BITSTREAM_CORRUPTION, [event("block_corruption", 10, 12)]),
    "blocking, blur and grain of one encoding": (
        Cause.COMPRESSION,
        [event("blockiness", 10, 30), event("blur", 12, 20)],
    ),
    "blur": (Cause.COMPRESSION, [event("blur", 10, 30)]),
    "flashes": (Cause.PHOTOSENSITIVITY, [event("flash", 10, 12)]),
    "flicker": (Cause.UNKNOWN, [event("flicker", 10, 12)]),
    "grain": (Cause.UNKNOWN, [event("noise", 10, 12, kind="grain")]),
    "snow": (Cause.PICTURE_LOSS, [event("noise", 10, 12, kind="snow")]),
    "levels": (Cause.COMPLIANCE, [event("levels", 10, 30)]),
    "borders": (Cause.COMPLIANCE, [event("borders", 10, 30)]),
    "fields": (Cause.COMPLIANCE, [event("interlace", 10, 30)]),
    "bars and tone": (Cause.PLANNED_CONTENT, [event("color_bars", 40, 50), event("tone", 40, 50)]),
    "bars first of all": (Cause.PLANNED_CONTENT, [event("color_bars", 0, 30), event("freeze", 0, 30)]),
    "bars last of all": (Cause.PLANNED_CONTENT, [event("color_bars", 92, 100)]),
    "bars in the middle": (Cause.PICTURE_LOSS, [event("color_bars", 40, 50), event("freeze", 40, 50)]),
    "bars and silence in the middle": (
        Cause.SIGNAL_LOSS,
        [event("color_bars", 40, 50), event("silence", 40, 50), event("freeze", 40, 50)],
    ),
    "a card, which stands still and silent by nature": (
        Cause.PLANNED_CONTENT,
        [event("slate", 40, 50), event("freeze", 40, 50), event("silence", 40, 50)],
    ),
    "a card and a hole": (
        Cause.SOURCE_STALL,
        [event("slate", 40, 50), event("freeze", 40, 50), event("pts_gap", 50, 51)],
    ),
    "tone": (Cause.PLANNED_CONTENT, [event("tone", 40, 50)]),
    "repeated and left out": (
        Cause.ENCODER_FREEZE,
        [event("duplicate_frames", 10, 12), event("dropped_frames", 11, 12)],
    ),
    "repeated before a hole": (
        Cause.SOURCE_STALL,
        [event("duplicate_frames", 10, 12), event("pts_gap", 12, 13)],
    ),
    "left out in a hole": (Cause.TRANSPORT, [event("dropped_frames", 12, 13), event("pts_gap", 12, 13)]),
    "clicks": (Cause.AUDIO_LOSS, [event("dropout", 12, 12.01)]),
    "clicks in a hole": (Cause.TRANSPORT, [event("dropout", 12, 12.1), event("pts_gap", 12, 12.1, "a:0")]),
    "out of phase": (Cause.AUDIO_DISTORTION, [event("phase", 12, 20)]),
    "offset": (Cause.AUDIO_DISTORTION, [event("dc_offset", 12, 20)]),
    "hum": (Cause.AUDIO_DISTORTION, [event("hum", 12, 20)]),
    "another layout": (Cause.PACKAGING, [event("audio_change", 12, 12)]),
    "an uneven rate": (Cause.PACKAGING, [event("frame_rate", 0, 100)]),
    "lips and voice apart": (Cause.SYNC_ERROR, [event("av_content", 0, 100), event("av_skew", 0, 1)]),
    "both ongoing": (Cause.SIGNAL_LOSS, [event("black", 10, None), event("silence", 11, None)]),
}


@pytest.mark.parametrize(("cause", "events"), CAUSES.values(), ids=CAUSES.keys())
def test_the_cause_and_its_reasons(cause: Cause, events: Sequence[DefectEvent]) -> None:
    (incident,) = incidents(*events)
    assert incident.cause is cause
    assert {one.id for one in incident.events} == {one.id for one in events}
    assert incident.reasons and all(incident.reasons)
    assert incident.next_likely


def test_every_check_has_a_rule() -> None:
    for check in CHECKS:
        (incident,) = incidents(event(check, 10, 14))
        assert incident.next_likely, f"{check} is named by no rule of pipeline/causes.py"


def test_a_flaw_within_a_loss_is_a_part_of_it() -> None:
    found = incidents(event("block_corruption", 10, 14), event("levels", 11, 14), event("flash", 11, 12))
    assert [[one.check for one in i.events] for i in found] == [["block_corruption", "levels"], ["flash"]]


def test_a_flaw_that_outlasts_a_loss_is_another_matter() -> None:
    found = incidents(event("black", 10, 14), event("blur", 9, 60), event("blur", 12, None))
    assert [[one.check for one in i.events] for i in found] == [["blur", "blur"], ["black"]]


def test_a_flaw_of_the_sound_is_no_part_of_what_the_picture_lost() -> None:
    assert len(incidents(event("black", 10, 14), event("hum", 11, 13))) == 2


@pytest.mark.parametrize("check", ["levels", "borders", "interlace", "hum", "phase", "dc_offset"])
def test_how_a_programme_was_made_is_one_matter(check: str) -> None:
    assert len(incidents(event(check, 10, 14), event(check, 50, 51), event(check, 80, 90))) == 1


@pytest.mark.parametrize("check", ["flash", "blur", "noise", "color_bars", "dropout", "block_corruption"])
def test_what_happens_at_times_is_as_many_incidents(check: str) -> None:
    assert len(incidents(event(check, 10, 14), event(check, 50, 51), event(check, 80, 90))) == 3


@pytest.mark.parametrize(
    ("start_s", "end_s", "duration_s", "planned"),
    [
        (0, 60, 3600, True),
        (1.0, 60, 3600, True),
        (60, 119, 3600, True),
        (100, 121, 3600, False),
        (3481, 3600, 3600, True),
        (3470, 3600, 3600, False),
        (0, 9.5, 10, False),
        (1.1, 3, 10, False),
        (5, 8, 0, False),
    ],
)
def test_where_bars_are_a_line_up(start_s: float, end_s: float, duration_s: float, planned: bool) -> None:
    (incident,) = incidents(event("color_bars", start_s, end_s), duration_s=duration_s)
    assert incident.cause is (Cause.PLANNED_CONTENT if planned else Cause.PICTURE_LOSS)


def test_a_check_that_no_rule_knows_is_unknown_and_named() -> None:
    (incident,) = incidents(event("novelty", 1.0, 2.5))
    assert incident.cause is Cause.UNKNOWN
    assert incident.reasons == ("novelty on v:0 from 1.000 s to 2.500 s",)


def test_reasons_name_their_figures() -> None:
    (incident,) = incidents(event("loudness", 0, 99, value=-14.24))
    assert incident.reasons == ("programme loudness is -14.2 LUFS",)


@pytest.mark.parametrize(
    ("gap_s", "count"), [(-1.0, 1), (0.0, 1), (TOUCH_S - 0.01, 1), (TOUCH_S + 0.01, 2), (5.0, 2)]
)
def test_what_touches_is_one_incident(gap_s: float, count: int) -> None:
    assert len(incidents(event("black", 10, 14), event("freeze", 14 + gap_s, 20))) == count


def test_what_lies_inside_a_longer_one_is_part_of_it() -> None:
    found = incidents(event("black", 10, 40), event("pts_gap", 12, 13), event("decode_error", 39, 39.5))
    assert [(i.start_s, i.end_s, len(i.events)) for i in found] == [(10, 40, 3)]


def test_what_goes_on_to_the_end_takes_in_all_that_follows() -> None:
    (incident,) = incidents(event("freeze", 10, None), event("silence", 50, 60))
    assert (incident.end_s, incident.state) == (None, EventState.ONGOING)


def test_levels_are_one_matter_and_no_part_of_a_loss() -> None:
    found = incidents(
        event("clipping", 1, 2), event("clipping", 50, 51), event("true_peak", 11, 12), event("black", 10, 14)
    )
    assert sorted(len(incident.events) for incident in found) == [1, 3]


def test_what_lasts_throughout_does_not_swallow_what_passes() -> None:
    found = incidents(event("channel_silence", 0, 100), event("black", 10, 14), event("black", 50, 54))
    assert [(i.start_s, i.end_s) for i in found] == [(0, 100), (10, 14), (50, 54)]


def test_black_and_silent_throughout_is_one_incident() -> None:
    (incident,) = incidents(event("black", 0, 100), event("silence", 0, 99.5))
    assert incident.cause is Cause.SIGNAL_LOSS


def test_nothing_wrong() -> None:
    assert incidents() == ()


def test_ids_stay_when_other_defects_come_and_go() -> None:
    first, second = event("black", 10, 14), event("silence", 40, 44)
    alone, both = incidents(first), incidents(first, second)
    assert alone[0].id == both[0].id
    assert incidents(first)[0].id == incidents(replace(first, end_s=15.0, value=0.5))[0].id


EVENTS = st.builds(
    lambda check, start, length, n: replace(
        event(check, start / 4, None if length is None else (start + length) / 4), id=f"{start:04}{n}"
    ),
    st.sampled_from(list(CHECKS)),
    st.integers(0, 400),
    st.none() | st.integers(0, 400),
    st.integers(0, 10**9),
)


@settings(max_examples=200, deadline=None)
@given(
    events=st.lists(EVENTS, max_size=20, unique_by=lambda e: e.id), order=st.randoms(use_true_random=False)
)
def test_every_event_is_in_exactly_one_incident(events: list[DefectEvent], order: object) -> None:
    found = correlate(events, "input", 100.0)
    assert sorted(e.id for i in found for e in i.events) == sorted(e.id for e in events)
    assert len({incident.id for incident in found}) == len(found)
    assert all(a.start_s <= b.start_s for a, b in pairwise(found))
    for incident in found:
        assert incident.start_s == min(e.start_s for e in incident.events)
        ends = [e.end_s for e in incident.events]
        assert incident.end_s == (None if None in ends else max(end for end in ends if end is not None))
    order.shuffle(events)  # type: ignore[attr-defined]
    assert correlate(events, "input", 100.0) == found
