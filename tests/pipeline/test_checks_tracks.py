"""The traps of tracks and time stamps: variable rates, guessed durations, scans that were stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.model import Fault, FaultKind, MediaInfo, StreamInfo
from pipeline.profile import load_profile
from tests.pipeline.judging import events, heard, judged, noise, of_check, only, shown, times


def declared(
    format_name: str = "mov,mp4", duration_s: float | None = 4.0, picture_s: float | None = None
) -> MediaInfo:
    """One picture and one sound track; the container's duration and the picture's own."""
    picture = StreamInfo("v:0", "h264", 320, 180, 25.0, duration_s=picture_s)
    tone = StreamInfo("a:0", "pcm", channels=2, channel_layout="stereo", sample_rate_hz=48_000)
    return MediaInfo(format_name, duration_s, (picture, tone))


def test_a_track_without_a_sample_is_missing() -> None:
    for items, stream in ((heard(noise(-20, 4)), "v:0"), (shown(100, count=100), "a:0")):
        (event,) = judged(items, only("missing_track"), media=declared()).events
        assert (event.stream, event.start_s, event.end_s) == (stream, 0.0, 4.0)


def test_tracks_that_the_profile_expects() -> None:
    profile = only("missing_track", audio_tracks=3, video_tracks=1)
    found = judged([*shown(100, count=100), *heard(noise(-20, 4))], profile, media=declared()).events
    assert [event.stream for event in found] == ["a:1", "a:2"]
    assert judged(heard(noise(-20, 4)), only("missing_track")).events == ()


def test_a_stopped_scan_does_not_know_of_missing_tracks() -> None:
    result = judged(shown(100, count=10), only("missing_track"), media=declared(), complete=False)
    assert result.events == ()
    assert of_check(result, "missing_track")[0].status == "not_assessable"


@pytest.mark.parametrize(
    ("media", "found"),
    [
        (declared(duration_s=4.9), []),
        (declared(duration_s=5.5), [("a:0", 4.0, 5.5), ("v:0", 4.0, 5.5)]),
        (declared(duration_s=None), []),
        (declared("mpegts", 9.0), []),
        (declared("mp3", 9.0), []),
        (declared("matroska,webm", 9.0, 4.2), [("a:0", 4.0, 9.0)]),
    ],
    ids=["rounding", "both cut", "no duration", "TS guesses", "MP3 guesses", "streams have their own"],
)
def test_truncated_is_shorter_than_declared(media: MediaInfo, found: list[tuple[str, float, float]]) -> None:
    result = judged([*shown(100, count=100), *heard(noise(-20, 4))], only("truncated"), media=media)
    assert [(e.stream, e.start_s, e.end_s) for e in result.events] == found


def test_a_track_may_end_before_the_longest() -> None:
    items = [*shown(100, count=50), *heard(noise(-20, 4))]
    assert judged(items, only("truncated"), media=declared()).events == ()


@pytest.mark.parametrize("media", [declared(duration_s=None), declared("mpegts", 9.0)])
def test_truncated_cannot_be_judged_without_a_duration(media: MediaInfo) -> None:
    (row,) = of_check(judged(shown(100, count=9), only("truncated"), media=media), "truncated")
    assert (row.status, row.stream) == ("not_assessable", "*")


def stamped(start_s: Sequence[float]) -> list[Picture]:
    picture = shown(100, count=1)[0]
    steps = [*np.diff(start_s), 0.04]
    return [
        replace(picture, start_s=at, duration_s=min(step, 0.04))
        for at, step in zip(start_s, steps, strict=True)
    ]


def at_rate(count: int, rate: float, holes: Mapping[int, float]) -> list[float]:
    """Start times at a rate, with a hole of so many seconds before some pictures."""
    return list(np.cumsum([0.0, *(1 / rate + holes.get(n, 0.0) for n in range(1, count))]))


@pytest.mark.parametrize("rate", [24000 / 1001, 25, 30000 / 1001, 50])
def test_a_hole_between_pictures(rate: float) -> None:
    (event,) = events(stamped(at_rate(100, rate, {50: 1.0})), only("pts_gap"))
    assert (event.start_s, event.end_s) == pytest.approx((50 / rate, 50 / rate + 1.0), abs=1e-5)
    assert event.value == pytest.approx(1.0, abs=1e-4)


def variable(count: int = 200) -> list[float]:
    return list(np.cumsum(np.random.default_rng(3).choice([0.02, 0.1, 0.4, 1.2], count)))


STEADY: Mapping[str, list[float]] = {
    "constant": at_rate(200, 25, {}),
    "a variable rate": variable(),
    "a hole too short to matter": at_rate(100, 25, {50: 0.15}),
    "two pictures a second": at_rate(60, 2, {}),
    "two pictures a second, one late": at_rate(60, 2, {40: 0.3}),
    "a screen that is still for long": [*at_rate(20, 30, {}), *[30.0 + n * 7.0 for n in range(20)]],
    "milliseconds": [round(at, 3) for at in at_rate(200, 30000 / 1001, {})],
    "before there is a rate": at_rate(30, 25, {3: 2.0}),
}


@pytest.mark.parametrize("start_s", STEADY.values(), ids=STEADY.keys())
def test_what_is_no_hole(start_s: list[float]) -> None:
    found = events(stamped(start_s), only("pts_gap"))
    if start_s is STEADY["a screen that is still for long"]:
        # The first long step ends a steady rate: a hole it is. Those after it are the new rate.
        assert len(found) <= 6
    else:
        assert found == ()


def test_a_hole_in_the_sound() -> None:
    items = [*heard(noise(-20, 1)), *heard(noise(-20, 1), start_s=1.3)]
    assert times(events(items, only("pts_gap"))) == [(1.0, 1.3)]
    assert events([*heard(noise(-20, 1)), *heard(noise(-20, 1), start_s=1.08)], only("pts_gap")) == ()


def fault(kind: FaultKind, at_s: float) -> Fault:
    return Fault(kind, "v:0", at_s, at_s + 0.04, "")


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        ("decode_error", FaultKind.DECODE_ERROR),
        ("decode_error", FaultKind.DEMUX_ERROR),
        ("corrupt_frame", FaultKind.CORRUPT_FRAME),
        ("pts_backward", FaultKind.PTS_BACKWARD),
    ],
)
def test_faults_that_come_together_are_one_defect(check: str, kind: FaultKind) -> None:
    items = [*shown(100, count=250), *(fault(kind, at) for at in (1.0, 1.5, 2.2, 6.0))]
    found = events(items, only(check))
    assert times(found) == [(1.0, 2.24), (6.0, 6.04)]
    assert [event.value for event in found] == [3, 1]
    others = {"decode_error", "corrupt_frame", "pts_backward"} - {check}
    assert all(events(items, only(other)) == () for other in others)


def test_pictures_that_the_decoder_marks() -> None:
    pictures = [replace(one, corrupt=n in (10, 11, 12)) for n, one in enumerate(shown(100, count=50))]
    (event,) = events(pictures, only("corrupt_frame"))
    assert (times([event]), event.value, event.evidence["told_by"]) == ([(0.4, 0.52)], 3, "decoder")


@pytest.mark.parametrize(
    ("sound_start_s", "direction"),
    [(-0.05, "ahead"), (-0.044, None), (0.0, None), (0.12, None), (0.13, "behind"), (2.0, "behind")],
)
def test_sound_may_lead_by_45_and_lag_by_125_ms(sound_start_s: float, direction: str | None) -> None:
    late = [replace(one, start_s=one.start_s + 1.0) for one in shown(100, count=100)]
    items = [*late, *heard(noise(-20, 4 - sound_start_s), start_s=1.0 + sound_start_s)]
    found = events(items, only("av_skew"))
    assert [event.evidence["direction"] for event in found] == (
        [f"sound is {direction}"] if direction else []
    )
    if found:
        assert found[0].value == pytest.approx(sound_start_s)


@pytest.mark.parametrize(("length_s", "found"), [(3.4, 1), (3.6, 0), (4.4, 0), (4.6, 1)])
def test_tracks_may_end_half_a_second_apart(length_s: float, found: int) -> None:
    items = [*shown(100, count=100), *heard(noise(-20, length_s))]
    apart = events(items, only("av_skew"))
    assert len(apart) == found
    assert all(event.evidence["kind"] == "tracks end apart" for event in apart)


def test_skew_needs_both() -> None:
    (row,) = of_check(judged(shown(100, count=60), load_profile()), "av_skew")
    assert (row.status, row.reason) == ("not_assessable", "needs both picture and sound")
