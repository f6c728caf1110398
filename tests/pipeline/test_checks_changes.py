"""Changes of layout and rate: each is told where it is, and a hole in time is none."""

from __future__ import annotations

import pytest

from pipeline.decode.values import Sound
from tests.pipeline.judging import events, heard, noise, only


def then(*parts: tuple[int, int, float]) -> list[Sound]:
    """Noise of so many channels, at a rate, for so long; one part after the other."""
    sounds: list[Sound] = []
    at_s = 0.0
    for channels, rate_hz, length_s in parts:
        sounds += heard(noise(-20, length_s, channels, rate_hz=rate_hz), start_s=at_s, rate_hz=rate_hz)
        at_s += length_s
    return sounds


@pytest.mark.parametrize(
    ("other", "kind"),
    [((6, 48_000), "channels"), ((2, 44_100), "sample rate"), ((1, 32_000), "channels and sample rate")],
)
def test_a_change_of_layout_is_told_where_it_is(other: tuple[int, int], kind: str) -> None:
    changed = events(then((2, 48_000, 3.0), (*other, 3.0), (2, 48_000, 3.0)), only("audio_change"))
    assert [event.start_s for event in changed] == [pytest.approx(3.0), pytest.approx(6.0)]
    assert [event.evidence["kind"] for event in changed] == [kind, kind]
    assert changed[0].evidence["channels_before"] == 2
    assert changed[0].evidence["channels"] == other[0]


def test_a_layout_with_as_many_channels() -> None:
    sounds = then((6, 48_000, 1.0), (6, 48_000, 1.0))
    other = [
        sound if sound.start_s < 1.0 else Sound("a:0", sound.start_s, 48_000, sound.samples, 1.0, "5.1(side)")
        for sound in sounds
    ]
    (event,) = events(other, only("audio_change"))
    assert (event.start_s, event.evidence["kind"]) == (pytest.approx(1.0), "layout")


def test_a_hole_in_time_is_no_change() -> None:
    sounds = [*heard(noise(-20, 1)), *heard(noise(-20, 1), start_s=2.0)]
    assert events(sounds, only("audio_change")) == ()
