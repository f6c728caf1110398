"""Colour bars, test cards and slates: what is found, and what looks like them and is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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


def text(
    ground: Colour = (40, 140, 120), ink: int = 220, *, lines: int = 3, size: int = 4, grain: float = 0.0
) -> Frame:
    """Lines of digits on a plain ground."""
    random = np.random.default_rng(2)
    frame = blank(ground)
    for line in range(lines):
        word = [str(d) for d in random.integers(0, 10, 10)]
        left = (WIDTH - len(word) * 4 * size) // 2
        for place, digit in enumerate(word):
            bits = np.array(list(DIGITS[digit]), bool).reshape(5, 3).repeat(size, 0).repeat(size, 1)
            top, at = 20 + line * (HEIGHT - 40) // max(lines, 1), left + place * 4 * size
            frame[0][top : top + 5 * size, at : at + 3 * size][bits] = ink
    return noisy(frame, grain) if grain else frame


def clocked(frame: Frame, count: int) -> list[Picture]:
    return played([stamped(frame, (140, 20), 3, f"{n:05d}") for n in range(count)])


def logo() -> Frame:
    frame = blank((60, 150, 110))
    rows, cols = np.mgrid[0:HEIGHT, 0:WIDTH]
    frame[0][np.hypot(rows - 90, cols - 160) < 40] = 200
    return frame


def sloped() -> Frame:
    """Words on a ground that grows lighter downward."""
    y, u, v = text((50, 140, 120), 220)
    slope = np.rint(np.linspace(-8, 12, HEIGHT))[:, None]
    return np.where(y < 200, y + slope, y).astype(np.uint8), u, v


def rolling(count: int) -> list[Picture]:
    """Credits that roll over black."""
    random = np.random.default_rng(4)
    page = np.full((HEIGHT * 3, WIDTH), 16, np.uint8)
    for top in range(0, page.shape[0] - 20, 24):
        for place in range(random.integers(10, 25)):
            bits = np.array(list(DIGITS[str(random.integers(0, 10))]), int).reshape(5, 3)
            left = 60 + place * 8
            page[top : top + 10, left : left + 6] = 16 + 200 * bits.repeat(2, 0).repeat(2, 1)
    grey = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return played([(page[n : n + HEIGHT].copy(), grey, grey) for n in range(count)])


SLATES: Mapping[str, tuple[list[Picture], str]] = {
    "words on blue": (held(text(), 90), "card"),
    "words on black": (held(text((16, 128, 128)), 90), "card"),
    "under grain": (held(text(grain=1.0), 90), "card"),
    "many words": (held(text(lines=6, size=3), 90), "card"),
    "a clock runs": (clocked(text(), 90), "card"),
    "a logo": (held(logo(), 90), "card"),
    "on a slope": (held(sloped(), 90), "card"),
    "thin words on black": (held(text((16, 128, 128), lines=2, size=2), 90), "card"),
    "a page": (held(text((225, 128, 128), 30), 90), "page or card on a light ground"),
    "rolling credits": (rolling(90), "credits on black"),
}


@pytest.mark.parametrize(("pictures", "kind"), SLATES.values(), ids=SLATES.keys())
def test_slates_are_found(pictures: list[Picture], kind: str) -> None:
    [event] = events(pictures, only("slate"))
    assert times([event]) == [(0.0, 3.6)]
    assert event.evidence["kind"] == kind
    assert 0.3 <= event.confidence <= 0.95


def test_a_page_is_told_with_less_confidence() -> None:
    [card_event] = events(held(text(), 90), only("slate"))
    [page] = events(held(text((225, 128, 128), 30), 90), only("slate"))
    assert page.confidence < card_event.confidence - 0.1


@pytest.mark.parametrize(("count", "found"), [(74, 0), (75, 1)])
def test_a_slate_lasts_three_seconds(count: int, found: int) -> None:
    frames = [*scene()[:10], *[text()] * count, *scene()[10:20]]
    events_found = events(played(frames), only("slate"))
    assert times(events_found) == [(0.4, 3.4)][:found]


def test_a_slate_runs_to_the_end() -> None:
    assert times(events(played([*scene()[:10], *[text()] * 80]), only("slate"))) == [(0.4, 3.6)]


def static_camera() -> list[Picture]:
    """A street without traffic, under a little grain."""
    base = scene()[0]
    return [replace(p, luma=noisy(base, 1.0)[0]) for p in held(base, 90)]


def interview() -> list[Picture]:
    """A head that moves a little before a plain wall."""
    rows, cols = np.mgrid[0:HEIGHT, 0:WIDTH]
    random = np.random.default_rng(9)
    skin = random.integers(-25, 26, SIZE)
    frames = []
    for n in range(90):
        y, u, v = blank((150, 126, 130))
        head = np.hypot((rows - 80) / 1.3, cols - 160 - 6 * np.sin(n / 4)) < 42
        body = (rows > 130) & (abs(cols - 160) < 90)
        y[head] = (140 + np.roll(skin, n))[head]
        y[body] = (60 + np.roll(skin, n // 3, 1))[body]
        frames.append((y, u, v))
    return played(frames)


def night() -> list[Picture]:
    """Lamps that drive through a black night."""
    frames = []
    for n in range(90):
        y, u, v = blank()
        for lamp in range(6):
            x = (lamp * 50 + 3 * n) % (WIDTH - 10)
            y[100 + 6 * lamp : 106 + 6 * lamp, x : x + 8] = 220
            u[50 + 3 * lamp : 53 + 3 * lamp, x // 2 : x // 2 + 4] = 90
        frames.append((y, u, v))
    return played(frames)


NO_SLATES: Mapping[str, Callable[[], list[Picture]]] = {
    "a scene": lambda: played(scene()[:90]),
    "a static camera": static_camera,
    "an interview before a wall": interview,
    "black": lambda: shown(16, count=90),
    "black with a logo": lambda: held(stamped(blank(), (14, 260), 4, "12"), 90),
    "one colour": lambda: shown(41, 240, 110, count=90),
    "bars": lambda: held(smpte(), 90),
    "a slope": lambda: shown(np.linspace(40, 200, WIDTH), count=90),
    "lamps at night": night,
    "snow": lambda: [
        replace(p, luma=np.random.default_rng(n).integers(16, 236, SIZE).astype(np.uint8))
        for n, p in enumerate(shown(16, count=90))
    ],
}


@pytest.mark.parametrize("pictures", NO_SLATES.values(), ids=NO_SLATES.keys())
def test_what_is_no_slate(pictures: Callable[[], list[Picture]]) -> None:
    assert events(pictures(), only("slate")) == ()


@pytest.mark.parametrize(
    ("frame", "low", "high"),
    [(blank(), 0.0, 0.001), (text(), 0.05, 0.35), (noisy(blank((120, 128, 128)), 40.0), 0.85, 1.0)],
)
def test_entropy_is_near_that_of_the_samples(frame: Frame, low: float, high: float) -> None:
    """The estimate is from means and spreads; the truth, of the histogram, is near it or below."""
    (picture,) = played([frame])
    share = np.bincount(frame[0].ravel(), minlength=256) / frame[0].size
    truth = -(share[share > 0] * np.log2(share[share > 0])).sum() / 8
    found = measured(picture)["luma_entropy"]
    assert low <= found <= high
    assert truth - 0.05 <= found <= truth + 0.25
