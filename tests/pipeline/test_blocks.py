"""The fused kernels against a plain numpy twin, over the sizes, depths and strides that decoders give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decode.values import Plane
from pipeline.measure import (
    basics,
    blocks,
    fields,
    levels,
    mapping,
    noise,
    repeats,
    seams,
    sound,
    truepeak,
)
from pipeline.measure.blocks import BLOCK, CHROMA_SUMS, LUMA_SUMS, chroma_maps, grid, luma_maps
from pipeline.series import derive, grain

SIZES = [(1, 1), (2, 3), (16, 16), (17, 33), (15, 31), (405, 720), (48, 64)]
DEPTHS = [8, 10, 12]


def codes(shape: tuple[int, int], bits: int, seed: int = 0) -> Plane:
    """Random codes of the whole range: (height, width) uint8, or uint16 above 8 bits."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(seed).integers(0, 1 << bits, shape).astype(dtype)


def block_sums(values: np.ndarray, step_y: int, step_x: int, shape: tuple[int, int]) -> np.ndarray:
    """Twin of the kernels: the sum of each block, one slice after the other."""
    out = np.zeros(shape, np.int64)
    for row in range(shape[0]):
        for column in range(shape[1]):
            block = values[row * step_y : (row + 1) * step_y, column * step_x : (column + 1) * step_x]
            out[row, column] = block.astype(np.int64).sum()
    return out


LEGAL = (14, 241)


def luma_twin(current: Plane, previous: Plane, dark_max: int) -> np.ndarray:
    """Twin of ``luma_maps``."""
    wide, before = current.astype(np.int64), previous.astype(np.int64)
    step_x, bend_x, step_y, field = (np.zeros_like(wide) for _ in range(4))
    step_x[::2, 1:-1] = abs(np.diff(wide, axis=1))[::2, : max(0, wide.shape[1] - 2)]
    bend_x[::2, 1:-1] = abs(np.diff(wide, 2, axis=1))[::2]
    step_y[1:] = abs(np.diff(wide, axis=0))
    field[2:] = abs(wide[2:] - wide[:-2])
    rows, columns = (np.arange(length) % BLOCK for length in wide.shape)
    parts = {
        "codes": wide,
        "squares": wide**2,
        "dark": wide <= dark_max,
        "change": abs(wide - before),
        "illegal": (wide < LEGAL[0]) | (wide > LEGAL[1]),
        "step_x": step_x,
        "step_x0": step_x * (columns == 0),
        "step_x8": step_x * (columns == 8),
        "step_y": step_y,
        "step_y0": step_y * (rows == 0)[:, None],
        "step_y8": step_y * (rows == 8)[:, None],
        "step_field": field,
        "bend_x": bend_x,
    }
    shape = grid(*current.shape)
    return np.stack([block_sums(parts[name], BLOCK, BLOCK, shape) for name in LUMA_SUMS])


def chroma_twin(
    u: Plane, v: Plane, steps: tuple[int, int], centre: int, limit: int, shape: tuple[int, int]
) -> np.ndarray:
    """Twin of ``chroma_maps``."""
    wide_u, wide_v = u.astype(np.int64), v.astype(np.int64)
    grey = (np.abs(wide_u - centre) <= limit) & (np.abs(wide_v - centre) <= limit)
    illegal = (np.minimum(wide_u, wide_v) < LEGAL[0]) | (np.maximum(wide_u, wide_v) > LEGAL[1])
    return np.stack([block_sums(part, *steps, shape) for part in (wide_u, wide_v, grey, illegal)])


def measured(current: Plane, previous: Plane, dark_max: int) -> np.ndarray:
    out = np.empty((len(LUMA_SUMS), *grid(*current.shape)), np.uint32)
    luma_maps(current, previous, dark_max, LEGAL, out)
    return out


