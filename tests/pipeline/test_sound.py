"""Rows of 10 ms against a plain numpy twin, and the same rows however the samples are cut into frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decode.values import Sound
from pipeline.measure import SoundMeter
from pipeline.measure.sound import RESYNC_S, TRUE_PEAK_FLOOR, SoundRows
from pipeline.measure.truepeak import TAPS, interpolator, oversampling

RATES = [400, 8_000, 11_025, 32_000, 44_100, 48_000, 96_000, 192_000]


def sound(samples: np.ndarray, start_s: float = 0.0, rate_hz: int = 48_000, full_scale: float = 1.0) -> Sound:
    """Samples (channels, n) that start at a time."""
    return Sound("a:0", start_s, rate_hz, np.ascontiguousarray(samples, np.float32), full_scale, "stereo")


def noise(channels: int, count: int, seed: int = 1, top: float = 1.2) -> np.ndarray:
    """Noise that swells from nothing to beyond full scale, where it is cut off at 1.0 in places."""
    random = np.random.default_rng(seed)
    swell = np.linspace(0, top, count) * (1 + np.arange(channels)[:, None]) / channels
    return np.clip(random.uniform(-1, 1, (channels, count)) * swell, -1.0, 1.0).astype(np.float32)


def rows_of(samples: np.ndarray, cuts: Sequence[int], rate_hz: int, start_s: float = 0.0) -> SoundRows:
    """The rows when the samples are pushed in frames that end at ``cuts``."""
    meter = SoundMeter()
    batches: list[SoundRows] = []
    for a, b in pairwise([0, *cuts, samples.shape[1]]):
        if b > a:
            batches += meter.push(sound(samples[:, a:b], start_s + a / rate_hz, rate_hz))
    return joined([*batches, *meter.finish()])


def joined(batches: Sequence[SoundRows]) -> SoundRows:
    names = batches[0].columns
    return SoundRows(
        np.concatenate([batch.start_s for batch in batches]),
        np.concatenate([batch.end_s for batch in batches]),
        {name: np.concatenate([batch.columns[name] for batch in batches]) for name in names},
        np.concatenate([batch.cells for batch in batches], axis=2),
        np.concatenate([batch.repeats for batch in batches]),
        batches[0].run,
        batches[0].rate_hz,
        batches[0].layout,
    )


def interpolated(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Twin of the interpolation: largest magnitude at and behind each sample, (channels, n)."""
    taps = interpolator(oversampling(rate_hz)).astype(np.float64)
    lead = TAPS // 2 - 1
    padded = np.pad(samples.astype(np.float64), ((0, 0), (lead, TAPS - lead - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, TAPS, axis=1)
    return np.maximum(abs(samples), abs(windows @ taps.T).max(axis=2))


def run_twin(line: np.ndarray, size: int) -> list[int]:
    """Twin of ``clip_run``: one sample after the other."""
    longest, run = [0] * -(-len(line) // size), 0
    for n, value in enumerate(line.tolist()):
        run = run + 1 if abs(value) >= 1.0 else 0
        longest[n // size] = max(longest[n // size], run)
    return longest


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [*((rate, 2) for rate in RATES), *((48_000, n) for n in (1, 3, 6, 8))]
)
def test_rows_equal_their_twin(rate_hz: int, channels: int) -> None:
    size = max(1, round(rate_hz / 100))
    count = 25 * size + size // 3
    samples = noise(channels, count, seed=rate_hz)
    rows = rows_of(samples, range(0, count, 1024), rate_hz, start_s=1.5)
    edges = list(range(0, count, size))
    assert rows.start_s == pytest.approx(1.5 + np.array(edges) / rate_hz)
    assert rows.end_s == pytest.approx(1.5 + np.array([*edges[1:], count]) / rate_hz)
    parts = [samples[:, a : a + size].astype(np.float64) for a in edges]
    assert rows.columns["rms"] == pytest.approx(
        np.array([np.sqrt((p**2).mean(axis=1)) for p in parts]), rel=1e-4
    )
    assert np.array_equal(rows.columns["peak"], np.array([abs(p).max(axis=1) for p in parts]))
    expected_runs = np.stack([run_twin(line, size) for line in samples], axis=1)
    assert np.array_equal(rows.columns["clip_run"], expected_runs)
    exact = np.stack([interpolated(samples, rate_hz)[:, a : a + size].max(axis=1) for a in edges])
    found = rows.columns["true_peak"]
    matters = exact > TRUE_PEAK_FLOOR
    assert found[matters] == pytest.approx(exact[matters], rel=1e-4)
    assert np.all(found <= exact * (1 + 1e-4))
    assert np.all(found >= rows.columns["peak"])


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 14_999), max_size=20).map(sorted),
    channels=st.integers(1, 3),
    seed=st.integers(0, 50),
    rate_hz=st.sampled_from([1_600, 11_025, 48_000]),
)
def test_rows_do_not_hang_on_how_samples_are_cut(
    cuts: list[int], channels: int, seed: int, rate_hz: int
) -> None:
    samples = noise(channels, 15_000, seed, top=0.4 + seed / 40)
    whole, cut = rows_of(samples, [], rate_hz), rows_of(samples, cuts, rate_hz)
    assert cut.start_s == pytest.approx(whole.start_s, abs=1e-9)
    assert cut.end_s == pytest.approx(whole.end_s, abs=1e-9)
    for name, values in whole.columns.items():
        assert cut.columns[name] == pytest.approx(values, rel=1e-5, abs=1e-7), name
    assert cut.cells == pytest.approx(whole.cells, rel=1e-5, abs=1e-7)


