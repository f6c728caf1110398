"""Phase, offset, hum, tone and breaks: truth to the window, and what must not fire."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from tests.pipeline.judging import events, heard, noise, only, times

RATE = 48_000


def seconds(length_s: float) -> np.ndarray:
    return np.arange(round(length_s * RATE)) / RATE


def sine(hz: float, peak: float, length_s: float) -> np.ndarray:
    return np.asarray(peak * np.sin(2 * np.pi * hz * seconds(length_s)))


def pair(correlation: float, length_s: float, level_dbfs: float = -20) -> np.ndarray:
    """Noise on two channels with a correlation: (2, n)."""
    middle, other = noise(level_dbfs, length_s)
    return np.stack([middle, correlation * middle + np.sqrt(1 - correlation**2) * other])


def fitted(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=1)


def mono(line: np.ndarray) -> np.ndarray:
    return line[None, :]


def speech(length_s: float, seed: int = 3) -> np.ndarray:
    """Pulses at 110 Hz through resonances, in syllables with pauses of noise, and a burst before each."""
    random = np.random.default_rng(seed)
    t = seconds(length_s)
    voiced = np.zeros(len(t))
    voiced[np.cumsum(random.integers(400, 480, len(t) // 480))] = 1.0
    ring = np.exp(-np.arange(960) / 96) * np.sin(2 * np.pi * 600 * np.arange(960) / RATE)
    voiced = np.convolve(voiced, ring)[: len(t)]
    syllable = np.clip(np.sin(2 * np.pi * 3 * t) * 3, 0, 1) ** 2
    burst = np.where((t * 3) % 1 < 0.03, np.exp(-((t * 3) % 1) / 0.01), 0) * random.normal(0, 0.3, len(t))
    return 0.3 * voiced * syllable + 0.3 * burst + random.normal(0, 0.0005, len(t))


def drums(length_s: float) -> np.ndarray:
    """A hit of noise every quarter of a second, out of nothing, that dies away within 50 ms."""
    since = seconds(length_s) % 0.25
    return np.asarray(np.random.default_rng(5).normal(0, 0.25, len(since)) * np.exp(-since / 0.012))


# -- phase --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length_s", "found"), [(1.5, 0), (2.0, 1), (5.0, 1)])
def test_a_reversed_leg_is_out_of_phase_from_its_first_window_to_its_last(
    length_s: float, found: int
) -> None:
    samples = fitted(pair(0.9, 3), pair(-0.9, length_s), pair(0.9, 3))
    against = events(heard(samples), only("phase"))
    assert times(against) == [(3.0, 3.0 + length_s)][:found]
    if against:
        assert against[0].value == pytest.approx(-0.9, abs=0.03)
        assert against[0].evidence["channels"] == "FL and FR"


def test_pauses_do_not_divide_it_and_the_end_of_the_stream_ends_it() -> None:
    parts = [pair(0.9, 3), pair(-1.0, 3), np.zeros((2, RATE)), pair(-1.0, 3)]
    assert times(events(heard(fitted(*parts)), only("phase"))) == [(3.0, 10.0)]


@pytest.mark.parametrize(("correlation", "found"), [(-1.0, 1), (-0.75, 1), (-0.65, 0), (-0.3, 0), (1.0, 0)])
def test_the_line_of_correlation(correlation: float, found: int) -> None:
    assert len(events(heard(pair(correlation, 6)), only("phase"))) == found


IN_ORDER: Mapping[str, np.ndarray] = {
    "mono": noise(-20, 5, 1),
    "wide reverberation": pair(-0.3, 8),
    "soft": pair(-1.0, 5, -55),
    "one leg empty": noise(-20, 5) * np.array([[1], [0]]),
    "an empty LFE and centre": noise(-20, 5, 6) * np.array([1, 1, 0, 0, 1, 1])[:, None],
    "front against centre": np.stack([*noise(-20, 5, 2), *-noise(-20, 5, 2)[1:], *noise(-20, 5, 3, seed=9)]),
    "a whisper": pair(0.2, 5, -45),
}


@pytest.mark.parametrize("samples", IN_ORDER.values(), ids=IN_ORDER.keys())
def test_pairs_that_are_in_order(samples: np.ndarray) -> None:
    assert events(heard(samples), only("phase")) == ()


@pytest.mark.parametrize(("length_s", "found"), [(9.9, 0), (10.1, 1)])
def test_dual_mono_is_told_when_it_lasts(length_s: float, found: int) -> None:
    samples = fitted(pair(0.9, 1), pair(1.0, length_s), pair(0.9, 1))
    same = events(heard(samples), only("phase", dual_mono_s=10.0))
    assert times(same) == [(1.0, 1.0 + length_s)][:found]
    assert [event.evidence["kind"] for event in same] == ["dual mono"][:found]
    assert all(event.confidence <= 0.5 for event in same)
    assert events(heard(samples), only("phase")) == ()


# -- offset -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "length_s", "found"),
    [(0.03, 3, 1), (-0.03, 3, 1), (0.03, 1.9, 0), (0.008, 3, 0), (0.012, 4, 1)],
)
def test_an_offset_over_a_hundredth(offset: float, length_s: float, found: int) -> None:
    samples = noise(-40, length_s + 4, 1)
    samples[:, 2 * RATE : round((2 + length_s) * RATE)] += offset
    off = events(heard(samples), only("dc_offset"))
    assert times(off) == [(2.0, 2.0 + length_s)][:found]
    if off:
        assert off[0].value == pytest.approx(offset, rel=0.05)


@pytest.mark.parametrize("hz", [20, 30, 49, 65])
def test_bass_is_no_offset(hz: float) -> None:
    assert events(heard(mono(sine(hz, 0.5, 6))), only("dc_offset")) == ()


def test_an_offset_under_bass_begins_and_ends_to_the_window() -> None:
    samples = mono(sine(45, 0.2, 8))
    samples[:, round(2.5 * RATE) : round(6.2 * RATE)] += 0.02
    (event,) = events(heard(samples), only("dc_offset"))
    assert (event.start_s, event.end_s) == (pytest.approx(2.5, abs=0.02), pytest.approx(6.2, abs=0.02))
    assert event.value == pytest.approx(0.02, rel=0.05)


# -- hum ----------------------------------------------------------------------------------------


def hum(mains_hz: float, length_s: float, level_dbfs: float = -38) -> np.ndarray:
    shape = sum(sine(mains_hz * k, 1 / k, length_s) for k in range(1, 6))
    return np.asarray(shape / np.std(shape) * 10 ** (level_dbfs / 20))


@pytest.mark.parametrize("mains_hz", [50.0, 50.15, 60.0, 59.9])
def test_hum_under_programme(mains_hz: float) -> None:
    samples = speech(9)
    samples[3 * RATE : 7 * RATE] += hum(mains_hz, 4)
    (event,) = events(heard(mono(samples)), only("hum"))
    assert (event.start_s, event.end_s) == (pytest.approx(3.0, abs=0.051), pytest.approx(7.0, abs=0.051))
    assert event.evidence["mains_hz"] == pytest.approx(mains_hz, abs=0.05)
    assert event.value == pytest.approx(-38, abs=1)


def bass(hz: float, length_s: float) -> np.ndarray:
    """A plucked string with its harmonics, again every half second."""
    since = seconds(length_s) % 0.5
    notes = sum(np.sin(2 * np.pi * hz * k * since) / k for k in range(1, 6))
    return np.asarray(0.3 * notes * np.exp(-since / 0.3))


def notes(pitches_hz: tuple[float, ...], length_s: float) -> np.ndarray:
    """Notes of 0.4 s, each begun anew at another pitch and in another phase."""
    random = np.random.default_rng(5)
    count = round(0.4 * RATE)
    line = [
        random.uniform(0.3, 1)
        * np.sin(random.uniform(0, 6) + 2 * np.pi * random.choice(pitches_hz) * seconds(0.4))
        for _ in range(round(length_s / 0.4))
    ]
    return np.asarray(0.2 * np.concatenate(line)[: count * len(line)])


NO_HUM: Mapping[str, np.ndarray] = {
    **{f"a bass at {hz} Hz": bass(hz, 6) for hz in (49.0, 51.91, 55.0, 58.27, 61.74)},
    **{f"a held bass at {hz} Hz": hum(hz, 6, -20) for hz in (49.0, 51.91, 58.27, 61.74)},
    "speech": speech(6),
    "drums": drums(6),
    "noise": noise(-20, 6, 1)[0],
    "notes of 0.4 s on harmonics of 60 Hz": notes((120, 180, 240), 6),
    "a tone that folds onto a harmonic": sine(1000, 0.3, 6) + 1e-4 * noise(0, 6, 1)[0],
    "too soft": speech(6) + hum(50, 6, -75),
    "too short": np.concatenate([speech(3), speech(1) + hum(50, 1), speech(3)]),
}


@pytest.mark.parametrize("line", NO_HUM.values(), ids=NO_HUM.keys())
def test_what_is_no_hum(line: np.ndarray) -> None:
    assert events(heard(mono(line)), only("hum")) == ()


def test_where_clipping_begins_is_no_click() -> None:
    line = 0.05 * noise(0, 3, 1)[0] + sine(200, 0.2, 3)
    line[RATE : 2 * RATE] = np.clip(line[RATE : 2 * RATE] * 20, -1, 1)
    assert len(events(heard(mono(line)), only("clipping"))) == 1
    assert events(heard(mono(line)), only("dropout")) == ()


# -- tone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hz", "length_s", "found"),
    [(1000, 3, 1), (997, 3, 1), (1020, 3, 1), (1000, 1.9, 0), (1000, 2.0, 1), (1040, 3, 0), (440, 3, 0)],
)
def test_line_up_tone(hz: float, length_s: float, found: int) -> None:
    tone = np.tile(sine(hz, 0.1, length_s), (2, 1))
    samples = fitted(noise(-23, 2.23), tone, noise(-23, 2))
    heard_tone = events(heard(samples), only("tone"))
    assert times(heard_tone) == [pytest.approx((2.23, 2.23 + length_s), abs=0.0101)][:found]
    if heard_tone:
        assert heard_tone[0].value == pytest.approx(hz, abs=0.5)


def test_other_line_up_tones_are_a_setting() -> None:
    wanted = only("tone", frequencies_hz=(400.0, 440.0))
    assert len(events(heard(mono(sine(440, 0.2, 3))), wanted)) == 1
    assert len(events(heard(mono(sine(400, 0.2, 3))), wanted)) == 1
    assert events(heard(mono(sine(1000, 0.2, 3))), wanted) == ()


def test_tone_on_one_leg_with_the_breaks_of_stereo_identification() -> None:
    tone = np.tile(sine(1000, 0.1, 9), (2, 1))
    for at in (2, 5, 8):
        tone[0, at * RATE : round((at + 0.25) * RATE)] = 0
    assert times(events(heard(tone), only("tone"))) == [(0.0, 9.0)]
    tone[1] = noise(-20, 9, 1)[0]
    assert times(events(heard(tone), only("tone"))) == [(0.0, 9.0)]


def test_a_tone_that_a_coder_begins_too_loud() -> None:
    tone = sine(1000, 0.1, 4)
    tone[480:960] *= 1.4
    assert times(events(heard(mono(tone)), only("tone"))) == [(0.0, 4.0)]


@pytest.mark.parametrize(("swing_db", "found"), [(1.2, 1), (1.8, 0)])
def test_how_much_the_level_of_a_tone_may_swing(swing_db: float, found: int) -> None:
    swell = 10 ** (swing_db / 2 * np.sin(2 * np.pi * 0.5 * seconds(6)) / 20)
    assert len(events(heard(mono(sine(1000, 0.1, 6) * swell)), only("tone"))) == found


def flute(length_s: float, hz: float = 987.8) -> np.ndarray:
    """A note with vibrato, three harmonics and breath."""
    t = seconds(length_s)
    turns = 2 * np.pi * hz * t + 0.6 * np.sin(2 * np.pi * 5 * t)
    swell = 1 + 0.2 * np.sin(2 * np.pi * 5 * t)
    note = swell * (np.sin(turns) + 0.05 * np.sin(2 * turns) + 0.03 * np.sin(3 * turns))
    return np.asarray(0.2 * note + noise(-55, length_s, 1)[0])


NO_TONE: Mapping[str, np.ndarray] = {
    "a flute": flute(5),
    "a held note under other sound": sine(1000, 0.1, 5) + noise(-38, 5, 1)[0],
    "a note and its octave": sine(1000, 0.1, 5) + sine(2000, 0.02, 5),
    "3 kHz": sine(3000, 0.1, 5),
    "7 kHz": sine(7000, 0.1, 5),
    "a square wave": np.sign(sine(1000, 1.0, 5)) * 0.1,
    "soft": sine(1000, 0.001, 5),
    "speech": speech(5),
    "noise": noise(-20, 5, 1)[0],
}


@pytest.mark.parametrize("line", NO_TONE.values(), ids=NO_TONE.keys())
def test_what_is_no_line_up_tone(line: np.ndarray) -> None:
    assert events(heard(mono(line)), only("tone")) == ()


# -- breaks -------------------------------------------------------------------------------------


def cut(line: np.ndarray, at_s: float, length_ms: float, fade_ms: float = 0.0) -> np.ndarray:
    """The line with a hole in it, whose edges may be faded (outside the hole)."""
    since = np.maximum(at_s - seconds(len(line) / RATE), seconds(len(line) / RATE) - at_s - length_ms / 1000)
    gain = np.clip(since * 1000 / fade_ms, 0, 1) if fade_ms else (since > 0) * 1.0
    return np.asarray(line * gain)


PROGRAMMES: Mapping[str, Callable[[], np.ndarray]] = {
    "noise": lambda: noise(-23, 3, 1)[0],
    "a chord": lambda: sum(sine(hz, 0.1, 3) for hz in (220, 277.2, 329.6)) + noise(-60, 3, 1)[0],
    "a bass note": lambda: sine(82.4, 0.3, 3) + noise(-50, 3, 1)[0],
}


@pytest.mark.parametrize("length_ms", [2, 5, 10, 40, 200])
@pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES.keys())
def test_a_hole_with_hard_edges(programme: Callable[[], np.ndarray], length_ms: float) -> None:
    (event,) = events(heard(mono(cut(programme(), 1.234, length_ms))), only("dropout"))
    assert event.start_s == pytest.approx(1.23, abs=0.0101)
    assert event.end_s == pytest.approx(1.234 + length_ms / 1000, abs=0.0101)
    assert event.evidence["holes"] == 1
    assert event.evidence["gap_ms"] == pytest.approx(length_ms, abs=0.8)


def clicked(line: np.ndarray, at: int, height: float) -> np.ndarray:
    line = line.copy()
    line[at] += height
    return line


@pytest.mark.parametrize("height", [0.15, 0.5, -0.8])
def test_a_single_sample_that_does_not_belong(height: float) -> None:
    line = PROGRAMMES["a chord"]()
    (event,) = events(heard(mono(clicked(line, 60_000, height))), only("dropout"))
    assert times([event]) == [(1.25, 1.26)]
    assert (event.evidence["kind"], event.value) == ("click", 1)


def test_what_a_lost_buffer_leaves_is_a_click() -> None:
    line = PROGRAMMES["a chord"]()
    lost = np.concatenate([line[:60_300], line[61_411:]])
    assert times(events(heard(mono(lost)), only("dropout"))) == [(1.25, 1.26)]


def coded(line: np.ndarray, at: int, spill_db: float = -40.0) -> np.ndarray:
    """What a lossy coder makes of a break: nothing above 15 kHz, and noise for 2 ms around an edge."""
    n = np.arange(-32, 33)
    line = np.convolve(line, 0.625 * np.sinc(0.625 * n) * np.hanning(65), "same")
    level = np.sqrt(np.mean(line[at - 960 : at] ** 2)) * 10 ** (spill_db / 20)
    line[at - 96 : at + 96] += np.random.default_rng(2).normal(0, level, 192)
    return line


@pytest.mark.parametrize("length_ms", [8, 20, 40])
@pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES.keys())
def test_a_hole_whose_edges_a_coder_has_blurred(
    programme: Callable[[], np.ndarray], length_ms: float
) -> None:
    first, stop = 59_306, 59_306 + round(length_ms * RATE / 1000)
    blurred = coded(coded(cut(programme(), first / RATE, length_ms), first), stop)
    (event,) = events(heard(mono(blurred)), only("dropout"))
    assert (event.start_s, event.end_s) == pytest.approx((first / RATE, stop / RATE), abs=0.0101)
    assert event.evidence["holes"] == 1
    assert event.evidence["gap_ms"] == pytest.approx(length_ms, abs=2.5)


@pytest.mark.parametrize("height", [0.4, 0.9, -0.6])
def test_a_click_that_a_coder_has_blurred(height: float) -> None:
    line = coded(clicked(PROGRAMMES["a chord"](), 60_000, height), 60_000, spill_db=-46)
    (event,) = events(heard(mono(line)), only("dropout"))
    assert event.start_s == pytest.approx(1.25, abs=0.0101)
    assert (event.evidence["kind"], event.value) == ("click", 1)


UNBROKEN: Mapping[str, np.ndarray] = {
    "speech": speech(6),
    "drums": drums(6),
    "applause": noise(-20, 3, 1)[0] * (1 + 0.3 * np.sin(2 * np.pi * 40 * seconds(3))),
    "a whisper": noise(-45, 3, 1)[0] * np.clip(np.sin(2 * np.pi * 3 * seconds(3)) * 2, 0, 1),
    "a fade to nothing and back": cut(noise(-23, 3, 1)[0], 1.0, 100, fade_ms=10),
    "a pause that a gate made": cut(noise(-23, 3, 1)[0], 1.0, 60, fade_ms=8),
    "a pause between two items": cut(noise(-23, 3, 1)[0], 1.0, 400),
    "soft sound with a hole": cut(noise(-45, 3, 1)[0], 1.0, 10),
    "a beat of pulses": np.convolve(np.arange(3 * RATE) % 2400 == 0, 0.5 * np.hanning(96))[: 3 * RATE],
    "a square wave": np.sign(sine(200, 1.0, 3)) * 0.3,
    "a bass note": sine(41.2, 0.5, 3),
    "a tone that begins and ends with the stream": sine(1000, 0.5, 1.237),
    "a fade that a coder has blurred": coded(cut(noise(-23, 3, 1)[0], 1.0, 40, fade_ms=10), RATE),
    "a knock that a coder has blurred": coded(drums(3.0), RATE),
}


@pytest.mark.parametrize("line", UNBROKEN.values(), ids=UNBROKEN.keys())
def test_what_is_not_broken(line: np.ndarray) -> None:
    assert events(heard(mono(line)), only("dropout")) == ()
