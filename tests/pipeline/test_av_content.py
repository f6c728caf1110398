"""Sound that is apart from what is seen, at known offsets; and content that cannot say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pipeline.checks.av_content import CHECK
from pipeline.checks.contract import Conclusion, NotAssessable, Onsets, Programme
from pipeline.decode.values import Picture
from pipeline.model import CoverageStatus, MediaInfo
from pipeline.series.onsets import Jolts
from tests.pipeline.judging import SIZE, heard, judged, of_check, only

LENGTH_S = 14.0
ROWS, COLUMNS = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]


def moments(
    seed: int, *, shortest_s: float = 0.5, longest_s: float = 1.6, length_s: float = LENGTH_S
) -> np.ndarray:
    """Times at which something happens."""
    gaps = np.random.default_rng(seed).uniform(shortest_s, longest_s, 400 + round(length_s))
    at_s = 0.4 + np.cumsum(gaps)
    return at_s[at_s < length_s - 0.4]


def clapping(at_s: Sequence[float]) -> list[Picture]:
    """Two hands before a swaying ground, under noise: they close within 120 ms and part in 250."""
    random = np.random.default_rng(3)
    grey = np.full((SIZE[0] // 2, SIZE[1] // 2), 128, np.uint8)
    pictures = []
    for n in range(round(LENGTH_S * 25)):
        to = min((at - n / 25 for at in at_s if at > n / 25), default=9.0)
        since = min((n / 25 - at for at in at_s if at <= n / 25), default=9.0)
        gap = 50 * min(1.0, to / 0.12, since / 0.25)
        luma = 100 + 40 * np.sin((COLUMNS + 30 * np.sin(n / 19)) / 31) + random.normal(0, 3, SIZE)
        for side in (-1, 1):
            luma[np.hypot(ROWS - 90, COLUMNS - 160 - side * (14 + gap)) < 14] = 215
        luma8 = np.clip(np.rint(luma), 16, 235).astype(np.uint8)
        pictures.append(Picture("v:0", n / 25, 0.04, luma8, grey, grey, 8, False, n == 0, False))
    return pictures


def claps(at_s: Sequence[float]) -> np.ndarray:
    """Bursts of noise over a floor at -45 dBFS: (1, n)."""
    random = np.random.default_rng(4)
    samples = random.normal(0, 0.0056, round(LENGTH_S * 48_000))
    for at in at_s:
        first = round(at * 48_000)
        burst = random.normal(0, 0.12, 9600) * np.exp(-np.arange(9600) / 1500)
        samples[first : first + 9600] += burst[: len(samples) - first]
    return samples[None]


def bouncing(at_s: Sequence[float], *, level: int = 205) -> list[Picture]:
    """A ball that flies from each hit to the next in a parabola, before a still ground, under noise."""
    random = np.random.default_rng(3)
    grey = np.full((SIZE[0] // 2, SIZE[1] // 2), 128, np.uint8)
    ground = 100 + 30 * np.sin(COLUMNS / 23) * np.cos(ROWS / 17)
    pictures = []
    for n in range(round(LENGTH_S * 25)):
        before = max((at for at in at_s if at <= n / 25), default=-0.8)
        after = min((at for at in at_s if at > n / 25), default=LENGTH_S + 0.8)
        part = (n / 25 - before) / (after - before)
        height = 4 * part * (1 - part) * min(130.0, 190 * (after - before))
        luma = ground + random.normal(0, 1, SIZE)
        luma[np.hypot(ROWS - 165 + height, COLUMNS - 60 - 0.5 * n) < 14] = level
        luma8 = np.clip(np.rint(luma), 16, 235).astype(np.uint8)
        pictures.append(Picture("v:0", n / 25, 0.04, luma8, grey, grey, 8, False, n == 0, False))
    return pictures


SHOWN_S = moments(1)
BOUNCED = bouncing(SHOWN_S)
SHOWN = clapping(SHOWN_S)


@pytest.mark.parametrize("offset_s", [-0.3, 0.25])
def test_claps_that_are_heard_apart(offset_s: float) -> None:
    (event,) = judged([*SHOWN, *heard(claps(SHOWN_S + offset_s))], only("av_content")).events
    assert event.stream == "a:0"
    assert event.value == pytest.approx(offset_s, abs=0.045)
    assert event.evidence["pairs"] >= 8


@pytest.mark.parametrize("offset_s", [-0.3, -0.15, 0.25])
def test_bounces_that_are_heard_apart(offset_s: float) -> None:
    (event,) = judged([*BOUNCED, *heard(claps(SHOWN_S + offset_s))], only("av_content")).events
    assert event.value == pytest.approx(offset_s, abs=0.03)
    assert event.evidence["seen"] == "strike"


@pytest.mark.parametrize("offset_s", [0.0, 0.08])
def test_bounces_in_time_are_clean(offset_s: float) -> None:
    result = judged([*BOUNCED, *heard(claps(SHOWN_S + offset_s))], only("av_content"))
    assert [row.status for row in of_check(result, "av_content")] == [CoverageStatus.CLEAN]


def test_a_ball_under_other_sounds_says_nothing() -> None:
    result = judged([*BOUNCED, *heard(claps(moments(7)))], only("av_content"))
    assert result.events == ()


def test_claps_in_time_are_clean() -> None:
    result = judged([*SHOWN, *heard(claps(SHOWN_S))], only("av_content"))
    assert result.events == ()
    assert [row.status for row in of_check(result, "av_content")] == [CoverageStatus.CLEAN]


OTHER_S = moments(8, length_s=1200)
"""Onsets of another kind, that have nothing to do with what is heard."""


def concluded(
    seen: np.ndarray, told: np.ndarray, end_s: float, strength: Sequence[float] = ()
) -> Sequence[Conclusion | NotAssessable]:
    """What the check concludes from onsets alone."""
    onsets = (
        Onsets("a:0", tuple(told.tolist()), "rise"),
        Onsets("v:0", tuple(seen.tolist()), "jolt", tuple(strength)),
        Onsets("v:0", tuple(OTHER_S[: round(end_s)].tolist()), "strike"),
    )
    programme = Programme(MediaInfo("mov,mp4", None, ()), (), end_s, onsets=onsets)
    assert CHECK.conclude is not None
    return CHECK.conclude(programme, CHECK.settings())


def shaken(at_s: np.ndarray, seed: int = 9) -> np.ndarray:
    return np.asarray(at_s + np.random.default_rng(seed).uniform(-0.02, 0.02, len(at_s)))


@pytest.mark.parametrize(
    ("offset_s", "count"), [(0.0, 0), (0.14, 0), (0.16, 1), (-0.06, 0), (-0.08, 1), (0.8, 1), (-0.8, 1)]
)
def test_the_limits(offset_s: float, count: int) -> None:
    at_s = moments(2, length_s=60)
    assert len(concluded(at_s, at_s + offset_s, 60.0)) == count


@pytest.mark.parametrize(
    ("meets", "told"), [(3.0, [0.3]), (1.0, [])], ids=["they jolt most where they meet", "equal jolts"]
)
def test_hands_set_out_meet_and_come_to_rest(meets: float, told: list[float]) -> None:
    at_s = moments(11, length_s=60)
    seen = np.concatenate([at_s - 0.16, at_s, at_s + 0.4])
    strength = np.repeat([1.0, meets, 1.0], len(at_s))
    order = np.argsort(seen)
    said = concluded(seen[order], at_s + 0.3, 60.0, strength[order])
    values = [one.finding.value for one in said if isinstance(one, Conclusion)]
    assert values == pytest.approx(told, abs=0.01)


def test_half_of_what_is_heard_may_be_out_of_sight() -> None:
    at_s = moments(12, length_s=60)
    (said,) = concluded(at_s[::2], at_s + 0.3, 60.0)
    assert isinstance(said, Conclusion)
    assert said.finding.value == pytest.approx(0.3, abs=0.01)


UNTELLING: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "nothing alike": lambda: (moments(3, length_s=60), moments(4, length_s=60)),
    "few pairs": lambda: (moments(3, length_s=5), moments(3, length_s=5) + 0.3),
    "a beat": lambda: (np.arange(1, 60, 0.5), np.arange(1, 60, 0.5) + 0.2),
    "music under a few events": lambda: (moments(5, length_s=60), np.arange(1, 60, 0.25)),
    "nothing at all": lambda: (np.zeros(0), np.zeros(0)),
}


@pytest.mark.parametrize("case", UNTELLING.values(), ids=UNTELLING.keys())
def test_what_cannot_be_told(case: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
    (said,) = concluded(*case(), 60.0)
    assert isinstance(said, NotAssessable)


def test_each_part_is_judged_and_drift_is_told() -> None:
    at_s = moments(6, length_s=1200)[:1200]
    end_s = float(at_s[-1])
    told = concluded(at_s, shaken(at_s + 0.0003 * np.maximum(at_s - 300, 0)), end_s)
    first, *_ = [one for one in told if isinstance(one, Conclusion)]
    assert first.start_s >= 300.0
    assert abs(float(first.finding.evidence["drift_ms_a_minute"])) > 10


@pytest.mark.parametrize("size", [1, 3, 50])
def test_jolts_do_not_hang_on_how_blocks_fall(size: int) -> None:
    thumbs = np.random.default_rng(5).integers(0, 60_000, (50, 3, 18, 32)).astype(np.uint16)
    jolts = Jolts()
    parts = [jolts.columns(thumbs[n : n + size]) for n in range(0, 50, size)]
    for name, whole in Jolts().columns(thumbs).items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), whole)
