"""Seams of a coding grid: the kernel against plain numpy, where the grid lies, and what is none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.checks import blockiness
from pipeline.measure import seams
from pipeline.measure.blocks import grid
from pipeline.measure.seams import seam_maps, seam_stride
from pipeline.series.seams import SEAM_DERIVED, SeamDerivation
from tests.pipeline.judging import SIZE, events, only, shown, times
from tests.pipeline.test_freeze import shifted, texture
from tests.pipeline.test_texture import programme, squares

Luma = np.ndarray
SIZES = [(16, 17), (17, 33), (180, 320), (405, 720), (1080, 640), (8, 40), (7, 40), (40, 16)]


def maps_twin(luma: Luma, bits: int) -> np.ndarray:
    """Twin of ``seam_maps``: strip after strip, column after column."""
    height, width = luma.shape
    rows = -(-height // 16)
    stride = seam_stride(rows)
    out = np.zeros((3, -(-rows // stride), width), int)
    for band in range(out.shape[1] if width > 16 else 0):
        for first in (band * stride * 16, band * stride * 16 + 8):
            if first + 8 > height:
                continue
            lines = luma[first : first + 8 : 2].astype(int)
            step = np.append(0, abs(np.diff(lines, axis=1)).sum(axis=0) >> (bits - 8))
            for x in range(3, width - 2):
                beside = max(6 * step[x - 1], 6 * step[x + 1], 3 * (step[x - 2] + step[x + 2]))
                over = min(max(4 * step[x] - beside - 48, 0), 96)
                out[:, band, x] += (over if step[x] < 160 else 0, step[x] > 5, step[x] >= 160)
    return out


def over_others(values: np.ndarray, best: int) -> float:
    return float(values[best] - 2 * np.median(np.delete(values, best)))


def summary_twin(maps: np.ndarray, area: np.ndarray) -> tuple[float, int]:
    """Twin of the summary: the rise at the best column of eight, less the fullest tiles, and which it is."""
    bands, width = maps.shape[1:]
    counts = np.repeat(area[:: seam_stride(len(area))] > 0, 16, axis=1)[:, :width]
    down, across = np.arange(bands) * 4 // bands, np.arange(width) // 16 * 4 // area.shape[1]
    tiles = down[:, None] * 4 + across
    samples = 2 * counts.sum()
    rises, able, drawn = maps * counts
    at, hard = (np.array([part[:, n::8].sum() for n in range(8)]) for part in (rises, drawn))
    best = int(at.argmax())
    found = []
    for tile in np.unique(tiles[counts]):
        inside = (tiles == tile) & counts
        columns = np.array([rises[:, n::8][inside[:, n::8]].sum() for n in range(8)])
        found.append(
            (over_others(columns, best) / inside.sum(), 2 * inside.sum(), over_others(columns, best))
        )
    found = sorted(found)[: len(found) - len(found) // 8]
    size, rise = (sum(one[n] for one in found) for n in (1, 2))
    rise -= 96 * max(over_others(hard, best), 0) * size / samples
    return max(rise / 2 / size, 0.0) / max(able.sum() / samples, 0.12), best


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_seam_maps_and_their_summary_equal_their_twins(size: tuple[int, int], bits: int) -> None:
    rng = np.random.default_rng(sum(size))
    # Squares under grain, so that there are steps of every kind.
    coarse = rng.integers(90, 150, (size[0] // 8 + 1, size[1] // 8 + 1)).repeat(8, 0).repeat(8, 1)
    levels = coarse[: size[0], : size[1]] + rng.normal(0, 3, size) + 90 * (rng.random(size[1]) < 0.05)
    dtype = np.uint8 if bits == 8 else np.uint16
    luma = (np.clip(levels, 0, 255) * (1 << (bits - 8))).astype(dtype)
    maps = seam_maps(luma, bits)
    assert np.array_equal(maps, maps_twin(luma, bits))
    area = np.full(grid(*size), 256)
    area[rng.random(area.shape) < 0.2] = 0
    area[0, 0] = 256
    found = np.empty(2)
    seams._summarise(maps, area, seam_stride(len(area)), found)
    assert found == pytest.approx(summary_twin(maps, area))


def starved(luma: Luma, left: int = 0) -> Luma:
    """Coarse blocks whose grid begins ``left`` samples from the edge."""
    dim = np.roll(60 + (luma - 60) * 0.4, -left, 1)
    return np.roll(squares(dim, keep=0.3), left, 1)


@pytest.mark.parametrize("left", [0, 3, 4])
def test_the_grid_may_begin_anywhere(left: int) -> None:
    [event] = events(programme(lambda luma, n: starved(luma, left)), only("blockiness"))
    assert times([event]) == [(0.0, 4.0)]
    assert event.evidence["grid"] == f"begins at {left}"


def test_key_frames_may_show_most_of_it() -> None:
    def refreshed(luma: Luma, n: int) -> Luma:
        coarse = starved(luma)
        return coarse if n % 12 == 0 else 0.5 * (60 + (luma - 60) * 0.4) + 0.5 * coarse

    [(first_s, last_s)] = times(events(programme(refreshed), only("blockiness")))
    assert first_s < 0.5
    # The pictures behind the last key frame show too little by themselves.
    assert last_s >= 3.88


def game(cell: int) -> list[Luma]:
    """Squares that scroll by two samples a picture."""
    art = np.random.default_rng(1).choice([20, 90, 160, 230], (30, 80)).repeat(cell, 0).repeat(cell, 1)
    return [art[: SIZE[0], 2 * n : 2 * n + SIZE[1]] for n in range(100)]


@pytest.mark.parametrize("cell", [8, 16])
def test_a_game_of_squares_is_drawn_wherever_it_scrolls(cell: int) -> None:
    pictures = [one for n, luma in enumerate(game(cell)) for one in shown(luma, count=1, first=n)]
    assert events(pictures, only("blockiness")) == ()


def test_key_frames_alone_are_not_blocky() -> None:
    one = programme(lambda luma, n: starved(luma) if n % 50 == 0 else 60 + (luma - 60) * 0.4)
    assert events(one, only("blockiness")) == ()


def between_bars(luma: Luma, gain: float, level: float, keep: float) -> Luma:
    """A scene between bars that end on the grid, of which squares keep so much detail."""
    framed = np.full_like(luma, 16.0)
    inside = squares(level + gain * (luma - luma.mean()), keep=keep)
    framed[:, 40:-40] = inside[:, 40:-40]
    return framed


def test_the_edges_of_bars_at_the_sides_are_no_seams() -> None:
    """Those of a dark scene are steps like a coder's; what is coarse is found between bars as well."""
    dark = programme(lambda luma, n: between_bars(luma, 0.3, 44, 1.0))
    found = np.empty(2)
    seams._summarise(seam_maps(dark[0].luma, 8), np.full(grid(*SIZE), 256), 1, found)
    assert found[0] > 0.1
    assert events(dark, only("blockiness")) == ()
    coarse = programme(lambda luma, n: between_bars(luma, 1.0, 80, 0.1))
    assert times(events(coarse, only("blockiness"))) == [(0.0, 4.0)]


