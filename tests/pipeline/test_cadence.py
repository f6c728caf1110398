"""Repeated, missing and unevenly timed pictures; and all that repeats, jumps or varies by right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.model import MediaInfo, StreamInfo
from pipeline.series.cadence import CADENCE_COLUMNS, Cadence
from tests.pipeline.judging import SIZE, events, judged, of_check, only, times

ROWS, COLUMNS = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
WORLD = np.random.default_rng(4).normal(0, 20, (SIZE[0] // 4, 400)).repeat(4, 0).repeat(4, 1)


def scene(at: float, *, speed: float = 2.0, seed: int = 0) -> np.ndarray:
    """A pan over a textured world, with a ball that crosses it, ``at`` pictures from its start."""
    x = 200 * seed + speed * at
    left = int(x)
    ground = WORLD[:, left : left + SIZE[1]] * (left + 1 - x) + WORLD[:, left + 1 : left + 1 + SIZE[1]] * (
        x - left
    )
    ball = np.hypot(ROWS - 90 - 40 * np.sin(at / 9), COLUMNS - 160 - 100 * np.cos(at / 14)) < 14
    return np.where(ball, 210, 110 + ground)


def film(
    indices: Sequence[float],
    draw: Callable[[float], np.ndarray] = scene,
    *,
    rate: float = 25.0,
    at_s: Sequence[float] | None = None,
    grain: float = 0.3,
) -> list[Picture]:
    """Pictures that show the moments ``indices``, under the noise of coding."""
    random = np.random.default_rng(7)
    grey = np.full((SIZE[0] // 2, SIZE[1] // 2), 128, np.uint8)
    starts = [n / rate for n in range(len(indices))] if at_s is None else at_s
    return [
        Picture(
            "v:0",
            start_s,
            1 / rate,
            np.clip(np.rint(draw(index) + random.normal(0, grain, SIZE)), 16, 235).astype(np.uint8),
            grey,
            grey,
            8,
            False,
            n == 0,
            False,
        )
        for n, (index, start_s) in enumerate(zip(indices, starts, strict=True))
    ]


EVEN = list(range(120))


def found(pictures: Sequence[Picture]) -> dict[str, list[tuple[float, float]]]:
    """The intervals that each of the two checks tells."""
    checks = ("duplicate_frames", "dropped_frames")
    return {check: times(events(pictures, only(check))) for check in checks}


def held(first: int, stop: int, every: int) -> list[float]:
    """Full motion, but from ``first`` to ``stop`` each picture is shown ``every`` times, in its time."""
    return [first + (n - first) // every * every if first <= n < stop else n for n in EVEN]


STUTTERS = {
    "every other": (held(50, 80, 2), (2.04, 3.2)),
    "two in three": (held(50, 80, 3), (2.04, 3.2)),
    "by chance": ([n - (n in (50, 53, 54, 58, 61, 64, 68, 71)) for n in EVEN], (2.0, 2.88)),
    "seldom, and caught up": ([n - (n in range(50, 90, 9)) for n in EVEN], (2.0, 3.48)),
    "inserted": ([*range(50), *(n for n in range(50, 65) for _ in (0, 1)), *range(65, 105)], (2.04, 3.2)),
}


@pytest.mark.parametrize(("indices", "where"), STUTTERS.values(), ids=STUTTERS.keys())
def test_stutter_is_found(indices: list[float], where: tuple[float, float]) -> None:
    told = found(film(indices))
    assert told["duplicate_frames"] == [pytest.approx(where, abs=0.001)]
    assert told["dropped_frames"] == []


def test_what_the_camera_does_is_not_seen_in_a_strobe() -> None:
    """The light doubles for three pictures in six, four times a second, while the picture stutters."""
    pictures = [
        replace(
            one,
            luma=np.minimum(235, one.luma * (1.8 if 45 <= n < 95 and n % 6 < 3 else 1.0)).astype(np.uint8),
        )
        for n, one in enumerate(film(held(50, 80, 2)))
    ]
    assert found(pictures)["duplicate_frames"] == []


def pulldown(n: int) -> float:
    """24 pictures in 60: three of one, two of the next."""
    return n // 5 * 2 + (n % 5 >= 3)


def cut_at(at: int, before: Callable[[int], float], after: Callable[[int], float]) -> list[Picture]:
    """Two shots that have each their own cadence."""
    first = film([before(n) for n in range(at)])
    sides = np.where(COLUMNS < 160, 50, -50)
    second = film([after(n) for n in range(120 - at)], lambda moment: scene(moment, seed=1) + sides)
    return [*first, *(replace(one, start_s=one.start_s + at / 25) for one in second)]


RIGHT = {
    "full motion": film(EVEN),
    "24 in 30": film([n - n // 5 for n in EVEN], rate=30),
    "24 in 60": film([pulldown(n) for n in range(200)], rate=60),
    "25 in 50": film([n // 2 for n in range(160)], rate=50),
    "on twos": film([n // 2 for n in EVEN]),
    "on threes": film([n // 3 * 1.5 for n in EVEN]),
    "on twos and threes": film([n // 5 * 2 + (n % 5 >= 2) for n in EVEN]),
    "16 in 25": film([int(n * 0.653) for n in EVEN]),
    "full motion, then on twos behind a cut": cut_at(60, lambda n: n, lambda n: n // 2),
    "telecine with another phase behind a cut": cut_at(63, lambda n: n - n // 5, lambda n: n - (n + 2) // 5),
    "a single repeat": film([n - (n == 60) for n in EVEN]),
    "two repeats, a second apart": film([n - (n in (50, 75)) for n in EVEN]),
    "a freeze": film([50 if 50 <= n < 110 else n for n in EVEN]),
    "a slow pan": film(EVEN, lambda n: scene(n, speed=0.1)),
    "a fade": film(EVEN, lambda n: 16 + (scene(n) - 16) * min(1.0, abs(n - 60) / 40)),
    "flashes": film(EVEN, lambda n: scene(n) + 60 * (n % 20 == 7)),
    "cuts": film(EVEN, lambda n: scene(n, seed=int(n // 17) % 5)),
    "a shaking camera": film(EVEN, lambda n: scene(40 + 6 * np.sin(n * 1.9) + 5 * np.sin(n * 0.83))),
    "speeding up": film([n * n / 160 for n in EVEN]),
    "slowing down": film([n - n * n / 300 for n in EVEN]),
    "a time-lapse": film(EVEN, lambda n: scene(0) + 25 * np.sin(COLUMNS / 40 + n * n % 7)),
    "stop and go": film(np.cumsum([(n // 12) % 2 for n in EVEN]).tolist()),
    "moved by pairs of samples": film([n * 1.2 // 1 for n in EVEN], lambda n: scene(n, speed=2.0)),
    "a whip pan": film(np.cumsum([8 if 58 <= n < 62 else 1 for n in EVEN]).tolist()),
    "a still that its coder refreshes": film(
        [n - n % 4 for n in EVEN],
        lambda n: scene(0) + np.random.default_rng(int(n)).normal(0, 1, SIZE),
        grain=0,
    ),
    "a man who talks": film([0] * 120, lambda n: scene(0), grain=0.6),
}


@pytest.mark.parametrize("pictures", RIGHT.values(), ids=RIGHT.keys())
def test_what_repeats_or_moves_by_right(pictures: list[Picture]) -> None:
    assert found(pictures) == {"duplicate_frames": [], "dropped_frames": []}


def without(*lost: int) -> list[int]:
    return [n for n in range(130) if n not in lost]


def test_jumps_are_found_when_stamps_are_laid_anew() -> None:
    told = found(film(without(*range(50, 80, 4)), lambda n: scene(n, speed=4.0)))
    assert told == {"duplicate_frames": [], "dropped_frames": [pytest.approx((2.0, 2.88), abs=0.001)]}


def test_large_jumps_of_a_slow_camera_are_found() -> None:
    """Three pictures lost each time, where the camera goes by less than a sample a picture."""
    ahead = np.cumsum([4 if n in (50, 58, 65, 74, 80) else 1 for n in EVEN])
    told = found(film(ahead.tolist(), lambda n: scene(n, speed=0.8)))
    assert told == {"duplicate_frames": [], "dropped_frames": [pytest.approx((2.0, 3.24), abs=0.001)]}


def test_a_jump_is_no_cut() -> None:
    """Ten pictures lost at once change as much as another shot does, and are two sights of one scene."""
    ahead = np.cumsum([10 if n in (50, 58, 65, 74, 80) else 1 for n in EVEN])
    told = found(film(ahead.tolist(), lambda n: scene(n, speed=3.0)))
    assert told["dropped_frames"] == [pytest.approx((2.0, 3.24), abs=0.001)]


def test_holes_are_found_from_the_first_missing_picture() -> None:
    shown = without(50, 54, 58, 59, 63, 67)
    pictures = film(shown, at_s=[n / 25 for n in shown])
    assert found(pictures) == {"duplicate_frames": [], "dropped_frames": [pytest.approx((2.0, 2.76))]}
    (event,) = events(pictures, only("dropped_frames"))
    assert (event.value, event.evidence["kind"]) == (5, "holes in the time stamps")


@pytest.mark.parametrize(("lost", "where"), [(2, []), (3, [(2.0, 2.16)]), (5, [(2.0, 2.24)]), (6, [])])
def test_one_hole_is_a_defect_when_it_is_large(lost: int, where: list[tuple[float, float]]) -> None:
    """Until it is a gap in the time stamps, which another check tells of."""
    shown = without(*range(50, 50 + lost))
    assert found(film(shown, at_s=[n / 25 for n in shown]))["dropped_frames"] == where


def test_nothing_is_lost_where_nothing_moves() -> None:
    """A recorder of screens that leaves out what did not change."""
    shown = without(*range(50, 80, 4))
    still = film(shown, lambda n: scene(0), at_s=[n / 25 for n in shown])
    assert found(still)["dropped_frames"] == []


def test_a_rate_that_was_never_even_has_no_holes() -> None:
    steps = np.random.default_rng(3).choice([0.02, 0.04, 0.07, 0.1], 120)
    at_s = np.cumsum(steps)
    assert found(film((at_s * 25).tolist(), at_s=at_s.tolist()))["dropped_frames"] == []


@pytest.mark.parametrize("size", [1, 7, 250])
def test_columns_do_not_hang_on_how_blocks_fall(size: int) -> None:
    random = np.random.default_rng(5)
    count = 90
    names = ("change_mean", "luma_mean", "shift_x", "shift_y", "shift_fit")
    measured = {name: random.uniform(0, 8, count) for name in names}
    cut = np.arange(count) == 40
    steps = np.full(count, 0.04)
    start_s = np.cumsum(steps)

    def columns(block: int) -> dict[str, np.ndarray]:
        cadence = Cadence()
        cuts = [slice(n, n + block) for n in range(0, count, block)]
        parts = [
            cadence.columns(
                start_s[c], steps[c], steps[c], cut[c], {name: measured[name][c] for name in names}
            )
            for c in cuts
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in CADENCE_COLUMNS}

    whole, pieces = columns(count), columns(size)
    for name in CADENCE_COLUMNS:
        np.testing.assert_array_equal(whole[name], pieces[name], err_msg=name)


def rated(steps: Sequence[float], declared: float | None) -> dict[str, list[tuple[str, tuple[float, float]]]]:
    """What is told of the rate of pictures that come with these steps."""
    at_s = [0.0, *np.cumsum(steps).tolist()]
    media = MediaInfo("matroska", None, (StreamInfo("v:0", "h264", SIZE[1], SIZE[0], declared),))
    pictures = film([0] * len(at_s), lambda n: np.full(SIZE, 90.0), rate=declared or 25.0, at_s=at_s)
    result = judged(pictures, only("frame_rate"), media=media)
    told = [(str(e.evidence["kind"]), (round(e.start_s, 2), round(e.end_s or 0, 2))) for e in result.events]
    return {str(of_check(result, "frame_rate")[0].status): told}


@pytest.mark.parametrize(
    ("steps", "declared"),
    [
        ([0.04] * 200, 25.0),
        (np.diff(np.round(np.arange(260) * 1001 / 30, 0) / 1000).tolist(), 29.97),
        ([0.0416] * 200, 24.0),
        ([0.04] * 60 + [0.6] + [0.04] * 150 + [0.04, 0.08] * 8 + [0.04] * 60, 25.0),
    ],
    ids=["even", "milliseconds", "within a percent", "a hole and a few"],
)
def test_a_rate_as_declared(steps: list[float], declared: float) -> None:
    assert rated(steps, declared) == {"clean": []}


def test_another_rate_than_declared() -> None:
    (kind, where), *rest = rated([0.04] * 200, 24.0)["failed"]
    assert (kind, rest) == ("another rate than declared", [])
    assert where == (1.92, 8.04)


def test_a_rate_that_varies() -> None:
    steps = [0.04] * 100 + np.random.default_rng(2).choice([0.02, 0.05, 0.09], 160).tolist()
    ((kind, where),) = rated(steps, 25.0)["failed"]
    assert kind == "the rate varies"
    assert 4.0 < where[0] < 4.8


def test_a_rate_that_always_varied_is_meant() -> None:
    steps = np.random.default_rng(2).choice([0.02, 0.05, 0.09], 160).tolist()
    assert rated(steps, 25.0) == {"clean": []}


def test_the_mean_of_a_file_is_no_declared_rate() -> None:
    assert rated([0.04] * 200, 24.37) == {"clean": []}


def test_a_rate_that_nobody_declared() -> None:
    assert rated([0.04] * 200, None) == {"not_assessable": []}
