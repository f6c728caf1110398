"""Hold: worked by hand at every boundary, and the same spans however the rows come."""

from __future__ import annotations

from itertools import accumulate, chain, cycle, islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.hold import Hold, Lane, Span

NTSC_S = 1001 / 30000


def lane(
    marks: str, step_s: float = 1.0, *, start_s: float = 0.0, overlap_s: float = 0.0, name: str = ""
) -> Lane:
    """Rows from a word: ``.`` good, ``x`` bad, ``|`` good and breaks, ``!`` bad and breaks, ``_`` no row.

    Times are added up one by one, as a decoder does it. ``overlap_s``: each row begins that early.
    """
    times, at = [], start_s
    for _ in marks:
        times.append((at - overlap_s, at + step_s))
        at += step_s
    rows = [(*time, mark) for time, mark in zip(times, marks, strict=True) if mark != "_"]
    return Lane(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array([row[2] in "x!" for row in rows], bool),
        {"level": np.array([float(n) for n in range(len(rows))])},
        np.array([row[2] in "|!" for row in rows], bool) if set(marks) & set("|!") else None,
        name,
    )


def part(whole: Lane, first: int, stop: int) -> Lane:
    """Some rows of a lane."""
    return Lane(
        whole.start_s[first:stop],
        whole.end_s[first:stop],
        whole.bad[first:stop],
        {name: values[first:stop] for name, values in whole.facts.items()},
        None if whole.breaks is None else whole.breaks[first:stop],
        whole.name,
    )


def spans(hold: Hold, *lanes: Lane) -> list[Span]:
    return [span for one in lanes for span in hold.feed(one)] + hold.finish(lanes[-1].name if lanes else "")


EXAMPLES = {
    # word: (min_s, recover_s, merge_s), spans
    "nothing wrong": (".......", (2, 0, 0), []),
    "no row": ("", (0, 0, 0), []),
    "too short by one": (".x...", (2, 0, 0), []),
    "exactly long enough": (".xx..", (2, 0, 0), [(1, 3)]),
    "at the start": ("xx...", (2, 0, 0), [(0, 2)]),
    "at the end": ("...xx", (2, 0, 0), [(3, 5)]),
    "over the whole input": ("xxxxx", (2, 0, 0), [(0, 5)]),
    "a single row, no least": ("..x..", (0, 0, 0), [(2, 3)]),
    "two, apart": ("xx.xx", (2, 0, 0), [(0, 2), (3, 5)]),
    "merged while short": ("x.x..", (3, 0, 1), [(0, 3)]),
    "not merged while short": ("x..x.", (3, 0, 1), []),
    "merged once long": ("xxx.xx", (3, 0, 1), [(0, 6)]),
    "recovery does not help before it is a defect": ("x.x.x.x", (2, 5, 0), []),
    "recovery holds it once it is one": ("xx.x.x...", (2, 1, 0), [(0, 6)]),
    "recovered": ("xx..xx", (2, 1, 0), [(0, 2), (4, 6)]),
    "the longer of merge and recovery": ("xx..x....", (2, 1, 2), [(0, 5)]),
    "good time after it is not part of it": ("xx.....", (2, 4, 0), [(0, 2)]),
    "ends within the recovery": ("xx..", (2, 10, 10), [(0, 2)]),
    "a break ends it": ("xx|xx", (2, 9, 9), [(0, 2), (3, 5)]),
    "a bad row that breaks ends it": ("xx!xx", (2, 9, 9), [(0, 2), (3, 5)]),
    "a break at the end": ("xx|", (2, 9, 9), [(0, 2)]),
    "breaks alone": ("|!|!", (0, 9, 9), []),
    "a break in the good time": ("xx.|.xx", (2, 9, 9), [(0, 2), (5, 7)]),
    "a break leaves too little on both sides": ("x|x", (2, 9, 9), []),
    "a hole divides": ("xx__xx", (2, 0, 0), [(0, 2), (4, 6)]),
    "a hole is bridged as good time is": ("xx__xx", (2, 2, 0), [(0, 6)]),
    "a hole in good time": ("xx.__.xx", (2, 2, 0), [(0, 2), (6, 8)]),
}


