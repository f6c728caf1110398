"""What another profile changes, as pairs of events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.report.changes import compare
from pipeline.model import DefectEvent
from tests.agent.stored import BLACK, SILENCE


def _at(start_s: float, end_s: float | None, like: DefectEvent = BLACK) -> DefectEvent:
    return replace(like, id=f"{like.check}{start_s}", start_s=start_s, end_s=end_s)


@pytest.mark.parametrize(
    ("before", "after", "gained", "lost", "moved", "unchanged"),
    [
        ([], [], 0, 0, 0, 0),
        ([_at(1, 3)], [_at(1, 3)], 0, 0, 0, 1),
        ([], [_at(1, 3)], 1, 0, 0, 0),
        ([_at(1, 3)], [], 0, 1, 0, 0),
        ([_at(1, 3)], [_at(1, 4)], 0, 0, 1, 0),
        ([_at(1, 3)], [_at(3, 4)], 0, 0, 1, 0),
        ([_at(1, 3)], [_at(3.5, 4)], 1, 1, 0, 0),
        ([_at(1, 3)], [_at(1, 3, SILENCE)], 1, 1, 0, 0),
        ([_at(1, 9)], [_at(1, 3), _at(5, 9)], 1, 0, 1, 0),
        ([_at(1, 9), _at(2, 3)], [_at(2, 3)], 0, 1, 0, 1),
        ([_at(1, None)], [_at(1, None)], 0, 0, 0, 1),
        ([_at(1, None)], [_at(1, 3)], 0, 0, 1, 0),
        ([_at(1, 3)], [_at(1.0004, 3)], 0, 0, 0, 1),
    ],
)
def test_events_are_paired_by_check_stream_and_time(
    before: list[DefectEvent], after: list[DefectEvent], gained: int, lost: int, moved: int, unchanged: int
) -> None:
    found = compare(before, after)
    counts = (len(found.gained), len(found.lost), len(found.moved), found.unchanged)
    assert counts == (gained, lost, moved, unchanged)
    assert bool(found) is bool(gained or lost or moved)
