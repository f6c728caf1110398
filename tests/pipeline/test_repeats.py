"""Buffers that are played again: where they are to a millisecond, and what only sounds like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest

from pipeline.measure.repeats import RepeatFinder, _energies, _evened, _left, _nearest, _thinned
from tests.pipeline.judging import events, heard, noise, only, times

RATE = 48_000


def seconds(length_s: float) -> np.ndarray:
    return np.arange(round(length_s * RATE)) / RATE


def music(length_s: float) -> np.ndarray:
    """Chords of decaying notes that change every 0.4 s, over a little noise."""
    random, t = np.random.default_rng(3), seconds(length_s)
    out = random.normal(0, 0.004, len(t))
    for at in np.arange(0, length_s, 0.4):
        since = t - at
        for hz in random.uniform(110, 900, 4):
            out += np.where(since >= 0, 0.1 * np.exp(-np.maximum(since, 0) / 0.3), 0) * np.sin(
                2 * np.pi * hz * since
            )
    return out


def played_again(line: np.ndarray, at: int, length: int, more: int = 1) -> np.ndarray:
    """The line with the ``length`` samples before ``at`` once or more times in place of what was there."""
    out = line.copy()
    for n in range(more):
        out[at + n * length : at + (n + 1) * length] = line[at - length : at]
    return out


def found(
    samples: np.ndarray, cuts: Sequence[int] = (), rate_hz: int = RATE, start_s: float = 0.0
) -> np.ndarray:
    """What the finder says of samples (channels, n) that come in parts: (n, 4)."""
    finder = RepeatFinder(rate_hz, start_s)
    parts = [samples[:, a:b].astype(np.float32) for a, b in pairwise([0, *cuts, samples.shape[1]])]
    return np.concatenate([*(finder.push(part) for part in parts), finder.finish()])


def surf(length_s: float) -> np.ndarray:
    """Noise without its highs."""
    return np.convolve(noise(-10, length_s, 1)[0], np.ones(24) / 24, "same")


SOUNDS: Mapping[str, np.ndarray] = {"surf": surf(2.0), "music": music(2.0)}


@pytest.mark.parametrize("length_ms", [5.4, 10, 21.3, 40])
@pytest.mark.parametrize("line", SOUNDS.values(), ids=SOUNDS.keys())
def test_a_buffer_that_is_played_twice(line: np.ndarray, length_ms: float) -> None:
    at, length = 60_321, round(length_ms * RATE / 1000)
    again = played_again(line, at, length)
    ((start_s, end_s, lag_s, score),) = found(again[None, :], start_s=5.0)
    assert start_s == pytest.approx(5.0 + at / RATE, abs=0.001)
    assert end_s - start_s == pytest.approx(length / RATE)
    assert lag_s == pytest.approx(length / RATE)
    assert score > 55


@pytest.mark.parametrize("more", [2, 4])
def test_a_buffer_that_is_played_some_times(more: int) -> None:
    again = played_again(SOUNDS["surf"], 60_321, 1024, more)
    ((start_s, end_s, lag_s, _),) = found(again[None, :])
    assert (start_s, end_s) == pytest.approx((60_321 / RATE, (60_321 + more * 1024) / RATE), abs=0.001)
    assert lag_s == pytest.approx(1024 / RATE)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 96_000])
def test_at_other_rates(rate_hz: int) -> None:
    at, length = rate_hz, round(0.0213 * rate_hz)
    line = np.convolve(
        noise(-10, 2.0, 1, rate_hz=rate_hz)[0], np.ones(rate_hz // 2000) * 2000 / rate_hz, "same"
    )
    again = played_again(line, at, length)
    ((start_s, _, lag_s, _),) = found(again[None, :], rate_hz=rate_hz)
    assert (start_s, lag_s) == pytest.approx((at / rate_hz, length / rate_hz), abs=0.001)


def test_opposite_legs_do_not_hide_it() -> None:
    again = played_again(SOUNDS["music"], 50_000, 512)
    assert len(found(np.stack([again, -again]))) == 1


@pytest.mark.parametrize("size", [1_000, 7_777, 48_000])
def test_the_same_however_the_samples_come(size: int) -> None:
    line = surf(3.0)
    for at, length in ((15_000, 300), (47_990, 700), (96_100, 2000), (143_650, 300)):
        line = played_again(line, at, length)
    samples = line[None, :]
    whole = found(samples)
    assert [round(lag_s * RATE) for lag_s in whole[:, 2]] == [300, 700, 2000]
    assert found(samples, range(size, len(line), size)) == pytest.approx(whole, rel=1e-3)


def phase_jumps(hz: float) -> np.ndarray:
    """A sine that begins anew, in another phase, every 30 ms."""
    random = np.random.default_rng(1)
    phases = np.repeat(random.uniform(0, 6, 100), 1440)
    return np.asarray(0.2 * np.sin(2 * np.pi * hz * seconds(3) + phases))


def vowel(hz: float) -> np.ndarray:
    """Pulses of a voice, whose pitch moves, through two resonances."""
    t = seconds(3)
    turns = np.cumsum(hz * (1 + 0.1 * np.sin(2 * np.pi * 1.3 * t))) / RATE
    pulses = np.diff(np.floor(turns), prepend=0.0)
    ring = np.exp(-np.arange(960) / 120) * np.sin(2 * np.pi * 700 * np.arange(960) / RATE)
    ring += np.exp(-np.arange(960) / 90) * np.sin(2 * np.pi * 1500 * np.arange(960) / RATE)
    return np.asarray(0.2 * np.convolve(pulses, ring)[: len(t)])


def roll(rate: float) -> np.ndarray:
    """A roll on a drum: strokes of noise, each its own."""
    since = seconds(3) % (1 / rate)
    return np.asarray(np.random.default_rng(5).normal(0, 0.25, len(since)) * np.exp(-since / 0.012))


NOT_REPEATED: Mapping[str, np.ndarray] = {
    "noise": noise(-20, 3, 1)[0],
    "music": music(3.0),
    "a sine": 0.3 * np.sin(2 * np.pi * 100 * seconds(3)),
    "a sine whose phase jumps": phase_jumps(1000),
    "a low sine whose phase jumps": phase_jumps(200),
    "a buzz": 0.2 * np.sign(np.sin(2 * np.pi * 110.3 * seconds(3))),
    "a low voice": vowel(80),
    "a high voice": vowel(190),
    "a roll on a drum": roll(30),
    "a chord": sum(0.1 * np.sin(2 * np.pi * hz * seconds(3)) for hz in (220, 277.2, 329.6)),
    "soft sound": played_again(0.01 * surf(3.0), 60_000, 1024),
    "surf": surf(3.0),
    "an echo": SOUNDS["surf"] + 0.7 * np.roll(SOUNDS["surf"], 1200),
    "digital silence": np.zeros(3 * RATE),
}


@pytest.mark.parametrize("line", NOT_REPEATED.values(), ids=NOT_REPEATED.keys())
def test_what_is_only_like_itself(line: np.ndarray) -> None:
    assert len(found(line[None, :])) == 0
    assert not [
        e for e in events(heard(line[None, :]), only("dropout")) if "buffer" in str(e.evidence["kind"])
    ]


def test_the_check_tells_where_and_how_long() -> None:
    again = played_again(SOUNDS["music"], 60_321, 1024, 2)
    (event,) = events(heard(np.stack([again, again])), only("dropout"))
    assert times([event]) == [(1.25, 1.3)]
    assert (event.evidence["kind"], event.evidence["buffer_ms"]) == ("repeated buffer", 21.3)
    assert event.value == 1
    assert events(heard(np.stack([again, again])), only("dropout", repeat=1e6, click=1e6)) == ()


def test_kernels_equal_their_twins() -> None:
    line = noise(-10, 0.2, 1)[0].astype(np.float32)
    thin = _thinned(line, 4)
    assert thin == pytest.approx(line.reshape(-1, 4).mean(axis=1), abs=1e-6)
    energy = _energies(thin, 30)
    windows = np.lib.stride_tricks.sliding_window_view(thin, 30)
    assert energy[: len(windows)] == pytest.approx((windows**2).sum(axis=1), rel=1e-4)
    assert not energy[len(windows) :].any()
    sums = np.convolve(line, np.ones(8), "valid")
    assert _evened(line, 8)[12:-4] == pytest.approx((sums[8:] - 0.9 * sums[:-8])[: len(line) - 16], abs=1e-5)
    change = line[500:600] - line[380:480]
    rest, both = _left(line, 500, 600, 120)
    assert rest == pytest.approx((change**2).sum(), rel=1e-4)
    assert both == pytest.approx((line[500:600] ** 2).sum() + (line[380:480] ** 2).sum(), rel=1e-4)
    thin[1500:1530] = thin[1200:1230]
    room = np.empty(600, np.float32)
    assert _nearest(thin, _energies(thin, 30), 1500, 30, 60, 541, room) == 300
    assert _nearest(thin, _energies(thin, 30), 1400, 30, 60, 541, room) == 0