@pytest.mark.parametrize(("word", "times", "expected"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_worked_by_hand(
    word: str, times: tuple[float, float, float], expected: list[tuple[float, float]]
) -> None:
    found = spans(Hold(*times), lane(word))
    assert [(span.start_s, span.end_s) for span in found] == expected


@pytest.mark.parametrize("step_s", [NTSC_S, 1001 / 24000, 0.04, 0.1, 0.01, 1 / 3])
@pytest.mark.parametrize("rows", [1, 7, 60, 599])
@pytest.mark.parametrize("start_s", [0.0, 3599.7])
def test_the_least_time_is_met_by_sums_of_floats(step_s: float, rows: int, start_s: float) -> None:
    word = "." + rows * "x" + "."
    exact = Hold(rows * step_s, 0, 0)
    assert [span.rows for span in spans(exact, lane(word, step_s, start_s=start_s))] == [rows]
    longer = Hold((rows + 0.5) * step_s, 0, 0)
    assert spans(longer, lane(word, step_s, start_s=start_s)) == []


@pytest.mark.parametrize("step_s", [NTSC_S, 0.04, 0.1])
def test_recovery_and_merge_are_met_by_sums_of_floats(step_s: float) -> None:
    bridged = spans(Hold(0, 6 * step_s, 0), lane("xxx......xxx", step_s))
    assert [span.rows for span in bridged] == [6]
    ended = spans(Hold(0, 5.5 * step_s, 0), lane("xxx......xxx", step_s))
    assert [span.rows for span in ended] == [3, 3]


def test_facts_are_gathered_over_bad_rows_by_their_duration() -> None:
    rows = Lane(
        np.array([0.0, 1.0, 2.0, 5.0]),
        np.array([1.0, 2.0, 5.0, 6.0]),
        np.array([True, False, True, False]),
        {"level": np.array([-40.0, 99.0, -80.0, 99.0])},
        name="FL",
    )
    (span,) = spans(Hold(0, 1, 1), rows)
    assert span.mean["level"] == pytest.approx((-40 * 1 + -80 * 3) / 4)
    assert (span.low["level"], span.high["level"]) == (-80, -40)
    assert (span.rows, span.duration_s, span.name) == (2, 5.0, "FL")


def test_an_instant_is_a_span_without_length() -> None:
    (span,) = spans(
        Hold(0, 0, 0), Lane(np.array([2.0]), np.array([2.0]), np.array([True]), {"a": np.ones(1)})
    )
    assert (span.start_s, span.end_s, span.mean["a"]) == (2.0, 2.0, 1.0)


def test_a_defect_is_told_while_it_lasts() -> None:
    hold = Hold(3, 2, 0)
    told = []
    for n in range(9):
        done = hold.feed(part(lane("xxxx....."), n, n + 1))
        running = hold.ongoing()
        told.append((len(done), None if running is None else running.end_s))
    # It is a defect with its third row; it is over when a next bad row would come too late.
    assert told == [(0, None), (0, None), (0, 3), (0, 4), (0, 4), (0, 4), (0, 4), (1, None), (0, None)]


def test_rows_that_run_back_widen_the_span() -> None:
    rows = Lane(np.array([3.0, 1.0]), np.array([3.5, 1.5]), np.array([True, True]))
    (span,) = spans(Hold(0, 5, 0), part(rows, 0, 1), part(rows, 1, 2))
    assert (span.start_s, span.end_s) == (1.0, 3.5)


def seen(found: list[Span]) -> list[tuple[float, ...]]:
    return [
        (s.start_s, s.end_s, s.rows, round(s.mean["level"], 6), s.low["level"], s.high["level"])
        for s in found
    ]


@settings(max_examples=500, deadline=None)
@given(
    marks=st.lists(st.sampled_from("..xx|!_"), min_size=4, max_size=30),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    holds=st.tuples(*[st.sampled_from([0, 1, 2, 3])] * 3),
    step_s=st.sampled_from([1.0, NTSC_S]),
    overlap=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_blocks_of_any_size_give_the_same_spans(
    marks: list[str], sizes: list[int], holds: tuple[float, float, float], step_s: float, overlap: float
) -> None:
    whole = lane("".join(marks), step_s, overlap_s=overlap * step_s)
    times = [value * step_s for value in holds]
    # The sizes come round and round: with one size of 1, every row is fed alone.
    edges = list(accumulate(chain([0], islice(cycle(sizes), len(whole.bad)))))
    parts = [part(whole, a, b) for a, b in pairwise(edges)]
    assert seen(spans(Hold(*times), *parts)) == seen(spans(Hold(*times), whole))


@settings(max_examples=200, deadline=None)
@given(word=st.text(".x", max_size=60), holds=st.tuples(*[st.sampled_from([0, 1, 2, 3, 7])] * 3))
def test_every_span_begins_and_ends_with_a_bad_row(word: str, holds: tuple[float, float, float]) -> None:
    found = spans(Hold(*holds), lane(word))
    for span in found:
        inside = word[int(span.start_s) : int(span.end_s)]
        assert inside.startswith("x") and inside.endswith("x")
        assert span.duration_s >= holds[0]
        assert span.rows == inside.count("x")
    assert all(a.end_s < b.start_s for a, b in pairwise(found))
