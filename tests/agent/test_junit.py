"""The JUnit document, read back with a real parser."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

import pytest

from agent.report.junit import render_junit
from agent.verdict import Action, Assessment, Intent, Route, Severity, Verdict
from pipeline.model import (
    Cause,
    Coverage,
    CoverageStatus,
    DefectEvent,
    EventState,
    Incident,
    ScanResult,
    ScanStatus,
    Timing,
)

BLACK = DefectEvent("e1", "black", "v:0", 2.0, 4.0, EventState.RESOLVED, 0.998, "dark share", 0.98)
SILENCE = DefectEvent("e2", "silence", "a:0", 2.0, 4.0, EventState.RESOLVED, -91.0, "dBFS", 0.99)
LOSS = Incident("i1", "a.mp4", Cause.SIGNAL_LOSS, (BLACK, SILENCE), 2.0, 4.0, EventState.RESOLVED)
ROWS = (
    Coverage("black", "v:0", CoverageStatus.FAILED),
    Coverage("silence", "a:0", CoverageStatus.FAILED),
    Coverage("freeze", "v:0", CoverageStatus.CLEAN),
    Coverage("truncated", "*", CoverageStatus.NOT_ASSESSABLE, "no duration is declared"),
)
SCAN = ScanResult(
    "a.mp4",
    ScanStatus.OK,
    events=(BLACK, SILENCE),
    incidents=(LOSS,),
    coverage=ROWS,
    timing=Timing(1.25, 1.2, 8.0, 0.5),
    covered_s=10.0,
)


def verdict(severity: Severity, title: str = "Signal lost") -> Verdict:
    return Verdict(
        severity,
        Intent.FAULT,
        Cause.SIGNAL_LOSS,
        Action.SWITCH_TO_BACKUP,
        Route.PLAYOUT,
        title,
        "Black and silence for 2 s.",
        0.9,
        "scripted",
        "triage@sha256:abc",
    )


def parse(document: str) -> ET.Element:
    return ET.fromstring(document.encode("utf-8"))  # noqa: S314  (our own output)


def suites(assessments: Sequence[Assessment], fail_on: Severity = Severity.MAJOR) -> list[ET.Element]:
    """Parses, and asserts that every counter tells the truth."""
    root = parse(render_junit(assessments, fail_on))
    for element in [root, *root]:
        cases = list(element.iter("testcase"))
        assert int(element.get("tests", "")) == len(cases)
        for counter, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.get(counter, "")) == sum(len(case.findall(tag)) for case in cases)
    return list(root)


def outcome(case: ET.Element) -> tuple[str, ...]:
    return tuple(child.tag for child in case)


@pytest.mark.parametrize(
    ("severity", "fail_on", "expected"),
    [
        (Severity.CRITICAL, Severity.MAJOR, "failure"),
        (Severity.MAJOR, Severity.MAJOR, "failure"),
        (Severity.MINOR, Severity.MAJOR, "system-out"),
        (Severity.INFO, Severity.INFO, "failure"),
        (Severity.MAJOR, Severity.CRITICAL, "system-out"),
    ],
)
def test_one_case_for_each_check_and_stream(severity: Severity, fail_on: Severity, expected: str) -> None:
    (suite,) = suites([Assessment(SCAN, {"i1": verdict(severity)})], fail_on)
    assert (suite.get("name"), suite.get("time")) == ("a.mp4", "1.750")
    assert {case.get("name"): outcome(case) for case in suite} == {
        "black v:0": (expected,),
        "silence a:0": (expected,),
        "freeze v:0": (),
        "truncated *": ("skipped",),
    }


def test_a_failure_tells_the_story() -> None:
    (suite,) = suites([Assessment(SCAN, {"i1": verdict(Severity.CRITICAL)})])
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("critical", "critical: Signal lost")
    for words in ("00:00:02.000 to 00:00:04.000", "0.998 dark share", "switch_to_backup", "incident i1"):
        assert words in (failure.text or "")
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "no duration is declared"


def test_an_incident_without_a_verdict_fails() -> None:
    (suite,) = suites([Assessment(SCAN, {})], Severity.CRITICAL)
    assert len(suite.findall("testcase/failure")) == 2


def test_an_input_that_cannot_be_assessed_is_an_error() -> None:
    blind = ScanResult("b.mp4", ScanStatus.NOT_ASSESSABLE, "b.mp4: the file is empty (0 bytes)")
    (suite,) = suites([Assessment(blind, {})])
    error = suite.find("testcase/error")
    assert error is not None
    assert error.get("message") == "b.mp4: the file is empty (0 bytes)"


def test_an_interrupted_scan_is_not_taken_for_a_whole_one() -> None:
    (suite,) = suites(
        [Assessment(replace(SCAN, interrupted=True, covered_s=6.5), {"i1": verdict(Severity.MINOR)})]
    )
    names = {case.get("name"): outcome(case) for case in suite}
    assert names["covered to the end"] == ("skipped",)


def test_an_event_without_a_row_of_coverage_is_not_lost() -> None:
    (suite,) = suites([Assessment(replace(SCAN, coverage=()), {"i1": verdict(Severity.MAJOR)})])
    assert {case.get("name"): outcome(case) for case in suite} == {
        "black v:0": ("failure",),
        "silence a:0": ("failure",),
    }


def test_a_row_for_the_whole_input_takes_the_events_of_every_stream() -> None:
    rows = (Coverage("black", "*", CoverageStatus.FAILED), Coverage("silence", "*", CoverageStatus.FAILED))
    (suite,) = suites([Assessment(replace(SCAN, coverage=rows), {"i1": verdict(Severity.MAJOR)})])
    assert {case.get("name"): outcome(case) for case in suite} == {
        "black *": ("failure",),
        "silence *": ("failure",),
    }


def test_no_input_is_an_empty_document() -> None:
    assert suites([]) == []


def test_any_character_gives_a_valid_document() -> None:
    """Control characters, lone surrogates, non-characters and markup, in names and in words."""
    evil = "".join(map(chr, range(32))) + "\x7f\x9f\ud800\udfff\ufffe\uffff<&>\"']]>\U0001f3ac"
    result = replace(SCAN, url=evil, coverage=(Coverage(evil, evil, CoverageStatus.NOT_ASSESSABLE, evil),))
    blind = ScanResult(evil, ScanStatus.NOT_ASSESSABLE, evil)
    document = render_junit(
        [Assessment(result, {"i1": verdict(Severity.MAJOR, evil)}), Assessment(blind, {})], Severity.MAJOR
    )
    names = [suite.get("name") or "" for suite in parse(document)]
    assert all(name.endswith("<&>\"']]>\U0001f3ac") for name in names)
