"""The derived column ``cut``: what is a new shot, and what only looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.series.cuts import CutDerivation

RANDOM = np.random.default_rng(5)


def scene(seed: int, dark: float = 60, light: float = 190) -> np.ndarray:
    return np.random.default_rng(seed).uniform(dark, light, (18, 32))


def cuts(pictures: list[np.ndarray], block: int = 1000) -> list[int]:
    thumbs = np.zeros((len(pictures), 3, 18, 32), np.uint16)
    thumbs[:, 0] = np.rint(np.clip(pictures, 0, 255) * 256)
    derivation = CutDerivation()
    parts = [derivation.columns(thumbs[n : n + block])["cut"] for n in range(0, len(thumbs), block)]
    return [int(n) for n in np.flatnonzero(np.concatenate(parts))]


A, B = scene(1), scene(2)
HOLD = [A] * 12
WIDE = np.random.default_rng(3).uniform(40, 200, (18, 400)).cumsum(axis=1) % 160 + 40
SMOOTH = 120 + 70 * np.sin(np.arange(400) / 9.0)[None, :] * np.ones((18, 1))

TABLE = {
    "one shot": (HOLD + [A] * 12, []),
    "a cut": (HOLD + [B] * 12, [12]),
    "cuts two pictures apart": (HOLD + [B] * 8 + [A] * 8, [12, 20]),
    "a cut to black": (HOLD + [np.full((18, 32), 16.0)] * 8, [12]),
    "a flash that lights everything": (HOLD + [A + 60] + [A] * 8, []),
    "a flicker": ([A + 8 * (n % 2) for n in range(24)], []),
    "a dissolve over ten pictures": (HOLD + [A + (B - A) * n / 10 for n in range(11)] + [B] * 8, []),
    "a fade": ([16 + (A - 16) * (1 - n / 12) for n in range(13)] + [np.full((18, 32), 16.0)] * 8, []),
    "a pan": ([SMOOTH[:, 2 * n : 2 * n + 32] for n in range(40)], []),
    "a pan as fast as it gets": ([WIDE[:, 9 * n : 9 * n + 32] for n in range(40)], []),
    "grain": ([A + RANDOM.normal(0, 4, A.shape) for _ in range(24)], []),
    "of the first pictures nothing is known": ([A] + [B] * 8, []),
    "nothing": ([A], []),
}


@pytest.mark.parametrize(("pictures", "expected"), TABLE.values(), ids=TABLE.keys())
@pytest.mark.parametrize("block", [1, 5, 1000])
def test_where_a_shot_ends(pictures: list[np.ndarray], expected: list[int], block: int) -> None:
    assert cuts(pictures, block) == expected
