"""The figures, on small cases whose answer is known, and on detectors that must score badly."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from evals.detect.scoring import alarms, f1_of, score
from evals.detect.values import Found, Result
from tests.evals.results import event, result, truth


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((4, 4, 4, 0), 1.0),
        ((2, 4, 2, 0), 2 / 3),  # precision 1, recall 1/2
        ((4, 4, 4, 4), 2 / 3),  # precision 1/2, recall 1
        ((3, 4, 3, 1), 0.75),
        ((0, 4, 0, 0), 0.0),
        ((0, 4, 0, 9), 0.0),
    ],
)
def test_f1(counts: tuple[int, int, int, int], expected: float) -> None:
    assert f1_of(*counts) == pytest.approx(expected)


def test_f1_without_a_truth_is_unknown() -> None:
    assert math.isnan(f1_of(0, 0, 0, 3))


def clips(detect: Callable[[Result], list[Found]], defects: int = 10, clean: int = 30) -> list[Result]:
    """Clips with a black of 3 s, and clips without, as seen by a detector."""
    made = [result(f"test/black/clear/h264/{n}", truths=[truth(5 + n, 8 + n)]) for n in range(defects)]
    made += [result(f"test/clean/{n}") for n in range(clean)]
    return [Result(item.fixture, tuple(detect(item))) for item in made]


def perfect(made: Result) -> list[Found]:
    return [event(t.start_s, t.end_s) for t in made.fixture.truths]


def always(made: Result) -> list[Found]:
    return [event(0.0, made.fixture.duration_s, floor="major")]


def never(made: Result) -> list[Found]:
    return []


def test_a_perfect_detector() -> None:
    seen = clips(perfect)
    found = score(seen, "black")
    assert (found.precision.value, found.recall.value, found.f1.value) == (1.0, 1.0, 1.0)
    assert (found.onset_s, found.end_s, found.alarms_per_defect) == ((0.0, 0.0), (0.0, 0.0), 1.0)
    assert (found.misses, found.false_alarms) == ((), ())
    # Ten of ten is no proof of perfection: Wilson's interval says so.
    assert found.recall.low == pytest.approx(0.722, abs=0.001)
    clean = alarms(seen, ["black"])
    assert (clean.count, clean.rate_per_hour.value) == (0, 0.0)
    assert clean.rate_per_hour.high == pytest.approx(3.689 / clean.hours, abs=0.01)


def test_a_detector_that_always_fires_scores_badly() -> None:
    seen = clips(always)
    found = score(seen, "black")
    assert found.precision.value == 0.25
    assert found.f1.value == pytest.approx(0.4)
    assert found.f1.high < 0.9
    assert found.onset_s[0] > 5
    clean = alarms(seen, ["black"])
    assert clean.rate_per_hour.low > 1
    assert clean.count == 30


def test_a_detector_that_never_fires_scores_badly() -> None:
    found = score(clips(never), "black")
    assert (found.recall.value, found.f1.value, len(found.misses)) == (0.0, 0.0, 10)
    assert math.isnan(found.onset_s[0])


def test_the_interval_covers_the_figure_and_narrows_with_clips() -> None:
    def half(made: Result) -> list[Found]:
        number = int(made.fixture.recipe.id.rpartition("/")[2])
        return perfect(made) if number % 2 else []

    few, many = score(clips(half, 10), "black").f1, score(clips(half, 200), "black").f1
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low


def test_only_severe_incidents_of_clean_clips_count_by_the_hour() -> None:
    seen = [
        result(
            "test/clean/0", found=[event(1, 2), event(5, 6, floor="major"), event(8, 9, "freeze", "major")]
        ),
        result("test/clean/1", found=[]),
        result("test/black/clear/h264/0", truths=[truth(1, 4)], found=[event(20, 21, floor="critical")]),
    ]
    clean = alarms(seen, ["black", "freeze"])
    assert (clean.count, clean.any_count) == (2, 3)
    assert clean.hours == pytest.approx(60 / 3600)


def test_events_of_one_incident_are_one_alarm() -> None:
    together = [event(1, 2, floor="major"), event(1, 2, floor="major")]
    assert alarms([result("test/clean/0", found=together)], ["black"]).count == 1
