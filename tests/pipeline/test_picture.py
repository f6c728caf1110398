"""The rows of pictures against a plain numpy twin that works on the samples, not on the blocks' sums."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.decode.values import Picture, Plane
from pipeline.measure import PictureMeter
from pipeline.measure.basics import BASIC_COLUMNS
from pipeline.measure.picture import PICTURE_COLUMNS, THUMB_SHAPE
from pipeline.series.derive import (
    DRIFT_LEVEL,
    DRIFT_RESET,
    HISTORY,
    ROAM_LEVEL,
    ROAM_RESET,
    PictureDerivation,
)
from tests.pipeline.test_blocks import codes

CHROMA = {"4:4:4": (1, 1), "4:2:2": (1, 2), "4:2:0": (2, 2), "4:1:1": (1, 4), "4:4:0": (2, 1)}


def picture(
    size: tuple[int, int], chroma: str = "4:2:0", bits: int = 8, *, seed: int = 0, full_range: bool = False
) -> Picture:
    """Smooth slopes with grain and a dark corner, so that every figure has something to find."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    luma = 20 + 180 * rows / size[0] + 30 * np.sin(columns / 19 + seed) + random.normal(0, 3, size)
    luma[: size[0] // 3, : size[1] // 2] = 16 + random.uniform(0, 4)
    planes = [_deep(luma, bits)]
    if chroma != "grey":
        step = CHROMA[chroma]
        part = (-(-size[0] // step[0]), -(-size[1] // step[1]))
        planes += [_deep(128 + random.normal(0, 9, part) + shift, bits) for shift in (-3, 4)]
    u, v = planes[1:] or (None, None)
    return Picture("v:0", seed / 25, 0.04, planes[0], u, v, bits, full_range, False, False)


def _deep(values: np.ndarray, bits: int) -> Plane:
    scaled = np.clip(np.rint(values * (1 << (bits - 8))), 0, (1 << bits) - 1)
    return scaled.astype(np.uint8 if bits == 8 else np.uint16)


def _blocks(values: np.ndarray, tall: int, wide: int) -> list[list[np.ndarray]]:
    height, width = values.shape
    return [
        [values[y : y + tall, x : x + wide] for x in range(0, width, wide)] for y in range(0, height, tall)
    ]


def _means(values: np.ndarray, tall: int = 16, wide: int = 16) -> np.ndarray:
    return np.array([[block.mean() for block in row] for row in _blocks(values, tall, wide)])


def _quarter_median(values: np.ndarray) -> float:
    """The median to a quarter of a level: the middle of the quarter that the lower median lies in."""
    ordered = np.sort(values, axis=None)
    return float((np.floor(ordered[(values.size - 1) // 2] * 4) + 0.5) / 4)


def twin(now: Picture, before: Picture | None) -> dict[str, float]:
    """The columns, from the samples in float64."""
    scale = 1 << (now.bits - 8)
    luma = now.luma / scale
    black, legal = (0, 255) if now.full_range else (16, 219)
    dark = now.luma <= int((black + 0.1 * legal) * scale)
    mean = _means(luma)
    area = np.array([[b.size for b in row] for row in _blocks(luma, 16, 16)])
    variance = np.array([[b.var() for b in row] for row in _blocks(luma, 16, 16)])
    if now.u is None or now.v is None:
        u = v = np.full(mean.shape, 128.0)
        grey = np.array([1.0])
    else:
        tall, wide = (16 // round(a / b) for a, b in zip(now.luma.shape, now.u.shape, strict=True))
        u, v = (_means(plane / scale, tall, wide) for plane in (now.u, now.v))
        wide_u, wide_v = now.u.astype(int), now.v.astype(int)
        grey = np.maximum(abs(wide_u - 128 * scale), abs(wide_v - 128 * scale)) <= 8 * scale
    middle = [_quarter_median(plane) for plane in (mean, u, v)]
    away = np.max([abs(plane - m) for plane, m in zip((mean, u, v), middle, strict=True)], axis=0)
    near, even = ((away <= most) & (variance <= 16) for most in (6, 2.5))
    lit = np.argwhere(np.array([[b.mean() for b in row] for row in _blocks(dark * 1.0, 16, 16)]) < 0.9)
    box = np.prod(lit.max(axis=0) - lit.min(axis=0) + 1) / mean.size if len(lit) else 0.0
    change, moved = np.nan, 1.0
    if before is not None:
        difference = abs(luma - before.luma / scale)
        changes = _means(difference)
        bar = min(max(2.5 * _quarter_median(changes), 2.5), 6.0)
        shifted = abs(mean - _means(before.luma / scale)) > 1.0
        change, moved = difference.mean(), area[(changes > bar) | shifted].sum() / luma.size
    flat_black = (mean <= black + 6) & (variance <= 9)
    return {
        "luma_mean": luma.mean(),
        "luma_std": luma.std(),
        "dark_share": dark.mean(),
        "grey_share": grey.mean(),
        "black_block_share": area[flat_black].sum() / luma.size,
        "lit_box_share": box,
        "flat_share": area[near].sum() / luma.size,
        "colour_y": middle[0],
        "colour_u": middle[1],
        "colour_v": middle[2],
        "even_share": area[even].sum() / luma.size,
        "change_mean": change,
        "moved_share": moved,
    }


def measured(meter: PictureMeter, item: Picture) -> dict[str, float]:
    values, _ = meter.row(item)
    return {name: value for name, value in zip(PICTURE_COLUMNS, values, strict=True) if name in BASIC_COLUMNS}


def assert_rows_equal_twin(pictures: list[Picture]) -> None:
    meter = PictureMeter()
    before = None
    for item in pictures:
        expected, found = twin(item, before), measured(meter, item)
        assert found.keys() == expected.keys()
        assert found == pytest.approx(expected, abs=2e-3, nan_ok=True)
        before = item


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("chroma", [*CHROMA, "grey"])
def test_rows_equal_their_twin(chroma: str, bits: int) -> None:
    assert_rows_equal_twin([picture((90, 160), chroma, bits, seed=n) for n in range(3)])


@pytest.mark.parametrize("size", [(1, 1), (33, 18), (405, 720), (16, 16), (15, 47)], ids=str)
@pytest.mark.parametrize("full_range", [False, True])
def test_rows_equal_their_twin_at_odd_sizes(size: tuple[int, int], full_range: bool) -> None:
    assert_rows_equal_twin([picture(size, seed=n, full_range=full_range) for n in range(2)])


def test_the_first_picture_has_no_change_and_counts_as_moved() -> None:
    row = measured(PictureMeter(), picture((90, 160)))
    assert np.isnan(row["change_mean"])
    assert row["moved_share"] == 1.0


@pytest.mark.parametrize("other", [picture((72, 128)), picture((90, 160), bits=10)], ids=["size", "depth"])
def test_a_picture_of_another_kind_is_a_first_one(other: Picture) -> None:
    meter = PictureMeter()
    meter.row(picture((90, 160)))
    row = measured(meter, other)
    assert np.isnan(row["change_mean"])
    assert row["moved_share"] == 1.0
    assert measured(meter, other)["moved_share"] == 0.0


def test_a_repeated_picture_does_not_move() -> None:
    meter = PictureMeter()
    rows = [measured(meter, replace(picture((90, 160)), start_s=n / 25)) for n in range(2)]
    assert (rows[1]["change_mean"], rows[1]["moved_share"]) == (0.0, 0.0)


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("full_range", [False, True])
def test_figures_are_in_levels_of_eight_bits(bits: int, full_range: bool) -> None:
    flat = Picture(
        "v:0", 0, 0.04, *(_deep(np.full((64, 64), v), bits) for v in (100, 90, 160)), bits, full_range, 1, 0
    )
    row = measured(PictureMeter(), flat)
    assert row["luma_mean"] == 100
    assert (row["luma_std"], row["flat_share"], row["dark_share"]) == (0, 1, 0)
    assert [row[f"colour_{p}"] for p in "yuv"] == pytest.approx([100, 90, 160], abs=0.25)


@pytest.mark.parametrize(
    ("level", "full_range", "dark"), [(37, False, 1), (38, False, 0), (25, True, 1), (26, True, 0)]
)
def test_dark_is_a_tenth_of_the_legal_range(level: int, full_range: bool, dark: int) -> None:
    item = replace(picture((32, 32)), luma=np.full((32, 32), level, np.uint8), full_range=full_range)
    assert measured(PictureMeter(), item)["dark_share"] == dark


def test_padded_lines_measure_as_packed_ones() -> None:
    padded = codes((100, 256), 8, 3)
    view = padded[5:95, 8:168]
    both = codes((45, 160), 8, 4)
    u, v = both[:, 0::2], both[:, 1::2]
    as_views = replace(picture((90, 160)), luma=view, u=u, v=v)
    packed = replace(as_views, luma=view.copy(), u=u.copy(), v=v.copy())
    assert measured(PictureMeter(), as_views) == pytest.approx(measured(PictureMeter(), packed), nan_ok=True)


@pytest.mark.parametrize("size", [(1, 1), (90, 160), (405, 720)], ids=str)
def test_the_thumbnail_holds_cell_means(size: tuple[int, int]) -> None:
    item = picture(size)
    _, thumb = PictureMeter().row(item)
    mean, u, v = _means(item.luma), _means(item.u, 8, 8), _means(item.v, 8, 8)
    for i, j in np.ndindex(*THUMB_SHAPE):
        top, left = i * mean.shape[0] // THUMB_SHAPE[0], j * mean.shape[1] // THUMB_SHAPE[1]
        bottom = max(top + 1, (i + 1) * mean.shape[0] // THUMB_SHAPE[0])
        right = max(left + 1, (j + 1) * mean.shape[1] // THUMB_SHAPE[1])
        for plane, values in enumerate((mean, u, v)):
            cell = 256 * values[top:bottom, left:right].mean()
            assert thumb[plane, i, j] == pytest.approx(cell, abs=1.1)


def drift_twin(thumbs: np.ndarray, keys: np.ndarray) -> tuple[list[float], list[float]]:
    """Twin of the drift: against an anchor that is replaced when the picture has become another."""
    anchor, since = thumbs[0].astype(int), np.zeros(THUMB_SHAPE, bool)
    now: list[float] = []
    ever: list[float] = []
    for thumb, key in zip(thumbs.astype(int), keys, strict=True):
        away = abs(thumb - anchor) / 256
        since = since if key else since | (away > ROAM_LEVEL)
        now.append(float((away > DRIFT_LEVEL).mean()))
        ever.append(float(since.mean()))
        if now[-1] > DRIFT_RESET or ever[-1] > ROAM_RESET:
            anchor, since = thumb, np.zeros(THUMB_SHAPE, bool)
    return now, ever


def wandering(count: int, seed: int = 1) -> np.ndarray:
    """Thumbnails (count, 18, 32) that stand, creep and jump."""
    random = np.random.default_rng(seed)
    steps = random.choice([0, 40, 4000], (count, 1, 1), p=[0.7, 0.2, 0.1]) * random.integers(
        0, 2, (count, *THUMB_SHAPE)
    )
    # And something small that walks through it, for a while.
    for n in range(20):
        steps[n] = 0
        steps[n, 5:8, n] = 4000
    return (np.cumsum(steps, axis=0) % 60_000).astype(np.uint16)


def in_colour(light: np.ndarray) -> np.ndarray:
    """Thumbnails of luma as (n, 3, 18, 32), without colour."""
    grey = np.full_like(light, 128 * 256)
    return np.stack([light, grey, grey], axis=1)


def nothing_measured(count: int) -> dict[str, np.ndarray]:
    """What the summaries would have measured: nothing."""
    flags = {name: np.zeros(count, np.bool_) for name in ("key_frame", "corrupt")}
    return {name: np.zeros(count) for name in PICTURE_COLUMNS} | flags


@pytest.mark.parametrize("cuts", [[], [1], [10, 11, 100], list(range(1, 200, 7))])
def test_derived_columns_equal_their_twin_however_they_are_fed(cuts: list[int]) -> None:
    thumbs = wandering(200)
    steps = np.random.default_rng(2).choice([0.04, 0.04, 0.04, 0.08, 0.5], 200)
    start_s = np.cumsum(steps)
    derivation = PictureDerivation(0.04)
    edges = [0, *cuts, 200]
    keys = np.arange(200) % 17 == 0
    parts = [
        derivation.columns(
            start_s[a:b], in_colour(thumbs[a:b]), nothing_measured(b - a) | {"key_frame": keys[a:b]}
        )
        for a, b in pairwise(edges)
    ]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    now, ever = drift_twin(thumbs, keys)
    assert found["drift_share"] == pytest.approx(now)
    assert found["roamed_share"] == pytest.approx(ever)
    assert max(ever[:20]) > 0
    assert found["step_s"] == pytest.approx([0.04, *np.diff(start_s)])
    for n in (0, 7, 8, 31, 32, 33, 120, 199):
        seen = found["step_s"][max(0, n - HISTORY) : n]
        typical = np.median([*[0.04] * (HISTORY - len(seen)), *seen])
        assert found["typical_step_s"][n] == pytest.approx(typical)
        near = abs(seen - typical) <= 0.25 * typical
        assert found["steady_share"][n] == pytest.approx(near.mean() if n >= 8 else 0.0)
