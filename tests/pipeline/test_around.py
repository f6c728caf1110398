"""Cells against a numpy twin; and what looks around a row is the same however samples were cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.measure.cells import cells_of
from pipeline.measure.sound import SOUND_COLUMNS
from pipeline.series.around import AROUND_COLUMNS, SoundDerivation
from tests.pipeline.test_sound import joined, noise, rows_of

RATES = [400, 8_000, 11_025, 22_050, 32_000, 37_800, 44_100, 48_000, 96_000]


@pytest.mark.parametrize("rate_hz", RATES)
def test_cells_equal_their_twin(rate_hz: int) -> None:
    size = max(1, round(rate_hz / 100))
    samples = noise(2, 20 * size + size // 3, seed=rate_hz)
    rows = rows_of(samples, [], rate_hz)
    line = np.pad(samples.astype(np.float64), ((0, 0), (1, 1)))
    bend = line[:, 2:] - 2 * line[:, 1:-1] + line[:, :-2]
    count = cells_of(size)
    assert rows.cells.shape == (4, 2, 21, count)
    for window in range(21):
        for n in range(count):
            start = window * size + n * size // count
            stop = min(window * size + (n + 1) * size // count, samples.shape[1])
            found = rows.cells[:, :, window, n]
            if stop <= start:
                assert not found.any()
                continue
            part, curve = samples[:, start:stop].astype(np.float64), bend[:, start:stop]
            expected = [part.mean(1), (part**2).mean(1), (curve**2).mean(1), abs(curve).max(1)]
            assert found == pytest.approx(np.array(expected), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_means_and_differences_equal_their_twin(channels: int) -> None:
    samples = noise(channels, 4_900).astype(np.float64) + 0.05
    rows = rows_of(samples.astype(np.float32), [], 48_000)
    parts = [samples[:, a : a + 480] for a in range(0, 4_900, 480)]
    apart = [np.sqrt((np.diff(part, axis=0) ** 2).mean(axis=1)) for part in parts]
    assert rows.columns["mean"] == pytest.approx(np.array([p.mean(axis=1) for p in parts]), abs=1e-6)
    assert rows.columns["apart"][:, :-1] == pytest.approx(np.array(apart).reshape(11, -1), rel=1e-4)
    assert not rows.columns["apart"][:, -1].any()


@pytest.mark.parametrize(("size", "cells"), [(480, 40), (441, 49), (4, 4), (110, 55), (53, 53), (997, 40)])
def test_a_window_has_some_forty_cells(size: int, cells: int) -> None:
    assert cells_of(size) == cells


def wave(rate_hz: int) -> np.ndarray:
    """Seven seconds with tone, hum, an offset, a reversed leg, a hole and a click in noise."""
    t = np.arange(7 * rate_hz) / rate_hz
    random = np.random.default_rng(3)
    left = random.normal(0, 0.05, len(t))
    samples = np.stack([left, left + random.normal(0, 0.01, len(t))])
    samples[1, t > 4] *= -1
    samples[:, t < 2.3] = 0.1 * np.sin(2 * np.pi * 1000 * t[t < 2.3])
    samples += 0.02 * (np.sin(2 * np.pi * 50 * t) + np.sin(2 * np.pi * 150 * t)) * (t > 3)
    samples += 0.03 * ((t > 3.5) & (t < 5))
    samples[:, (t > 5.111) & (t < 5.123)] = 0
    samples[0, round(1.5 * rate_hz)] += 0.4
    return samples.astype(np.float32)


def derived(samples: np.ndarray, cuts: list[int], rate_hz: int) -> dict[str, np.ndarray]:
    derivation = SoundDerivation()
    rows = rows_of(samples, [], rate_hz)
    edges = [0, *cuts, len(rows.start_s)]
    batches = [rows.cut(a, b) for a, b in pairwise(edges) if b > a]
    given_rows = [done for batch in batches for done in derivation.push(batch)]
    whole = joined([*given_rows, *derivation.finish()])
    assert np.array_equal(whole.start_s, rows.start_s)
    assert np.array_equal(whole.end_s, rows.end_s)
    return whole.columns


@settings(max_examples=10, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 699), max_size=8).map(sorted),
    rate_hz=st.sampled_from([8_000, 44_100]),
)
def test_rows_do_not_hang_on_how_batches_fall(cuts: list[int], rate_hz: int) -> None:
    samples = wave(rate_hz)
    whole, cut = derived(samples, [], rate_hz), derived(samples, cuts, rate_hz)
    assert set(whole) == {*SOUND_COLUMNS, *AROUND_COLUMNS}
    for name, values in whole.items():
        assert cut[name] == pytest.approx(values, rel=1e-4, abs=1e-6), name


def test_the_wave_has_something_in_every_column() -> None:
    columns = derived(wave(44_100), [], 44_100)
    # Buffers that are played again have tests of their own.
    assert all(columns[name].any() for name in AROUND_COLUMNS if not name.startswith("repeat"))


def test_nothing_looks_over_a_hole_in_time() -> None:
    derivation = SoundDerivation()
    tone = (0.1 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)).astype(np.float32)[None, :]
    first, second = rows_of(tone, [], 48_000), rows_of(np.zeros_like(tone), [], 48_000, start_s=3.0)
    apart = replace(second, run=2)
    batches = [*derivation.push(first), *derivation.push(apart), *derivation.finish()]
    assert [len(batch.start_s) for batch in batches] == [100, 100]
    assert batches[0].columns["tone_share"].min() > 0.99
    assert not batches[1].columns["tone_share"].any()


def test_too_slow_a_rate_has_no_tones_and_no_breaks() -> None:
    columns = derived(noise(1, 2_000), [], 400)
    assert not any(columns[name].any() for name in ("tone_share", "hum", "hole", "click"))


def test_nothing_pushed_gives_nothing() -> None:
    assert SoundDerivation().finish() == []
