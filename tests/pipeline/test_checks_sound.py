"""The traps of the sound checks: pauses, empty channels, single peaks, and where the lines are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from pipeline.decode.values import LoudnessReading, Sound
from pipeline.profile import load_profile
from tests.pipeline.judging import events, heard, judged, noise, of_check, only, times


def square(peak: float, length_s: float = 0.5) -> np.ndarray:
    return (
        np.sign(np.sin(2 * np.pi * 440 * np.arange(round(length_s * 48_000)) / 48_000 + 0.1))[None, :] * peak
    )


@pytest.mark.parametrize(
    ("level_dbfs", "found", "kind"),
    [
        (-200, 1, "digital silence"),
        (-90, 1, "near silence"),
        (-60.1, 1, "near silence"),
        (-59.9, 0, ""),
        (-40, 0, ""),
    ],
)
def test_silence_is_below_minus_sixty(level_dbfs: float, found: int, kind: str) -> None:
    # Whole periods to a window: each has the same level.
    tone = np.sqrt(2) * 10 ** (level_dbfs / 20) * np.sin(np.arange(144_000) * 2 * np.pi / 48)
    samples = np.concatenate([noise(-20, 1), np.stack([tone, tone]), noise(-20, 1)], axis=1)
    silent = events(heard(samples), only("silence"))
    assert len(silent) == found
    if silent:
        assert times(silent) == [(1.0, 4.0)]
        assert silent[0].evidence["kind"] == kind
        assert silent[0].value == pytest.approx(max(level_dbfs, -120), abs=0.01)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_one_channel_with_sound_is_no_silence(channels: int) -> None:
    samples = np.zeros((channels, 144_000))
    assert len(events(heard(samples), only("silence"))) == 1
    samples[-1] = noise(-50, 3, 1)[0]
    assert events(heard(samples), only("silence")) == ()


def test_a_click_divides_silence() -> None:
    samples = np.zeros((2, 48_000 * 5))
    samples[:, 120_000] = 0.9
    assert times(events(heard(samples), only("silence"))) == [(0.0, 2.5), (2.51, 5.0)]


def test_a_dead_leg_is_one_defect_through_the_pauses_of_the_programme() -> None:
    """Speech of 2 s with pauses of 1 s on the left; nothing on the right."""
    parts = [noise(level, length, seed=n) for n in range(5) for level, length in ((-20, 2), (-90, 1))]
    spoken = np.concatenate(parts, axis=1)
    spoken[1] = 0
    (event,) = events(heard(spoken), only("channel_silence"))
    assert times([event]) == [(0.0, 14.0)]
    assert event.evidence["channel"] == "FR"


def test_the_leg_that_comes_back_ends_it() -> None:
    samples = noise(-20, 14)
    samples[0, : 6 * 48_000] = 0
    samples[0, 7 * 48_000 : 13 * 48_000] = 0
    assert times(events(heard(samples), only("channel_silence"))) == [(0.0, 6.0), (7.0, 13.0)]


LEGAL_SILENCE: Mapping[str, np.ndarray] = {
    "both silent": np.zeros((2, 480_000)),
    "a pause of four seconds": np.concatenate(
        [noise(-20, 3), np.stack([noise(-20, 4, 1)[0], np.zeros(192_000)]), noise(-20, 3)], axis=1
    ),
    "the other is soft": np.stack([noise(-55, 10, 1)[0], np.zeros(480_000)]),
    "mono": noise(-20, 10, 1),
    "empty LFE and centre": noise(-20, 10, 6) * np.array([1, 1, 0, 0, 1, 1])[:, None],
    "empty surrounds": noise(-20, 10, 6) * np.array([1, 1, 1, 1, 0, 0])[:, None],
}


@pytest.mark.parametrize("samples", LEGAL_SILENCE.values(), ids=LEGAL_SILENCE.keys())
def test_channels_that_may_be_silent(samples: np.ndarray) -> None:
    assert events(heard(samples), only("channel_silence")) == ()


@pytest.mark.parametrize(("channel", "name"), [(0, "FL"), (1, "FR")])
def test_a_dead_front_channel_of_five_one(channel: int, name: str) -> None:
    samples = noise(-20, 8, 6)
    samples[channel] = 0
    (event,) = events(heard(samples), only("channel_silence"))
    assert event.evidence["channel"] == name


def test_mono_cannot_be_judged_for_a_dead_leg() -> None:
    (row,) = of_check(judged(heard(noise(-20, 8, 1)), load_profile()), "channel_silence")
    assert (row.status, row.reason) == ("not_assessable", "one channel has no other to be compared with")


def clipped(top: float, length_s: float = 1.0) -> np.ndarray:
    tone = 1.5 * np.sin(2 * np.pi * 200 * np.arange(round(length_s * 48_000)) / 48_000)
    return np.clip(tone, -1.0, 1.0)[None, :] * top


S16, U8 = 1 - 1.5 * 2**-15, 1 - 1.5 * 2**-7
CLIPPING: Mapping[str, tuple[np.ndarray, float, int]] = {
    "a tone beyond the top": (clipped(1.0), 1.0, 1),
    "16 bit, positive top": (np.clip(clipped(1.0), -1, 32767 / 32768), S16, 1),
    "8 bit": (np.round(clipped(1.0) * 127) / 128, U8, 1),
    "a square wave at the top": (square(1.0), 1.0, 1),
    "a square wave below it": (square(0.98), 1.0, 0),
    "8 bit just below it": (np.round(clipped(1.0) * 126) / 128, U8, 0),
    "flat tops at -1 dB are no clipping of samples": (clipped(0.89), 1.0, 0),
    "single peaks": (np.where(np.arange(48_000) % 50 == 0, 1.0, 0.1)[None, :], 1.0, 0),
    "pairs of peaks": (np.where(np.arange(48_000) % 50 < 2, 1.0, 0.1)[None, :], 1.0, 0),
    "runs of three": (np.where(np.arange(48_000) % 50 < 3, 1.0, 0.1)[None, :], 1.0, 1),
    "two runs alone": (np.where(np.arange(48_000) % 24_000 < 5, 1.0, 0.1)[None, :], 1.0, 0),
    "programme": (noise(-20, 1), 1.0, 0),
    "float beyond full scale, unclipped": (np.sin(np.arange(48_000) / 3)[None, :] * 1.02, 1.0, 0),
}


@pytest.mark.parametrize(("samples", "full_scale", "found"), CLIPPING.values(), ids=CLIPPING.keys())
def test_clipping_is_runs_at_the_top(samples: np.ndarray, full_scale: float, found: int) -> None:
    assert len(events(heard(samples, full_scale=full_scale), only("clipping"))) == found


def test_a_flat_top_is_shorter_at_a_lower_rate() -> None:
    pairs, single = (np.where(np.arange(8_000) % 40 < n, 1.0, 0.1)[None, :] for n in (2, 1))
    assert len(events(heard(pairs, rate_hz=8_000), only("clipping"))) == 1
    assert events(heard(single, rate_hz=8_000), only("clipping")) == ()


@pytest.mark.parametrize(
    ("peak_dbfs", "limit", "found"), [(-0.5, -1.0, 1), (-1.5, -1.0, 0), (-1.5, -2.0, 1), (1.0, 0.0, 1)]
)
def test_true_peak_over_its_limit(peak_dbfs: float, limit: float, found: int) -> None:
    tone = noise(-40, 3)
    tone[:, 48_000:96_000] = 10 ** (peak_dbfs / 20) * np.sin(np.arange(48_000) / 10)
    over = events(heard(tone), only("true_peak", limit_dbtp=limit))
    assert len(over) == found
    if over:
        assert times(over) == [(pytest.approx(1.0, abs=0.011), pytest.approx(2.0, abs=0.011))]
        assert over[0].value == pytest.approx(peak_dbfs, abs=0.1)


def measured_loudness(level: float, length_s: float = 10.0) -> list[Sound | LoudnessReading]:
    """Sound whose loudness readings are given, so that the target alone is under test."""
    count = round(length_s * 10)
    readings = [LoudnessReading("a:0", n / 10, (n + 1) / 10, level, level) for n in range(count)]
    return [*heard(noise(-25, length_s)), *readings]


@pytest.mark.parametrize(
    ("profile", "level", "found"),
    [
        ("default", -23.0, 0), ("default", -32.9, 0), ("default", -33.2, 1), ("default", -12.8, 1),
        ("ebu-r128", -23.0, 0), ("ebu-r128", -23.45, 0), ("ebu-r128", -23.6, 1), ("ebu-r128", -22.4, 1),
        ("atsc-a85", -24.0, 0), ("atsc-a85", -22.1, 0), ("atsc-a85", -21.9, 1), ("atsc-a85", -26.1, 1),
    ],
)  # fmt: skip
def test_loudness_has_the_profiles_target(profile: str, level: float, found: int) -> None:
    result = judged(measured_loudness(level), load_profile(profile))
    off = [event for event in result.events if event.check == "loudness"]
    assert len(off) == found
    if off:
        assert (off[0].value, off[0].start_s, off[0].end_s) == (level, 0.0, 10.0)


def test_loudness_is_not_judged_where_it_cannot_be() -> None:
    reasons = [
        of_check(judged(measured_loudness(-23, 2.0), load_profile()), "loudness")[0].reason,
        of_check(judged(measured_loudness(-80), load_profile()), "loudness")[0].reason,
        of_check(judged(measured_loudness(-5), load_profile(), complete=False), "loudness")[0].reason,
    ]
    assert reasons == [
        "the programme is shorter than 3 s",
        "nothing rises above the gate of -70 LUFS",
        "the scan was stopped before the end of the programme",
    ]
