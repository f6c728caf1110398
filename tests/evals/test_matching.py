"""The matching of events and truths, on examples worked by hand."""

from __future__ import annotations

import pytest

from evals.detect.matching import compare, matches
from evals.detect.values import Allowed
from tests.evals.results import event, result, truth


@pytest.mark.parametrize(
    ("found", "slack_s", "expected"),
    [
        ((10.0, 14.0), 0.0, True),  # the same
        ((12.0, 20.0), 0.0, True),  # 2 s shared of 4
        ((12.1, 20.0), 0.0, False),  # 1.9 s of 4
        ((12.1, 20.0), 0.1, True),  # within the slack
        ((11.0, 11.5), 0.0, True),  # the event is the shorter, and inside
        ((9.5, 10.5), 0.0, True),  # half of the event
        ((9.4, 10.4), 0.0, False),
        ((14.0, 18.0), 0.0, False),  # they touch
        ((0.0, 99.0), 0.0, True),  # all of it: precision and onset must punish that
        ((10.0, 10.0), 0.0, True),  # an event without a length, inside
        ((14.5, 14.5), 0.0, False),
    ],
)
def test_half_of_the_shorter_must_be_shared(
    found: tuple[float, float], slack_s: float, expected: bool
) -> None:
    assert matches(truth(10.0, 14.0), event(*found), slack_s) is expected


def test_a_point_matches_what_covers_it() -> None:
    click = truth(5.0, 5.00002, "dropout", "a:0")
    assert matches(click, event(5.0, 5.01), 0.02)
    assert matches(click, event(4.985, 4.995), 0.02)
    assert not matches(click, event(4.9, 4.95), 0.02)


def test_each_event_and_truth_is_judged_once() -> None:
    made = result(
        truths=[truth(10, 14), truth(20, 24), truth(30, 34)],
        found=[event(10.2, 12), event(12.5, 14.1), event(20, 24), event(26, 28), event(40, 44)],
        allowed=[Allowed("black", 25, 29)],
    )
    outcome = compare(made, "black")
    assert [hit.truth.start_s for hit in outcome.hits] == [10, 20]
    assert [miss.start_s for miss in outcome.missed] == [30]
    assert [item.start_s for item in outcome.right] == [10.2, 12.5, 20]
    assert [item.start_s for item in outcome.false] == [40]
    assert [item.start_s for item in outcome.allowed] == [26]
    first = outcome.hits[0]
    assert first.onset_error_s == pytest.approx(0.2)
    assert first.end_error_s == pytest.approx(0.1)


def test_other_checks_are_left_out() -> None:
    made = result(truths=[truth(1, 3, "silence", "a:0")], found=[event(1, 3, "silence"), event(1, 3)])
    assert compare(made, "black").false == (made.found[1],)
    assert compare(made, "silence").false == ()


def test_an_event_is_allowed_where_most_of_it_is() -> None:
    allowed = [Allowed("black", 2, 3)]
    within, beyond = event(2.4, 3.5), event(2.6, 4.0)
    outcome = compare(result(found=[within, beyond], allowed=allowed), "black")
    assert (outcome.allowed, outcome.false) == ((within,), (beyond,))
