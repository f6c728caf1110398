"""The traps of the picture checks: what must be found, and what looks like it and must not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import checks
from pipeline.checks import CHECKS
from pipeline.decode.values import Picture
from pipeline.profile import load_profile
from tests.pipeline.judging import SIZE, events, only, shown, times


def with_patch(
    level: int, height: int, width: int, *, ground: int = 16, at: tuple[int, int] = (12, 260)
) -> np.ndarray:
    luma = np.full(SIZE, ground)
    luma[at[0] : at[0] + height, at[1] : at[1] + width] = level
    return luma


def lamp_at_night() -> np.ndarray:
    """A dark street: shades of 16 to 36 and one lamp with its halo, no larger than a logo."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    distance = np.hypot(rows - 60, columns - 200)
    return 24 + 8 * np.sin(columns / 17) + 4 * np.sin(rows / 11) + 180 * np.exp(-((distance / 13) ** 2))


BLACK: Mapping[str, list[Picture]] = {
    "limited": shown(16),
    "full range": shown(0, full_range=True),
    "10 bit": shown(16, bits=10),
    "12 bit, full range": shown(1, bits=12, full_range=True),
    "noisy": shown(17, grain=1.5),
    "raised to 30": shown(30),
    "logo of 2 %": shown(with_patch(200, 24, 48)),
    "grey bug of 4 %": shown(with_patch(120, 36, 60)),
}


@pytest.mark.parametrize("pictures", BLACK.values(), ids=BLACK.keys())
def test_black_is_found(pictures: list[Picture]) -> None:
    (event,) = events(pictures, only("black"))
    assert times([event]) == [(0.0, 2.4)]
    assert event.confidence > 0.5


NOT_BLACK: Mapping[str, list[Picture]] = {
    "a dark tinted scene": shown(22, 116, 146),
    "a dark scene in blue": shown(20, 150, 120),
    "a lamp at night": shown(lamp_at_night()),
    "a lamp at night, 10 bit": shown(lamp_at_night(), bits=10),
    "a candle": shown(with_patch(90, 50, 80, ground=20)),
    "dim": shown(45),
    "limited black's grey in full range": shown(30, full_range=True),
    "titles over black": shown(np.where(np.arange(SIZE[0])[:, None] % 30 < 6, 180, 16)),
    "white": shown(235),
}


@pytest.mark.parametrize("pictures", NOT_BLACK.values(), ids=NOT_BLACK.keys())
def test_what_is_not_black(pictures: list[Picture]) -> None:
    assert events(pictures, only("black")) == ()


def test_black_with_a_logo_says_so() -> None:
    (event,) = events(shown(with_patch(200, 30, 50)), only("black"))
    assert event.evidence["kind"] == "black with a logo"
    assert event.evidence["logo_box_share"] == pytest.approx(0.05, abs=0.01)
    (plain,) = events(shown(16), only("black"))
    assert plain.evidence["kind"] == "black"
    assert plain.confidence > event.confidence


@pytest.mark.parametrize(("count", "found"), [(49, 0), (50, 1)])
def test_black_lasts_two_seconds(count: int, found: int) -> None:
    pictures = [*shown(100, count=5), *shown(16, count=count, first=5), *shown(100, count=5, first=5 + count)]
    assert len(events(pictures, only("black"))) == found


def test_all_of_black_is_settings() -> None:
    dim = shown(with_patch(120, 60, 110))
    assert events(dim, only("black")) == ()
    assert len(events(dim, only("black", dark_share=0.85))) == 1
    assert events(shown(16), only("black", min_s=3.0)) == ()


SOLID: Mapping[str, tuple[list[Picture], str]] = {
    "green of an empty buffer": (shown(0, 0, 0), "green"),
    "green": (shown(145, 54, 34), "green"),
    "grey": (shown(126), "grey"),
    "white": (shown(235), "white"),
    "white, full range": (shown(255, full_range=True), "white"),
    "blue": (shown(41, 240, 110), "blue"),
    "green, 10 bit": (shown(145, 54, 34, bits=10), "green"),
    "grey under a little noise": (shown(126, grain=1.5), "grey"),
}


@pytest.mark.parametrize(("pictures", "colour"), SOLID.values(), ids=SOLID.keys())
def test_one_colour_is_found(pictures: list[Picture], colour: str) -> None:
    (event,) = events(pictures, only("solid_color"))
    assert times([event]) == [(0.0, 2.4)]
    assert event.evidence["colour"] == colour


def snow() -> list[Picture]:
    random = np.random.default_rng(2)
    return [
        replace(one, luma=random.integers(16, 236, SIZE).astype(np.uint8)) for one in shown(100, count=60)
    ]


def fog() -> np.ndarray:
    """A bright plain: light and shade of four levels, and a figure of 1 %."""
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    plain = 196 + 5 * np.sin(columns / 60) * np.cos(rows / 45)
    return np.where(np.hypot((rows - 100) / 2, columns - 180) < 9, 70, plain)


NOT_SOLID: Mapping[str, list[Picture]] = {
    "black": shown(16),
    "snow": snow(),
    "a slope": shown(np.linspace(40, 200, SIZE[1])),
    "a gentle slope": shown(np.linspace(90, 140, SIZE[0])[:, None]),
    "bars": shown(np.repeat([16, 60, 100, 140, 180, 200, 220, 235], SIZE[1] // 8)),
    "fog, with someone in it": shown(fog()),
    "two halves": shown(np.repeat([100, 140], SIZE[1] // 2)),
    "a caption on grey": shown(with_patch(220, 30, 200, ground=126, at=(140, 60))),
    "grey with texture": shown(126, grain=8.0),
}


@pytest.mark.parametrize("pictures", NOT_SOLID.values(), ids=NOT_SOLID.keys())
def test_what_is_not_one_colour(pictures: list[Picture]) -> None:
    assert events(pictures, only("solid_color")) == ()


@pytest.mark.parametrize("full_range", [False, True])
def test_a_picture_is_never_black_and_one_colour(full_range: bool) -> None:
    profile = load_profile()
    black = 0 if full_range else 16
    for level in range(black, black + 60, 2):
        found = events(shown(level, full_range=full_range, count=52), profile)
        names = {event.check for event in found} & {"black", "solid_color"}
        assert len(names) == 1, level


def test_the_catalogue_is_whole() -> None:
    files = {path.stem for path in Path(checks.__path__[0]).glob("*.py")}
    assert all(check.id == name for name, check in CHECKS.items())
    assert {name for name in CHECKS if name not in files} == {"decode_error", "corrupt_frame", "pts_backward"}
    for check in CHECKS.values():
        assert check.title and check.unit and set(check.needs) <= {"video", "audio", "media"}
        assert bool(check.lanes) == bool(check.reads) == bool(check.describe)
        assert check.lanes or check.conclude
        assert all(line.bad in ("above", "below") for line in check.lines)
