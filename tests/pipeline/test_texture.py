"""Broken blocks, compression blocks and blur: what fires, to the frame, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.series.texture import TEXTURE_DERIVED, TextureDerivation
from tests.pipeline.judging import SIZE, events, only, shown, times
from tests.pipeline.test_freeze import shifted, texture

Luma = np.ndarray
COUNT = 100


def programme(change: Callable[[Luma, int], Luma], *, keys: int = 1000, count: int = COUNT) -> list[Picture]:
    """A slow pan of a natural picture, each picture ``change(luma, n)``; key frames every ``keys``."""
    image = texture(*SIZE)
    pictures = []
    for n in range(count):
        [one] = shown(np.clip(change(shifted(image, 0, n / 2), n), 16, 235), count=1, first=n)
        pictures.append(replace(one, key_frame=n % keys == 0))
    return pictures


def broken(luma: Luma, seed: int) -> Luma:
    """A patch of 7 x 10 blocks in wrong shades."""
    rng = np.random.default_rng(seed)
    luma = luma.copy()
    luma[32:144, 64:224] += rng.choice([-50, 0, 50], (7, 10)).repeat(16, 0).repeat(16, 1)
    return luma


def squares(luma: Luma, size: int = 8, keep: float = 0.1) -> Luma:
    """What is left of the picture when each square keeps its mean, and little beside it."""
    rows, columns = luma.shape[0] // size * size, luma.shape[1] // size * size
    means = luma[:rows, :columns].reshape(rows // size, size, -1, size).mean(axis=(1, 3))
    out = luma.copy()
    flat = means.repeat(size, 0).repeat(size, 1)
    out[:rows, :columns] = flat + keep * (out[:rows, :columns] - flat)
    return out


def soft(luma: Luma, sigma: float) -> Luma:
    """A Gaussian blur, round the edges."""
    rows, columns = np.fft.fftfreq(luma.shape[0])[:, None], np.fft.rfftfreq(luma.shape[1])[None, :]
    weight = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + columns**2))
    return np.asarray(np.fft.irfft2(np.fft.rfft2(luma) * weight, luma.shape))


def grainy(luma: Luma, n: int, sigma: float = 3.0) -> Luma:
    return luma + np.random.default_rng(n).normal(0, sigma, luma.shape)


def intervals(pictures: Sequence[Picture], check: str) -> list[tuple[float, float]]:
    return times(events(pictures, only(check)))


def test_damage_lasts_from_its_picture_to_the_next_key_frame() -> None:
    pictures = programme(lambda luma, n: broken(luma, 1) if 30 <= n < 50 else luma, keys=50)
    assert intervals(pictures, "block_corruption") == [(1.2, 2.0)]


def test_damage_of_one_picture_is_one_picture_long() -> None:
    pictures = programme(lambda luma, n: broken(luma, 1) if n == 30 else luma)
    assert intervals(pictures, "block_corruption") == [(1.2, 1.24)]


def test_damage_at_the_end_ends_with_the_input() -> None:
    pictures = programme(lambda luma, n: broken(luma, 1) if n >= 90 else luma)
    assert intervals(pictures, "block_corruption") == [(3.6, 4.0)]


def test_the_decoders_mark_counts_where_something_moves() -> None:
    moving = programme(lambda luma, n: np.roll(luma, 3 * n, 1), keys=50)
    marked = [replace(one, corrupt=n == 30) for n, one in enumerate(moving)]
    assert intervals(marked, "block_corruption") == [(1.2, 2.0)]
    repeating = [*moving[:30], replace(moving[29], start_s=1.2, corrupt=True)]
    assert intervals(repeating, "block_corruption") == [(1.2, 1.24)]
    still = [replace(one, corrupt=n == 30) for n, one in enumerate(shown(texture(*SIZE), count=60))]
    assert intervals(still, "block_corruption") == []


@pytest.mark.parametrize(
    ("hit", "before", "damage"),
    [
        ({}, {}, 0.02),
        ({"torn_share": 0.0115}, {}, 0.0115),
        ({"torn_share": 0.0114}, {}, 0.0),
        ({"burst_share": 0.0}, {}, 0.0),
        ({}, {"burst_share": 0.04, "change_mean": 4.0}, 0.0),
        ({}, {"burst_share": 0.04}, 0.02),
        ({}, {"change_mean": 12.0}, 0.0),
        ({"cut": 1.0}, {}, 0.0),
        ({"cut": 1.0, "torn_share": 0.05}, {}, 0.05),
        ({"flash_count": 1.0}, {}, 0.0),
        ({"flash_count": 1.0}, {"flash_count": 1.0}, 0.02),
        ({"flash_count": 2.0}, {"flash_count": 2.0}, 0.0),
        ({"corrupt": 1.0, "torn_share": 0.0}, {"burst_share": 0.04}, 0.04),
    ],
)
def test_unmarked_damage_comes_at_once(
    hit: dict[str, float], before: dict[str, float], damage: float
) -> None:
    plain = {"mended_share": 0.0, "bend_ratio": 1.0, "edge_step": 5.0, "corrupt": 0.0, "cut": 0.0}
    plain |= {"torn_share": 0.0, "burst_share": 0.0, "change_mean": 3.0, "flash_count": 0.0, "key_frame": 0.0}
    rows = [plain | before, plain | {"torn_share": 0.02, "burst_share": 0.04, "change_mean": 4.0} | hit]
    columns = {name: np.array([row[name] for row in rows]) for name in plain}
    columns |= {name: columns[name] > 0 for name in ("cut", "corrupt", "key_frame")}
    thumbs = np.zeros((2, 3, 18, 32), np.uint16)
    found = TextureDerivation().columns(np.arange(2) / 25, columns, thumbs)
    assert found["damage_share"].tolist() == [0.0, damage]


def flash(luma: Luma, n: int) -> Luma:
    return luma + 60.0 * (n % 20 in (10, 11))


def cut(luma: Luma, n: int) -> Luma:
    return texture(*SIZE, seed=n // 10)


def fade(luma: Luma, n: int) -> Luma:
    return 16 + (luma - 16) * abs(n - 50) / 50


def band(luma: Luma, n: int) -> Luma:
    """A band across the foot of the picture, its upper edge on the grid."""
    luma = luma.copy()
    luma[144:] = np.where(n >= 50, 40, luma[144:])
    return luma


def mosaic(luma: Luma, n: int) -> Luma:
    """A face made unknown: from picture 30 on, with the means that were there."""
    if n >= 30:
        luma = luma.copy()
        luma[48:112, 96:176] = squares(luma[48:112, 96:176], 16, 0.0)
    return luma


CONTENT: dict[str, Callable[[Luma, int], Luma]] = {
    "a slow pan": lambda luma, n: luma,
    "a fast pan": lambda luma, n: np.roll(luma, 23 * n, 1),
    "grain": grainy,
    "flashes": flash,
    "cuts": cut,
    "a fade": fade,
    "a band on the grid": band,
    "a mosaic over a face": mosaic,
    "interlace": lambda luma, n: np.where(
        np.arange(SIZE[0])[:, None] % 2, luma, np.roll(luma, 6 * (n % 2), 1)
    ),
    "a dark scene": lambda luma, n: 16 + (luma - 16) * 0.1,
}


@pytest.mark.parametrize("check", ["block_corruption", "blockiness", "blur"])
@pytest.mark.parametrize("content", CONTENT)
def test_content_is_no_defect(check: str, content: str) -> None:
    assert intervals(programme(CONTENT[content], keys=25), check) == []


@pytest.mark.parametrize(("first", "stop", "found"), [(20, 80, [(0.8, 3.2)]), (20, 69, [])])
def test_blocks_all_over_for_two_seconds(first: int, stop: int, found: list[tuple[float, float]]) -> None:
    def coarse(luma: Luma, n: int) -> Luma:
        dim = 60 + (luma - 60) * 0.4
        return squares(dim, keep=0.3) if first <= n < stop else dim

    assert intervals(programme(coarse), "blockiness") == found


def test_pixel_art_is_drawn_in_squares() -> None:
    art = np.random.default_rng(1).choice([20, 90, 160, 230], (24, 40)).repeat(8, 0).repeat(8, 1)[: SIZE[0]]
    assert intervals(shown(art, count=COUNT), "blockiness") == []


@pytest.mark.parametrize("sigma", [2.0, 4.0, 8.0])
def test_blur_within_a_shot(sigma: float) -> None:
    pictures = programme(lambda luma, n: soft(luma, sigma) if 20 <= n < 80 else luma)
    assert intervals(pictures, "blur") == [(0.8, 3.2)]


def test_blur_under_a_camera_that_hurries() -> None:
    """The norm of the last half second is of another place; the picture just before is not."""
    wide = np.hstack([texture(*SIZE, seed=seed) for seed in range(5)])

    def travelled(n: int) -> Luma:
        seen = wide[:, 12 * n : 12 * n + SIZE[1]] + 60 * np.sin(n / 7)
        return soft(seen, 3.0) if 20 <= n < 80 else seen

    assert intervals(programme(lambda luma, n: travelled(n)), "blur") == [(0.8, 3.2)]


def test_blur_goes_on_through_a_cut() -> None:
    pictures = programme(
        lambda luma, n: (
            soft(texture(*SIZE, seed=n // 50), 3.0) if 20 <= n < 80 else texture(*SIZE, seed=n // 50)
        )
    )
    assert intervals(pictures, "blur") == [(0.8, 3.2)]


def test_a_soft_shot_that_begins_with_a_cut_is_content() -> None:
    other = soft(texture(*SIZE, seed=3), 2.0)
    pictures = programme(lambda luma, n: np.roll(other, n // 2, 1) if n >= 30 else luma)
    assert intervals(pictures, "blur") == []


def test_focus_that_drifts_is_content() -> None:
    pictures = programme(lambda luma, n: soft(luma, min(n / 40, 2.0)) if n else luma)
    assert intervals(pictures, "blur") == []


def test_derived_columns_are_the_same_however_they_are_fed() -> None:
    rng = np.random.default_rng(2)
    count = 60
    start_s = np.arange(count) / 25
    names = ("torn_share", "mended_share", "burst_share", "bend_ratio", "edge_step", "change_mean")
    names += ("flash_count",)
    columns = {name: rng.uniform(0, 1, count) for name in names}
    columns |= {name: rng.uniform(0, 1, count) < 0.1 for name in ("corrupt", "cut", "key_frame")}
    thumbs = rng.integers(0, 65535, (count, 3, 18, 32)).astype(np.uint16)
    whole = TextureDerivation().columns(start_s, columns, thumbs)
    derivation = TextureDerivation()
    for first in range(0, count, 7):
        part = slice(first, first + 7)
        found = derivation.columns(start_s[part], {k: v[part] for k, v in columns.items()}, thumbs[part])
        for name in TEXTURE_DERIVED:
            assert np.array_equal(found[name], whole[name][part])
