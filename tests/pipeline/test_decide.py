"""What the decider makes of findings: ids, ends, and a word on every check and stream."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.checks import CHECKS
from pipeline.decide import Decider
from pipeline.model import CoverageStatus, EventState, Fault, FaultKind, MediaInfo, ScanResult, StreamInfo
from pipeline.profile import load_profile
from pipeline.scan import Measured
from tests.pipeline.judging import Items, heard, judged, noise, of_check, only, shown


def healthy() -> Items:
    return [*shown(np.linspace(40, 200, 320), count=75), *heard(noise(-25, 3))]


def test_every_check_is_spoken_of_for_every_stream_that_it_needs() -> None:
    result = judged([*healthy(), *heard(noise(-25, 3), stream="a:1")], load_profile())
    spoken = {(row.check, row.stream) for row in result.coverage}
    assert len(spoken) == len(result.coverage)
    for check in CHECKS.values():
        streams = {
            "video": {"v:0"},
            "audio": {"a:0", "a:1"},
            "media": {"*"},
        }
        assert {s for c, s in spoken if c == check.id} == set().union(
            *(streams[need] for need in check.needs)
        )


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_that_is_turned_off_says_so(check: str) -> None:
    result = judged(healthy(), only("black" if check != "black" else "silence"))
    (row,) = {row.reason for row in of_check(result, check)}
    assert row == "turned off in the profile"


def test_without_a_track_nothing_can_be_said() -> None:
    (row,) = of_check(judged(heard(noise(-25, 3)), load_profile()), "black")
    assert (row.stream, row.status, row.reason) == ("*", "not_assessable", "there is no video track")
    (row,) = of_check(judged(shown(100, count=60), load_profile()), "silence")
    assert row.reason == "there is no audio track"


def test_a_track_shorter_than_a_defect_cannot_be_judged() -> None:
    result = judged(shown(100, count=20), load_profile())
    assert of_check(result, "black")[0].reason == "the track is shorter than the 2 s that make a defect"
    assert of_check(result, "solid_color")[0].status is not CoverageStatus.NOT_ASSESSABLE


def test_a_declared_track_without_samples_cannot_be_judged() -> None:
    media = MediaInfo("mov,mp4", 3.0, (StreamInfo("v:0", "h264"), StreamInfo("a:0", "aac", channels=2)))
    result = judged(heard(noise(-25, 3)), load_profile(), media=media)
    assert of_check(result, "black")[0].reason == "no picture could be decoded"
    assert of_check(result, "missing_track")[0].status is CoverageStatus.FAILED


def test_failed_coverage_goes_with_events() -> None:
    result = judged([*shown(16, count=75), *heard(noise(-25, 3))], load_profile())
    failed = {(row.check, row.stream) for row in result.coverage if row.status is CoverageStatus.FAILED}
    assert failed == {(event.check, event.stream) for event in result.events} == {("black", "v:0")}


def test_events_are_resolved_and_in_order() -> None:
    result = judged([*shown(16, count=75), *heard(np.zeros((2, 144_000)))], load_profile())
    assert [event.check for event in result.events] == ["black", "silence"]
    assert all(event.state is EventState.RESOLVED for event in result.events)
    assert {(event.start_s, event.end_s) for event in result.events} == {(0.0, 3.0)}


def ids(result: ScanResult) -> list[str]:
    return [event.id for event in result.events]


def test_ids_are_the_same_on_every_run() -> None:
    items = [*shown(16, count=75), *heard(np.zeros((2, 144_000)))]
    assert ids(judged(items, load_profile())) == ids(judged(items, load_profile()))


def test_ids_differ_by_input_check_stream_and_channel() -> None:
    dead = noise(-25, 8)
    dead[1] = 0
    other = noise(-25, 8)
    other[0] = 0
    items = [*heard(dead), *heard(other, stream="a:1")]
    assert len(set(ids(judged(items, only("channel_silence"))))) == 2


def test_defects_within_a_tenth_of_a_second_are_all_kept() -> None:
    faults = [Fault(FaultKind.DECODE_ERROR, "v:0", 1 + n / 100, 1 + n / 100, "") for n in range(5)]
    result = judged([*shown(100, count=75), *faults], only("decode_error", recover_s=0.0))
    assert len(result.events) == len(set(ids(result))) == 5


def test_what_a_stopped_scan_covered_is_told() -> None:
    result = judged(shown(16, count=75), load_profile(), complete=False)
    assert result.interrupted
    assert result.covered_s == 3.0
    assert [event.check for event in result.events] == ["black"]
    assert {row.end_s for row in result.coverage} == {3.0}


def test_an_empty_programme_is_no_health() -> None:
    decider = Decider(load_profile(), "x")
    media = MediaInfo("mov,mp4", 3.0, (StreamInfo("v:0", "h264"),))
    events, coverage = decider.finish(Measured(media).programme())
    assert [event.check for event in events] == ["missing_track"]
    assert {row.status for row in coverage if row.stream == "v:0"} == {CoverageStatus.NOT_ASSESSABLE}
