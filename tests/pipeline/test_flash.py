"""Flashes, by hand: at, under and over each limit, and what looks like flashes and is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.model import DefectEvent
from pipeline.series.flash import FLASH_COLUMNS, FlashDerivation
from tests.pipeline.judging import SIZE, events, only, shown, times

RATE = 25


def code(cdm2: float) -> float:
    """Luma, in levels, of grey with this luminance on the display that is assumed."""
    return 16 + 219 * (cdm2 / 200) ** (1 / 2.4)


def lit(
    cdm2: float | np.ndarray, *, area: float = 1.0, ground: float = 16.0, grey: float | None = None
) -> np.ndarray:
    """A thumbnail (3, 18, 32) of grey, lit over ``area`` of its cells, ``ground`` elsewhere."""
    cells = np.full(18 * 32, ground)
    cells[: round(area * 18 * 32)] = code(float(cdm2)) if grey is None else grey
    thumb = np.full((3, 18, 32), 128 * 256.0)
    thumb[0] = cells.reshape(18, 32) * 256
    return np.rint(thumb).astype(np.uint16)


def colour(r: float, g: float, b: float) -> np.ndarray:
    """A thumbnail of one colour: signals 0..1, BT.709, limited range."""
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    levels = (16 + 219 * luma, 128 + 224 * (b - luma) / 1.8556, 128 + 224 * (r - luma) / 1.5748)
    return np.broadcast_to(np.rint(np.array(levels) * 256)[:, None, None], (3, 18, 32)).astype(np.uint16)


def derived(
    thumbs: Sequence[np.ndarray], *, rate: float = RATE, cuts: Sequence[int] = (), full_range: bool = False
) -> dict[str, np.ndarray]:
    """The columns of these thumbnails, fed in pieces."""
    start_s, stacked = np.arange(len(thumbs)) / rate, np.stack(thumbs)
    derivation = FlashDerivation()
    flags = np.full(len(thumbs), full_range)
    parts = [
        derivation.columns(start_s[a:b], stacked[a:b], flags[a:b])
        for a, b in pairwise([0, *cuts, len(thumbs)])
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in FLASH_COLUMNS}


def alternating(a: np.ndarray, b: np.ndarray, half: int, count: int) -> list[np.ndarray]:
    """``count`` pictures that change between two every ``half``."""
    return [(a, b)[n // half % 2] for n in range(count)]


LIMITS: Mapping[str, tuple[np.ndarray, np.ndarray, bool]] = {
    "20 cd/m2 and a hair": (lit(40.0), lit(60.1), True),
    "a hair under 20 cd/m2": (lit(40.0), lit(59.9), False),
    "from black": (lit(0.0), lit(20.1), True),
    "nearly from black": (lit(0.0), lit(19.9), False),
    "darker just below 160": (lit(159.8), lit(195.0), True),
    "darker at 160": (lit(160.2), lit(195.0), False),
    "over a quarter": (lit(0.0, area=145 / 576), lit(100.0, area=145 / 576), True),
    "a quarter": (lit(0.0, area=144 / 576), lit(100.0, area=144 / 576), False),
    "the whole": (lit(0.0), lit(200.0), True),
    "halves that change places": (lit(100.0, area=0.5), lit(0.0, area=0.5, ground=code(100.0)), True),
}


@pytest.mark.parametrize(("a", "b", "counts"), LIMITS.values(), ids=LIMITS.keys())
def test_each_limit_of_a_transition(a: np.ndarray, b: np.ndarray, counts: bool) -> None:
    found = derived(alternating(a, b, 3, 50))
    assert found["flash_count"].max() == (9 if counts else 0)
    assert (found["flash_area"] > 0).sum() == (16 if counts else 0)


REDS: Mapping[str, tuple[np.ndarray, bool]] = {
    "red": (colour(1, 0, 0), True),
    "dim red, under the change": (colour(0.30, 0, 0), False),
    "dim red, over the change": (colour(0.35, 0, 0), True),
    "red of 0.82": (colour(0.9, 0.47 * 0.9 * 0.88, 0), True),
    "orange": (colour(1, 0.62, 0), False),
    "pink": (colour(1, 0.6, 0.6), False),
    "blue": (colour(0, 0, 1), False),
    "green": (colour(0, 0.4, 0), False),
}


@pytest.mark.parametrize(("red", "counts"), REDS.values(), ids=REDS.keys())
def test_saturated_red(red: np.ndarray, counts: bool) -> None:
    found = derived(alternating(colour(0.2, 0.2, 0.2), red, 3, 50))
    assert found["red_count"].max() == (9 if counts else 0)


def test_red_changes_to_a_grey_as_bright() -> None:
    """Isoluminant to the eye of a meter: only the rule for red sees it."""
    grey = (0.2126) ** (1 / 2.4)
    found = derived(alternating(colour(grey, grey, grey), colour(1, 0, 0), 3, 50))
    assert found["flash_count"].max() == 0
    assert found["red_count"].max() == 9


def test_full_range_has_its_own_black() -> None:
    dark, light = lit(0, grey=0.0), lit(0, grey=255 * (20.1 / 200) ** (1 / 2.4))
    assert derived(alternating(dark, light, 3, 50), full_range=True)["flash_count"].max() == 9
    assert derived(alternating(dark, light, 3, 50))["flash_count"].max() == 0


def twin(thumbs: Sequence[np.ndarray], rate: float) -> list[int]:
    """Times, in pictures, of the transitions of the whole picture: for thumbnails of one grey only."""
    levels = [200 * max(0.0, (float(t[0, 0, 0]) / 256 - 16) / 219) ** 2.4 for t in thumbs]
    found, low, high, way = [], np.inf, -np.inf, 0
    for n, level in enumerate(levels):
        if way <= 0 and low < 160 and level - low >= 20:
            way, high = 1, level
            found.append(n)
        elif way >= 0 and level < 160 and high - level >= 20:
            way, low = -1, level
            found.append(n)
        low, high = min(low, level), max(high, level)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cuts", [[], [1], [7, 8, 100], list(range(3, 300, 11))])
def test_columns_equal_their_twin_however_they_are_fed(seed: int, cuts: list[int]) -> None:
    random = np.random.default_rng(seed)
    levels = np.clip(np.cumsum(random.normal(0, 12, 300)) % 200, 0, 200)
    thumbs = [lit(level) for level in levels]
    found = derived(thumbs, cuts=cuts)
    moments = np.flatnonzero(found["flash_area"] > 0)
    assert moments.tolist() == twin(thumbs, RATE)
    for n in range(300):
        within = [m for m in moments if n - RATE < m <= n]
        assert found["flash_count"][n] == len(within)
        assert found["flash_age_s"][n] == pytest.approx((n - within[0]) / RATE if within else 0.0)
    often = [n for n in range(300) if 4 <= found["flash_count"][n] <= 6]
    for n in (0, 124, 125, 250, 299):
        assert found["flash_long_s"][n] == pytest.approx(sum(n - 125 < m <= n for m in often) / RATE)


def played(levels: Iterable[float | np.ndarray]) -> list[Picture]:
    """A picture for each luma, 25 a second."""
    return [picture for n, level in enumerate(levels) for picture in shown(level, count=1, first=n)]


def named(found: Sequence[DefectEvent]) -> dict[str, tuple[float, float]]:
    """Each kind that was found, with its time."""
    return {str(e.evidence["kind"]): time for e, time in zip(found, times(found), strict=True)}


def strobe(half: int, first: int, count: int, dark: int = 16, light: int = 200) -> list[int]:
    """A second of ``dark``, ``count`` pictures that alternate, a second of ``dark``."""
    return [dark] * first + [(light, dark)[n // half % 2] for n in range(count)] + [dark] * 25


def test_four_flashes_in_a_second_fail_from_the_first() -> None:
    found = events(played(strobe(3, 25, 24)), only("flash"))
    assert named(found) == {"luminance": (1.0, 1.88)}
    assert found[0].value == 4.0


@pytest.mark.parametrize("half", [5, 6, 8])
def test_up_to_three_a_second_may_be(half: int) -> None:
    """Of 2.5 flashes a second (and fewer) three are in no second; the time is too short to be extended."""
    assert events(played(strobe(half, 25, 75)), only("flash")) == ()


def test_three_a_second_may_be_and_are_told_when_they_go_on() -> None:
    """Half a period of 1/6 s at 24 pictures a second: six transitions in each second."""
    thumbs = alternating(lit(0.0), lit(100.0), 4, 24 * 8)
    found = derived(thumbs, rate=24)
    assert found["flash_count"].max() == 6
    assert found["flash_long_s"].max() == pytest.approx(5.0, abs=0.05)


def test_one_transition_too_many() -> None:
    """Seven transitions within a second fail, six do not; the seventh at a second after the first is out."""
    for gap, fails in ((24, True), (25, False)):
        turns = [25, 29, 33, 37, 41, 45, 25 + gap]
        levels = [(16, 200)[sum(n >= turn for turn in turns) % 2] for n in range(100)]
        found = events(played(levels), only("flash"))
        assert named(found) == ({"luminance": (1.0, 2.0)} if fails else {})


def test_it_ends_with_the_input() -> None:
    found = events(played(strobe(2, 25, 50)[:60]), only("flash"))
    assert named(found) == {"luminance": (1.0, 2.4)}


def test_long_flashing_is_told_with_less_confidence() -> None:
    [event] = events(played(strobe(6, 25, 200)), only("flash"))
    assert event.evidence["kind"] == "extended"
    assert event.start_s == pytest.approx(1.0)
    assert event.confidence <= 0.6
    assert events(played(strobe(6, 25, 200)), only("flash", extended=False)) == ()


def test_the_limits_are_settings() -> None:
    assert events(played(strobe(3, 25, 24)), only("flash", flashes=4)) == ()
    assert len(events(played(strobe(6, 25, 40)), only("flash", flashes=1))) == 1


def fade() -> list[int]:
    return [round(16 + 200 * n / 100) for n in range(100)]


def ball() -> list[np.ndarray]:
    """A bright object of a ninth of the picture that races over it."""
    frames = []
    for n in range(100):
        luma = np.full(SIZE, 40)
        x = n * 24 % (SIZE[1] - 106)
        luma[60:120, x : x + 106] = 230
        frames.append(luma)
    return frames


def with_lightning(*moments: int) -> list[int]:
    return [(235 if n in moments else 60) for n in range(100)]


def strobing_concert() -> list[np.ndarray]:
    """Lamps over a fifth of the picture at 6 a second, and the rest of it swaying."""
    random = np.random.default_rng(3)
    frames = []
    for n in range(100):
        luma = np.clip(40 + random.integers(0, 12, SIZE) + 6 * np.sin(n / 5), 16, 235)
        luma[:, : SIZE[1] // 5] = 220 if n // 2 % 2 else 30
        frames.append(luma)
    return frames


TRAPS: Mapping[str, list[Picture]] = {
    "a still": played([120] * 100),
    "a fade": played(fade()),
    "a cut a second": played([(40, 180)[n // 25 % 2] for n in range(150)]),
    "five cuts in a second, and no more": played(
        [40] * 20 + [(40, 180)[n // 5 % 2] for n in range(30)] + [40] * 50
    ),
    "two cameras flash": played(with_lightning(30, 45)),
    "lightning, three in a second": played(with_lightning(30, 38, 46)),
    "a bright object that races": played(ball()),
    "a concert that stays under a quarter": played(strobing_concert()),
    "flicker of a lamp": played([120 + 4 * (n % 2) for n in range(100)]),
    "snow": [
        p
        for n in range(60)
        for p in shown(np.random.default_rng(n).integers(16, 236, SIZE), count=1, first=n)
    ],
}


@pytest.mark.parametrize("pictures", TRAPS.values(), ids=TRAPS.keys())
def test_what_is_no_flash(pictures: list[Picture]) -> None:
    assert events(pictures, only("flash")) == ()
