"""Fields: the kernel against its twin, the order that it sees, and what is no field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.decode.values import Picture, Plane
from pipeline.measure.blocks import BLOCK, field_maps, field_stride, grid
from tests.pipeline.judging import events, only, shown, times
from tests.pipeline.test_blocks import DEPTHS, SIZES, block_sums, codes
from tests.pipeline.test_freeze import shifted, texture

Luma = NDArray[np.float64]

SCENE = texture(180, 320)


def at(time: float) -> Luma:
    """The scene at a time in pictures: it slides to the left by three samples a picture."""
    return shifted(SCENE, 0, 3 * time)


def woven(top: Luma, bottom: Luma) -> Luma:
    """One picture of two fields."""
    both = top.copy()
    both[1::2] = bottom[1::2]
    return both


def clip(
    make: Callable[[int], Luma], count: int = 60, *, interlaced: bool = False, top_first: bool | None = None
) -> list[Picture]:
    """Pictures as a function of their number."""
    return [
        replace(shown(make(n), count=1, first=n)[0], interlaced=interlaced, top_first=top_first)
        for n in range(count)
    ]


def top_first(n: int) -> Luma:
    return woven(at(n), at(n + 0.5))


def bottom_first(n: int) -> Luma:
    return woven(at(n + 0.5), at(n))


def telecined(n: int) -> Luma:
    """Pictures A B C D over five: AA BB BC CD DD."""
    group, place = divmod(n, 5)
    top, bottom = [(0, 0), (1, 1), (1, 2), (2, 3), (3, 3)][place]
    return woven(at(4 * group + top), at(4 * group + bottom))


def twin(current: Plane, previous: Plane) -> np.ndarray:
    """Twin of ``field_maps``."""
    now, before = current.astype(np.int64), previous.astype(np.int64)
    bends = np.zeros_like(now)
    bends[1:-1] = abs(2 * now[1:-1] - before[:-2] - before[2:])[: max(0, len(now) - 2)]
    # A band reads what lies in it, and its neighbours above and below.
    rows = np.arange(len(now)) % 2
    shape = grid(*current.shape)
    parts = [block_sums(bends * (rows == n)[:, None], BLOCK, BLOCK, shape) for n in (0, 1)]
    return np.stack(parts)[:, :: field_stride(shape[0])]


@pytest.mark.parametrize("bits", DEPTHS)
@pytest.mark.parametrize("size", [*SIZES, (576, 32)], ids=str)
def test_field_maps_equal_their_twin(size: tuple[int, int], bits: int) -> None:
    current, previous = codes(size, bits, 1), codes(size, bits, 2)
    assert np.array_equal(field_maps(current, previous), twin(current, previous))


@pytest.mark.parametrize("bits", DEPTHS)
def test_no_sum_of_fields_overflows(bits: int) -> None:
    white = np.full((64, 32), (1 << bits) - 1, np.uint8 if bits == 8 else np.uint16)
    assert np.array_equal(field_maps(white, white * 0), twin(white, white * 0))


FOUND: Mapping[str, tuple[list[Picture], str, str]] = {
    "top first in a progressive stream": (clip(top_first), "fields in a progressive stream", "top"),
    "bottom first in a progressive stream": (clip(bottom_first), "fields in a progressive stream", "bottom"),
    "bottom first, declared top": (
        clip(bottom_first, interlaced=True, top_first=True),
        "wrong order of fields",
        "bottom",
    ),
    "top first, declared bottom": (
        clip(top_first, interlaced=True, top_first=False),
        "wrong order of fields",
        "top",
    ),
    "slowly": (
        clip(lambda n: woven(at(n / 3), at((n + 0.5) / 3))),
        "fields in a progressive stream",
        "top",
    ),
}


@pytest.mark.parametrize(("pictures", "kind", "first"), FOUND.values(), ids=FOUND.keys())
def test_fields_are_found(pictures: list[Picture], kind: str, first: str) -> None:
    (event,) = events(pictures, only("interlace"))
    # What moves is seen from the second picture on.
    assert times([event]) == [(0.04, 2.4)]
    assert (event.evidence["kind"], event.evidence["first_field"]) == (kind, first)
    assert event.confidence > 0.8


def test_telecine_says_so() -> None:
    pictures = [
        replace(picture, start_s=picture.start_s * 25 / 30, duration_s=1 / 30)
        for picture in clip(telecined, 90)
    ]
    (event,) = events(pictures, only("interlace"))
    assert event.evidence["kind"] == "telecine"
    assert event.start_s == pytest.approx(2 / 30, abs=0.001)
    assert event.end_s == pytest.approx(3.0, abs=0.001)


def test_combing_begins_and_ends_to_the_frame() -> None:
    pictures = clip(lambda n: top_first(n) if 25 <= n < 65 else at(n), 100)
    (event,) = events(pictures, only("interlace"))
    assert event.start_s == pytest.approx(1.0, abs=0.0401)
    assert event.end_s == pytest.approx(2.6, abs=0.0401)


@pytest.mark.parametrize(("count", "found"), [(25, 0), (26, 1)])
def test_it_lasts_a_second(count: int, found: int) -> None:
    assert len(events(clip(top_first, count), only("interlace"))) == found


def with_blinds(period: int, moving: float = 0.0) -> Callable[[int], Luma]:
    """Lines across the whole picture, beside something that moves."""

    def make(n: int) -> Luma:
        luma = at(n)
        rows = (np.arange(180) + round(moving * n)) // (period // 2) % 2
        luma[:, :200] = 60 + 120 * rows[:, None]
        return luma

    return make


def fading(n: int) -> Luma:
    return np.asarray(16 + (SCENE - 16) * (1 - n / 80))


GRAIN = [np.random.default_rng(n).normal(0, 8, (180, 320)) for n in range(60)]
CUTS = [texture(180, 320, seed) for seed in range(4)]

DOUBLED = np.repeat(np.random.default_rng(7).integers(0, 2, (90, 400)), 2, axis=0) * 150.0 + 40


def ticker(n: int) -> Luma:
    """Letters of doubled lines that roll by at the lower edge, over something that stands."""
    luma = SCENE.copy()
    luma[174:] = np.roll(DOUBLED[4:10], -3 * n, axis=1)[:, :320]
    return luma


NOTHING: Mapping[str, Sequence[Picture]] = {
    "a pan": clip(at),
    "a tilt of one line": clip(lambda n: shifted(SCENE, n, 0)),
    "a tilt of two and a half": clip(lambda n: shifted(SCENE, 2.5 * n, 0)),
    "grain": clip(lambda n: at(n) + GRAIN[n]),
    "grain on a still": clip(lambda n: SCENE + GRAIN[n]),
    "a blind of lines that stands": clip(with_blinds(2)),
    "a blind of wider lines": clip(with_blinds(4)),
    "a blind that rolls": clip(with_blinds(8, 1.0)),
    "letters that roll by": clip(ticker),
    "a fade": clip(fading),
    "cuts": clip(lambda n: CUTS[n // 5 % 4]),
    "a still of two fields": clip(lambda n: top_first(0)),
    "fields, declared so": clip(top_first, interlaced=True, top_first=True),
    "bottom first, declared so": clip(bottom_first, interlaced=True, top_first=False),
    "whole pictures coded as fields": clip(at, interlaced=True, top_first=True),
    "fields of an order that is not said": clip(bottom_first, interlaced=True),
    "pull-down by flags": clip(lambda n: at(n * 4 // 5), interlaced=False),
    "a few combed pictures": clip(lambda n: top_first(n) if n % 12 == 0 else at(n)),
}


@pytest.mark.parametrize("pictures", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_no_combing(pictures: Sequence[Picture]) -> None:
    assert events(pictures, only("interlace")) == ()


@pytest.mark.parametrize(("rows", "found"), [(11 * BLOCK, 0), (180, 1)])
def test_it_takes_twelve_blocks_that_move(rows: int, found: int) -> None:
    teeth = np.zeros((180, 320), bool)
    teeth[:rows, :BLOCK] = True
    pictures = clip(lambda n: np.where(teeth, top_first(n), SCENE))
    assert len(events(pictures, only("interlace", order_score=0.08))) == found
