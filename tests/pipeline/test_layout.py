"""Borders, colour bars and cards: what is found, exactly, and what looks like them and is none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from evals.defects import DIGITS
from pipeline.decode.values import Picture
from pipeline.measure import PictureMeter
from pipeline.measure.picture import PICTURE_COLUMNS
from pipeline.series.borders import BORDER_COLUMNS, SIDES, BorderDerivation
from tests.clips import moving
from tests.pipeline.judging import RATE, SIZE, events, only, shown, times

HEIGHT, WIDTH = SIZE
Frame = tuple[np.ndarray, np.ndarray, np.ndarray]


@lru_cache(maxsize=1)
def _scene() -> list[Frame]:
    return [(p.luma, p.cb[::2, ::2].copy(), p.cr[::2, ::2].copy()) for p in moving(150, WIDTH, HEIGHT)]


def scene(count: int) -> list[Frame]:
    """A scene that moves, with writable planes."""
    return [tuple(plane.copy() for plane in _scene()[n % 150]) for n in range(count)]  # type: ignore[misc]


def played(frames: list[Frame], *, full_range: bool = False) -> list[Picture]:
    """25 a second."""
    return [
        Picture("v:0", n / RATE, 1 / RATE, y, u, v, 8, full_range, n == 0, False)
        for n, (y, u, v) in enumerate(frames)
    ]


def measured(picture: Picture) -> dict[str, float]:
    return dict(zip(PICTURE_COLUMNS, PictureMeter().row(picture)[0], strict=True))


def framed(
    frame: Frame, top: int = 0, bottom: int = 0, left: int = 0, right: int = 0, level: int = 16
) -> Frame:
    """The picture under black bars of so many samples."""
    y, u, v = (plane.copy() for plane in frame)
    inside = np.zeros(SIZE, bool)
    inside[top : HEIGHT - bottom, left : WIDTH - right] = True
    y[~inside] = level
    for plane in (u, v):
        plane[~inside[::2, ::2]] = 128
    return y, u, v


SIZES = [
    (0, 0, 0, 0),
    (24, 24, 0, 0),
    (16, 32, 0, 0),
    (30, 13, 0, 0),
    (0, 0, 40, 40),
    (0, 0, 33, 47),
    (20, 20, 40, 40),
    (22, 0, 0, 0),
]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("level", [16, 22])
def test_bars_are_measured_to_two_samples(sizes: tuple[int, ...], level: int) -> None:
    (picture,) = played([framed(scene(1)[0], *sizes, level=level)])
    row = measured(picture)
    assert [row[f"{side}_bar"] for side in SIDES] == pytest.approx(sizes, abs=2)


def test_bars_of_full_range() -> None:
    (picture,) = played([framed(scene(1)[0], 24, 24, level=0)], full_range=True)
    row = measured(picture)
    assert (row["top_bar"], row["bottom_bar"], row["full_range"]) == (24, 24, 1.0)


def with_borders(
    *sizes: int, first: int = 0, count: int = 150, length: int = 150, level: int = 16
) -> list[Picture]:
    frames = scene(length)
    for n in range(first, first + count):
        frames[n] = framed(frames[n], *sizes, level=level)
    return played(frames)


BORDERS: Mapping[str, tuple[tuple[int, int, int, int], str, str]] = {
    "letterbox": ((24, 24, 0, 0), "letterbox", "320x132+0+24"),
    "pillarbox": ((0, 0, 40, 40), "pillarbox", "240x180+40+0"),
    "windowbox": ((24, 24, 40, 40), "windowbox", "240x132+40+24"),
    "shifted": ((16, 0, 0, 0), "one side", "320x164+0+16"),
}


@pytest.mark.parametrize(("sizes", "kind", "active"), BORDERS.values(), ids=BORDERS.keys())
def test_borders_are_found(sizes: tuple[int, int, int, int], kind: str, active: str) -> None:
    [event] = events(with_borders(*sizes), only("borders"))
    assert times([event]) == [(0.0, 6.0)]
    assert event.evidence["kind"] == kind
    assert event.evidence["active"] == active
    assert event.evidence["since_the_start"] == "yes"


def test_borders_that_come_and_go_are_exact_to_the_frame() -> None:
    [event] = events(with_borders(24, 24, 0, 0, first=10, count=130), only("borders"))
    assert times([event]) == [(0.4, 5.6)]
    assert event.evidence["since_the_start"] == "no"


@pytest.mark.parametrize(("count", "found"), [(124, 0), (125, 1)])
def test_borders_last_five_seconds(count: int, found: int) -> None:
    assert len(events(with_borders(0, 0, 40, 40, first=5, count=count), only("borders"))) == found


def test_borders_that_change_are_two() -> None:
    frames = [
        framed(frame, *((24, 24, 0, 0) if n < 75 else (0, 0, 40, 40))) for n, frame in enumerate(scene(150))
    ]
    first, second = events(played(frames), only("borders", min_s=2.0))
    assert times([first, second]) == [(0.0, 3.0), (3.0, 6.0)]
    assert (first.evidence["kind"], second.evidence["kind"]) == ("letterbox", "pillarbox")


def test_which_borders_are_a_defect_is_a_setting() -> None:
    assert events(with_borders(24, 24, 0, 0), only("borders", letterbox=False)) == ()
    assert events(with_borders(0, 0, 40, 40), only("borders", pillarbox=False)) == ()
    assert events(with_borders(24, 0, 0, 0), only("borders", one_side=False)) == ()
    assert events(with_borders(24, 24, 0, 0), only("borders", least_share=0.2)) == ()
    assert len(events(with_borders(24, 24, 40, 40), only("borders", letterbox=False, pillarbox=False))) == 1


def test_only_a_change_of_borders_where_those_at_the_start_are_accepted() -> None:
    accepting = only("borders", accept_first=True)
    assert events(with_borders(24, 24, 0, 0), accepting) == ()
    [event] = events(with_borders(24, 24, 0, 0, first=10, count=130), accepting)
    assert times([event]) == [(0.4, 5.6)]


def dim(frame: Frame, gain: float) -> Frame:
    y, u, v = frame
    return (16 + (y - 16.0) * gain).astype(np.uint8), *(
        (128 + (plane - 128.0) * gain).astype(np.uint8) for plane in (u, v)
    )


def test_a_dark_scene_under_letterbox_does_not_end_it() -> None:
    frames = [
        framed(dim(frame, 0.06 if 40 <= n < 100 else 1.0), 24, 24) for n, frame in enumerate(scene(150))
    ]
    [event] = events(played(frames), only("borders"))
    assert times([event]) == [(0.0, 6.0)]


def vignette(gain: float) -> list[Frame]:
    """A dark scene, lit in the middle and crushed to black towards its edges."""
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    light = np.clip(1.3 - 1.25 * np.hypot(rows, columns), 0, 1) ** 2
    out = []
    for y, u, v in scene(150):
        out.append(((16 + (y - 16.0) * light * gain).astype(np.uint8), u * 0 + 128, v * 0 + 128))
    return out


def night() -> list[Frame]:
    """A black sky over roofs of many heights."""
    random = np.random.default_rng(1)
    roofs = np.repeat(random.integers(20, 120, 20), WIDTH // 20)
    frames = scene(150)
    for y, u, v in frames:
        sky = np.arange(HEIGHT)[:, None] < roofs[None, :]
        y[sky] = 16
        u[:], v[:] = 128, 128
    return frames


def from_black() -> list[Frame]:
    return [dim(frame, min(1.0, n / 140)) for n, frame in enumerate(scene(150))]


def text_on_black(rolling: bool = False, size: int = 2, lines: int = 6) -> list[Frame]:
    """Digits as credits have letters: many lines, centred."""
    random = np.random.default_rng(2)
    page = np.full((HEIGHT * (3 if rolling else 1), WIDTH), 16, np.uint8)
    for line in range(page.shape[0] // (HEIGHT // lines)):
        word = [str(d) for d in random.integers(0, 10, random.integers(8, 24))]
        left = (WIDTH - len(word) * 4 * size) // 2
        for place, digit in enumerate(word):
            bits = np.array(list(DIGITS[digit]), int).reshape(5, 3).repeat(size, 0).repeat(size, 1)
            at = (line * (HEIGHT // lines) + 12, left + place * 4 * size)
            page[at[0] : at[0] + 5 * size, at[1] : at[1] + 3 * size] = 16 + 200 * bits
    grey = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return [
        (page[(n if rolling else 0) : (n if rolling else 0) + HEIGHT].copy(), grey, grey) for n in range(150)
    ]


def names_of_one_length(wide: bool) -> list[Frame]:
    """A scene, then credits on black whose lines begin and end at the same places."""
    size, letters = (4, 16) if wide else (3, 9)
    frames = scene(150)
    for y, u, v in frames[20:]:
        y[:], u[:], v[:] = 16, 128, 128
        for line in range(3):
            word = np.concatenate(
                [np.array(list(DIGITS[str(d % 10)]), int).reshape(5, 3) for d in range(letters)], 1
            )
            bits = np.pad(word.reshape(5, letters, 3), ((0, 0), (0, 0), (0, 1))).reshape(5, -1)
            ink = bits.repeat(size, 0).repeat(size, 1)
            top, left = 48 + 12 * size * line // 2, (WIDTH - ink.shape[1]) // 2
            y[top : top + ink.shape[0], left : left + ink.shape[1]] += (200 * ink).astype(np.uint8)
    return frames


def subtitled() -> list[Frame]:
    frames = [framed(frame, 0, 0, 40, 40) for frame in scene(150)]
    for y, _, _ in frames[50:90]:
        y[150:160, 20:300:4] = 235
    return frames


NO_BORDERS: Mapping[str, list[Picture]] = {
    "a scene": played(scene(150)),
    "a dark vignette": played(vignette(0.3)),
    "a vignette": played(vignette(1.0)),
    "a night with a black sky": played(night()),
    "a fade from black": played(from_black()),
    "black": shown(16, count=150),
    "credits": played(text_on_black()),
    "credits of names of one length": played(names_of_one_length(False)),
    "wide credits of lines of one length": played(names_of_one_length(True)),
    "rolling credits": played(text_on_black(rolling=True)),
    "a bar of a hundredth": played([framed(frame, 2, 2, 3, 3) for frame in scene(150)]),
    "a dark scene": played([dim(frame, 0.1) for frame in scene(150)]),
}


@pytest.mark.parametrize("pictures", NO_BORDERS.values(), ids=NO_BORDERS.keys())
def test_what_is_no_border(pictures: list[Picture]) -> None:
    assert events(pictures, only("borders")) == ()


def test_words_across_the_edge_of_a_bar_do_not_end_it() -> None:
    [event] = events(played(subtitled()), only("borders"))
    assert times([event]) == [(0.0, 6.0)]


@pytest.mark.parametrize("cuts", [[], [1], [10, 11, 40], list(range(1, 60, 7))])
def test_held_borders_equal_their_twin_however_they_are_fed(cuts: list[int]) -> None:
    random = np.random.default_rng(3)
    bars = random.choice([0.0, 2.0, 24.0, 60.0, np.nan], (60, 4), p=[0.5, 0.1, 0.15, 0.05, 0.2])
    derivation = BorderDerivation()
    parts = [
        derivation.columns({f"{side}_bar": bars[a:b, n] for n, side in enumerate(SIDES)})
        for a, b in pairwise([0, *cuts, 60])
    ]
    found = {name: np.concatenate([part[name] for part in parts]) for name in BORDER_COLUMNS}
    held, first = np.full(4, np.nan), np.full(4, np.nan)
    for n, row in enumerate(bars):
        new = np.isfinite(row) & np.isnan(first)
        first[new] = held[new] = row[new]
        changed = np.isfinite(row) & (abs(row - held) > 4)
        held = np.where(changed, row, held)
        assert [found[f"border_{side}"][n] for side in SIDES] == pytest.approx(held, nan_ok=True)
        gone = abs(held - first)
        assert found["border_moved"][n] == (np.nanmax(gone) if np.isfinite(gone).any() else 0.0)