@pytest.mark.parametrize("bits", DEPTHS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_luma_maps_equal_their_twin(size: tuple[int, int], bits: int) -> None:
    current, previous = codes(size, bits, 1), codes(size, bits, 2)
    dark_max = int(37.9 * (1 << (bits - 8)))
    assert np.array_equal(measured(current, previous, dark_max), luma_twin(current, previous, dark_max))


@pytest.mark.parametrize("bits", DEPTHS)
def test_no_sum_overflows_at_the_largest_code(bits: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    white = np.full((33, 47), (1 << bits) - 1, dtype)
    black = np.zeros_like(white)
    assert np.array_equal(measured(white, black, 0), luma_twin(white, black, 0))
    assert np.array_equal(measured(black, white, 0), luma_twin(black, white, 0))
    for period in (1, 2):
        rows, columns = np.indices(white.shape) // period
        board = np.where((rows + columns) % 2, white, black)
        stripes = np.where(columns % 2, white, black)
        assert np.array_equal(measured(board, stripes, 0), luma_twin(board, stripes, 0))
        assert np.array_equal(measured(stripes, board, 0), luma_twin(stripes, board, 0))


@pytest.mark.parametrize("bits", DEPTHS)
@pytest.mark.parametrize(("steps", "ratio"), [((8, 8), 2), ((16, 16), 1), ((16, 8), 2), ((16, 4), 4)])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_chroma_maps_equal_their_twin(
    size: tuple[int, int], steps: tuple[int, int], ratio: int, bits: int
) -> None:
    rows = -(-size[0] * steps[0] // BLOCK)
    shape = (rows, -(-size[1] // ratio))
    u, v = codes(shape, bits, 3), codes(shape, bits, 4)
    centre, limit = 1 << (bits - 1), 40 << (bits - 8)
    out = np.zeros((len(CHROMA_SUMS), *grid(*size)), np.uint32)
    chroma_maps(u, v, steps, centre, limit, LEGAL, out)
    assert np.array_equal(out, chroma_twin(u, v, steps, centre, limit, grid(*size)))


@pytest.mark.parametrize("bits", [8, 10])
def test_planes_may_be_views_of_wider_lines(bits: int) -> None:
    padded, before = codes((50, 96), bits, 5), codes((50, 128), bits, 6)
    current, previous = padded[:37, :61], before[3:40, 7:68]
    assert not current.flags.c_contiguous
    assert np.array_equal(measured(current, previous, 40), luma_twin(current, previous, 40))


def test_chroma_may_be_interleaved() -> None:
    both = codes((25, 80), 8, 7)
    u, v = both[:, 0:66:2], both[:, 1:66:2]
    out = np.zeros((len(CHROMA_SUMS), *grid(50, 66)), np.uint32)
    chroma_maps(u, v, (8, 8), 128, 30, LEGAL, out)
    assert np.array_equal(out, chroma_twin(u, v, (8, 8), 128, 30, grid(50, 66)))


def test_chroma_may_end_before_the_luma() -> None:
    u, v = codes((5, 7), 8, 3), codes((5, 7), 8, 4)
    out = np.zeros((len(CHROMA_SUMS), 3, 1), np.uint32)
    chroma_maps(u, v, (8, 8), 128, 30, LEGAL, out)
    assert np.array_equal(out, chroma_twin(u, v, (8, 8), 128, 30, (3, 1)))


def test_chroma_beyond_the_luma_is_left_out() -> None:
    u, v = codes((180, 320), 8, 3), codes((180, 320), 8, 4)
    out, fitting = (np.zeros((len(CHROMA_SUMS), 2, 3), np.uint32) for _ in range(2))
    chroma_maps(u, v, (16, 16), 128, 30, LEGAL, out)
    chroma_maps(u[:32, :48], v[:32, :48], (16, 16), 128, 30, LEGAL, fitting)
    assert np.array_equal(out, fitting)


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    bits=st.sampled_from(DEPTHS),
    dark_max=st.integers(0, 4095),
    seed=st.integers(0, 1000),
)
def test_luma_maps_equal_their_twin_at_any_size(
    height: int, width: int, bits: int, dark_max: int, seed: int
) -> None:
    current, previous = codes((height, width), bits, seed), codes((height, width), bits, seed + 1)
    dark_max = min(dark_max, (1 << bits) - 1)
    assert np.array_equal(measured(current, previous, dark_max), luma_twin(current, previous, dark_max))


KERNELS: list[Callable[..., object]] = [
    blocks._luma_maps,
    blocks._chroma_maps,
    blocks._field_maps,
    seams._seam_maps,
    seams._summarise,
    basics._summarise,
    fields._comb,
    fields._order,
    levels._summarise,
    noise._summarise,
    grain._rises,
    mapping._means,
    sound._measure_windows,
    truepeak.peak_between,
    truepeak._interpolated,
    repeats._find,
    derive._drift,
]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.__name__)
def test_kernels_release_the_gil_and_are_cached(kernel: Callable[..., object]) -> None:
    options = kernel.targetoptions  # type: ignore[attr-defined]
    assert options["nogil"]
    assert kernel._cache.cache_path  # type: ignore[attr-defined]
