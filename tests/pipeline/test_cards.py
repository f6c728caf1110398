"""Colour bars and test cards: what is found, and what looks like them and is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pytest

from evals.defects import DIGITS
from pipeline.decode.values import Picture
from pipeline.measure import PictureMeter
from pipeline.measure.layout import HUES
from pipeline.measure.picture import PICTURE_COLUMNS
from tests.clips import moving
from tests.pipeline.judging import RATE, SIZE, events, only, shown, times

HEIGHT, WIDTH = SIZE
Frame = tuple[np.ndarray, np.ndarray, np.ndarray]
Colour = tuple[float, float, float]

BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)
WHITE, BLACK = (1, 1, 1), (0, 0, 0)
SIX = [(1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]


def levels(rgb: Sequence[float], weights: tuple[float, float] = BT709) -> Colour:
    """Y, Cb and Cr, limited range, of signals 0..1."""
    r, g, b = rgb
    luma = weights[0] * r + (1 - sum(weights)) * g + weights[1] * b
    return (
        16 + 219 * luma,
        128 + 224 * (b - luma) / (2 - 2 * weights[1]),
        128 + 224 * (r - luma) / (2 - 2 * weights[0]),
    )


def blank(colour: Colour = (16, 128, 128)) -> Frame:
    shapes = (SIZE, (HEIGHT // 2, WIDTH // 2), (HEIGHT // 2, WIDTH // 2))
    y, u, v = (np.full(shape, round(level), np.uint8) for shape, level in zip(shapes, colour, strict=True))
    return y, u, v


def paint(frame: Frame, colour: Colour, top: float, bottom: float, left: float, right: float) -> None:
    """Fills a rectangle, in shares of the picture."""
    for plane, level in zip(frame, colour, strict=True):
        h, w = plane.shape
        plane[round(top * h) : round(bottom * h), round(left * w) : round(right * w)] = round(level)


def columns(
    colours: Sequence[Colour], top: float = 0.0, bottom: float = 1.0, left: float = 0.0, right: float = 1.0
) -> Frame:
    frame = blank()
    for n, colour in enumerate(colours):
        step = (right - left) / len(colours)
        paint(frame, colour, top, bottom, left + n * step, left + (n + 1) * step)
    return frame


def scaled(level: float, weights: tuple[float, float], *, white: float | None = None) -> list[Colour]:
    """White and the six colours at a level."""
    head = [tuple((white or level) * c for c in WHITE)]
    return [levels(rgb, weights) for rgb in [*head, *([level * c for c in rgb] for rgb in SIX)]]


def smpte(level: float = 0.75, weights: tuple[float, float] = BT601) -> Frame:
    """EG 1: seven bars over two thirds, blue to grey backwards below, PLUGE."""
    frame = columns(scaled(level, weights), bottom=2 / 3)
    for n, rgb in enumerate([(0, 0, 1), BLACK, (1, 0, 1), BLACK, (0, 1, 1), BLACK, WHITE]):
        paint(frame, levels([level * c for c in rgb], weights), 2 / 3, 3 / 4, n / 7, (n + 1) / 7)
    paint(frame, levels(WHITE), 3 / 4, 1, 1 / 6, 1 / 3)
    return frame


def rp219() -> Frame:
    """The HD bars: grey at both sides, seven bars over seven twelfths of the height."""
    frame = columns(scaled(0.75, BT709), bottom=7 / 12, left=1 / 8, right=7 / 8)
    for left in (0.0, 7 / 8):
        paint(frame, levels((0.4, 0.4, 0.4)), 0, 7 / 12, left, left + 1 / 8)
    paint(frame, levels((0.5, 0.5, 0.5)), 3 / 4, 1, 0.2, 0.5)
    return frame


def ebu(level: float, white: float) -> Frame:
    return columns([*scaled(level, BT709, white=white), levels(BLACK)])


def card() -> Frame:
    """A grey card with a grid, and bars over a tenth of its height."""
    frame = blank((126, 128, 128))
    frame[0][::20], frame[0][:, ::20] = 235, 235
    for n, colour in enumerate(scaled(0.75, BT601)[1:]):
        paint(frame, colour, 0.42, 0.66, 0.15 + 0.12 * n, 0.27 + 0.12 * n)
    return frame


def stamped(frame: Frame, at: tuple[int, int] = (100, 60), size: int = 6, text: str = "01234") -> Frame:
    """White digits on a black box."""
    y, u, v = (plane.copy() for plane in frame)
    for place, digit in enumerate(text):
        bits = np.array(list(DIGITS[digit]), int).reshape(5, 3).repeat(size, 0).repeat(size, 1)
        top, left = at[0], at[1] + place * 4 * size
        y[top : top + 5 * size, left : left + 3 * size] = 16 + 200 * bits
        for plane in (u, v):
            plane[top // 2 : (top + 5 * size) // 2, left // 2 : (left + 3 * size) // 2] = 128
    return y, u, v


def noisy(frame: Frame, grain: float) -> Frame:
    random = np.random.default_rng(6)
    y, u, v = (
        np.clip(np.rint(plane + random.normal(0, grain, plane.shape)), 0, 255).astype(np.uint8)
        for plane in frame
    )
    return y, u, v


def played(frames: Sequence[Frame], *, full_range: bool = False) -> list[Picture]:
    """25 a second."""
    return [
        Picture("v:0", n / RATE, 1 / RATE, y, u, v, 8, full_range, n == 0, False)
        for n, (y, u, v) in enumerate(frames)
    ]


def held(frame: Frame, count: int) -> list[Picture]:
    return played([frame] * count)


@lru_cache(maxsize=1)
def scene() -> list[Frame]:
    return [(p.luma, p.cb[::2, ::2].copy(), p.cr[::2, ::2].copy()) for p in moving(100, WIDTH, HEIGHT)]


def measured(picture: Picture) -> dict[str, float]:
    return dict(zip(PICTURE_COLUMNS, PictureMeter().row(picture)[0], strict=True))


def test_the_colours_are_those_of_the_standards() -> None:
    """75 % bars of BT.601 as every book has them, and of BT.709."""
    expected = [(162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114)]
    assert pytest.approx(np.array(expected), abs=0.6) == HUES[0]
    for n, (level, weights) in enumerate([(0.75, BT601), (0.75, BT709), (1.0, BT601), (1.0, BT709)]):
        assert pytest.approx(np.array(scaled(level, weights)[1:]), abs=0.01) == HUES[n]


BARS: Mapping[str, tuple[Frame, str, int]] = {
    "SMPTE 75 %": (smpte(), "bars", 75),
    "SMPTE 75 %, BT.709": (smpte(weights=BT709), "bars", 75),
    "SMPTE 100 %": (smpte(1.0), "bars", 100),
    "RP 219": (rp219(), "bars", 75),
    "EBU 75 %": (ebu(0.75, 1.0), "bars over the whole height", 75),
    "EBU 100 %": (ebu(1.0, 1.0), "bars over the whole height", 100),
    "a test card": (card(), "test card", 75),
    "with a clock": (stamped(smpte()), "bars", 75),
    "noisy": (noisy(smpte(), 3.0), "bars", 75),
    "pillarboxed": (columns(scaled(0.75, BT601), left=1 / 8, right=7 / 8), "bars over the whole height", 75),
}


@pytest.mark.parametrize(("frame", "kind", "level"), BARS.values(), ids=BARS.keys())
def test_bars_are_found(frame: Frame, kind: str, level: int) -> None:
    [event] = events(held(frame, 30), only("color_bars"))
    assert times([event]) == [(0.0, 1.2)]
    assert event.evidence == {"kind": kind, "level_percent": level}


def test_bars_of_full_range() -> None:
    y, u, v = (plane.astype(float) for plane in smpte())
    wide = ((y - 16) * 255 / 219, 128 + (u - 128) * 255 / 224, 128 + (v - 128) * 255 / 224)
    frame = tuple(np.rint(plane).astype(np.uint8) for plane in wide)
    found = events(played([frame] * 30, full_range=True), only("color_bars"))  # type: ignore[list-item]
    assert len(found) == 1


def test_bars_are_no_blocks_of_a_coder() -> None:
    """Eight bars of 40 samples: every edge lies on the grid of 8."""
    for frame in (ebu(0.75, 1.0), ebu(1.0, 1.0)):
        assert events(held(frame, 100), only("blockiness")) == ()


def test_bars_within_a_programme_are_exact_to_the_frame() -> None:
    frames = [*scene()[:20], *[smpte()] * 30, *scene()[20:40]]
    assert times(events(played(frames), only("color_bars"))) == [(0.8, 2.0)]
    assert times(events(played(frames[:50]), only("color_bars"))) == [(0.8, 2.0)]


@pytest.mark.parametrize(("count", "found"), [(24, 0), (25, 1)])
def test_bars_last_a_second(count: int, found: int) -> None:
    frames = [*scene()[:5], *[ebu(0.75, 1.0)] * count, *scene()[5:10]]
    assert len(events(played(frames), only("color_bars"))) == found


def swapped(*order: int) -> Frame:
    six = scaled(0.75, BT709)[1:]
    return columns([six[n] for n in order])


def shirt() -> Frame:
    """Stripes of all colours, each thrice, in another order."""
    return swapped(0, 4, 5, 2, 0, 4, 5, 2, 3, 1, 0, 4)


def rainbow() -> Frame:
    """Red, orange, yellow, green, cyan, blue, magenta: by hue, not by luma."""
    hues = [(1, 0, 0), (1, 0.5, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1)]
    return columns([levels([0.75 * c for c in rgb]) for rgb in hues])


def cartoon() -> Frame:
    random = np.random.default_rng(8)
    frame = blank((145, 100, 60))
    for _ in range(60):
        rgb = random.choice([0.0, 0.5, 0.75, 1.0], 3)
        top, left = random.uniform(0, 0.9, 2)
        paint(
            frame, levels(rgb), top, top + random.uniform(0.05, 0.4), left, left + random.uniform(0.05, 0.3)
        )
    return frame


def studio() -> Frame:
    frame = blank(levels((0, 0.75, 0)))
    paint(frame, (120, 110, 150), 0.2, 1.0, 0.35, 0.65)
    return frame


NO_BARS: Mapping[str, list[Picture]] = {
    "a scene": played(scene()[:40]),
    "a flag": held(columns([levels((0, 0, 0.6)), levels((0.9, 0.9, 0.9)), levels((0.8, 0, 0.1))]), 40),
    "a striped shirt": held(shirt(), 40),
    "a rainbow": held(rainbow(), 40),
    "bars backwards": held(swapped(5, 4, 3, 2, 1, 0), 40),
    "one bar missing": held(swapped(0, 1, 2, 3, 5), 40),
    "a cartoon": held(cartoon(), 40),
    "a green-screen studio": held(studio(), 40),
    "grey steps": held(columns([levels((n / 7,) * 3) for n in range(8)]), 40),
    "bars on a far monitor": held(columns(scaled(0.75, BT601), 0.3, 0.45, 0.4, 0.6), 40),
    "black": shown(16, count=40),
}


@pytest.mark.parametrize("pictures", NO_BARS.values(), ids=NO_BARS.keys())
def test_what_is_no_bars(pictures: list[Picture]) -> None:
    assert events(pictures, only("color_bars")) == ()