@pytest.mark.parametrize(
    ("left", "right", "edges"), [(40, 40, 2), (40, 44, 1), (0.3, 0.2, 0), (0, 0, 0), (np.nan, 40, 1)]
)
def test_bars_whose_edges_lie_on_the_grid_raise_the_line(left: float, right: float, edges: int) -> None:
    """A dark edge of less than some samples is no bar."""

    class Row(dict[str, np.ndarray]):
        stream = SimpleNamespace(width=320)

        def __len__(self) -> int:
            return 1

    row = Row(border_left=np.array([left]), border_right=np.array([right]))
    assert blockiness._from_bars(row).tolist() == pytest.approx([0.3 * edges])  # type: ignore[arg-type]


def test_a_coarse_picture_that_stands_is_one_sample() -> None:
    coarse = np.clip(starved(texture(*SIZE, seed=4)), 16, 235)
    assert events(shown(coarse, count=100), only("blockiness")) == ()


def test_a_still_texture_is_at_no_column_more_than_at_others() -> None:
    assert events(shown(shifted(texture(*SIZE, seed=4), 0, 0), count=100), only("blockiness")) == ()


def test_levels_are_the_same_however_they_are_fed() -> None:
    rng = np.random.default_rng(2)
    start_s, rise = np.arange(90) / 25, rng.uniform(0, 0.4, 90) * (rng.random(90) < 0.4)
    at = rng.choice([0, 0, 0, 5], 90).astype(float)
    whole = SeamDerivation().columns(start_s, rise, at)
    derivation = SeamDerivation()
    for first in range(0, 90, 7):
        part = slice(first, first + 7)
        found = derivation.columns(start_s[part], rise[part], at[part])
        for name in SEAM_DERIVED:
            assert np.array_equal(found[name], whole[name][part])
