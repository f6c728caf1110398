"""Slates and credits: what is found, and what looks like them and is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from evals.defects import DIGITS
from pipeline.decode.values import Picture
from tests.pipeline.judging import SIZE, events, only, shown, times
from tests.pipeline.test_cards import (
    HEIGHT,
    WIDTH,
    Colour,
    Frame,
    blank,
    held,
    measured,
    noisy,
    paint,
    played,
    scene,
    smpte,
    stamped,
)


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


def green_studio() -> list[Picture]:
    """A presenter before a green wall: hardly a level beside the wall's, and never still."""
    frames = []
    for n in range(90):
        frame = blank((140, 60, 45))
        left = 130 + 8 * np.sin(n / 5)
        paint(frame, (70, 140, 120), 0.5, 1.0, left / WIDTH, (left + 40) / WIDTH)
        paint(frame, (160, 112, 150), 0.35, 0.5, (left + 10) / WIDTH, (left + 30) / WIDTH)
        frames.append(frame)
    return played(frames)


NO_SLATES: Mapping[str, Callable[[], list[Picture]]] = {
    "a scene": lambda: played(scene()[:90]),
    "a static camera": static_camera,
    "an interview before a wall": interview,
    "a presenter before a green wall": green_studio,
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