def test_the_programme_maximum_is_exact_below_the_floor_too() -> None:
    samples = noise(2, 30_000, top=0.5)
    meter = SoundMeter()
    for at in range(0, 30_000, 1000):
        meter.push(sound(samples[:, at : at + 1000], at / 48_000))
    meter.finish()
    assert meter.top_peak == pytest.approx(interpolated(samples, 48_000).max(), rel=1e-4)


def test_a_run_goes_on_through_windows_and_batches() -> None:
    line = np.full((1, 48_000), 0.1, np.float32)
    line[0, 470:14_410] = 1.0
    runs = rows_of(line, range(0, 48_000, 1024), 48_000).columns["clip_run"][:, 0]
    assert runs[0] == 10
    assert runs[1] == 490
    assert runs[29] == 13_930
    assert runs[30] == 13_940
    assert runs[31] == 0


def test_a_small_step_of_the_stamps_is_no_gap() -> None:
    meter = SoundMeter()
    rows = meter.push(sound(noise(1, 24_000), 0.0))
    rows += meter.push(sound(noise(1, 24_000), 0.5 + 0.9 * RESYNC_S))
    joint = joined([*rows, *meter.finish()])
    assert joint.start_s == pytest.approx(np.arange(100) / 100)


@pytest.mark.parametrize("start_s", [0.5351, 1.7, 0.3], ids=["hole", "long hole", "overlap"])
def test_a_gap_starts_a_new_window(start_s: float) -> None:
    meter = SoundMeter()
    first = meter.push(sound(noise(1, 24_100), 0.0))
    joint = joined([*first, *meter.push(sound(noise(1, 24_000), start_s)), *meter.finish()])
    assert len(joint.start_s) == 51 + 50
    assert joint.end_s[50] == pytest.approx(24_100 / 48_000)
    assert joint.start_s[51] == pytest.approx(start_s)
    assert joint.end_s[-1] == pytest.approx(start_s + 0.5)


def test_nothing_reaches_over_a_gap() -> None:
    loud, quiet = np.full((1, 4800), 1.0, np.float32), np.zeros((1, 4800), np.float32)
    meter = SoundMeter()
    meter.push(sound(loud, 0.0))
    rows = joined([*meter.push(sound(quiet, 0.2)), *meter.push(sound(loud, 0.5)), *meter.finish()])
    silent = rows.start_s >= 0.2
    silent &= rows.start_s < 0.45
    assert rows.columns["true_peak"][silent].max() == 0
    assert rows.columns["clip_run"].max() == 4800


@pytest.mark.parametrize("other", [(2, 48_000), (1, 44_100)], ids=["channels", "rate"])
def test_a_stream_may_change_its_layout_and_rate(other: tuple[int, int]) -> None:
    meter = SoundMeter()
    batches = meter.push(sound(noise(1, 12_000), 0.0))
    batches += meter.push(sound(noise(other[0], other[1] // 4), 0.25, other[1]))
    batches += meter.finish()
    assert sum(len(batch.start_s) for batch in batches) == 50
    assert batches[-1].columns["rms"].shape[1] == other[0]
    assert batches[-1].end_s[-1] == pytest.approx(0.5)


def test_a_sound_shorter_than_a_window_is_one_short_row() -> None:
    rows = rows_of(np.full((2, 7), 0.5, np.float32), [3], 48_000)
    assert len(rows.start_s) == 1
    assert rows.end_s[0] == pytest.approx(7 / 48_000)
    assert rows.columns["rms"] == pytest.approx(0.5)


def test_nothing_pushed_gives_nothing() -> None:
    assert SoundMeter().finish() == []
