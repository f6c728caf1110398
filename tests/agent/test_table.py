"""What stands on the terminal, as text."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from agent.report.table import assessment_view, event_table
from agent.verdict import Assessment
from pipeline.model import Coverage, CoverageStatus, Loudness, ScanResult, ScanStatus
from tests.agent.stored import BLACK, SILENCE, assessment, incident, scan, verdict


def _shown(view: object, *, encoding: str = "utf-8", width: int = 110, terminal: bool = False) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    console = Console(
        file=file, width=width, markup=False, highlight=False, emoji=False, force_terminal=terminal
    )
    console.print(view)
    file.flush()
    return raw.getvalue().decode(encoding)


def test_an_incident_stands_in_one_row_with_its_verdict() -> None:
    shown = _shown(assessment_view(assessment(incident()), model="rules"))
    for wanted in (
        "a.mp4\nmov,mp4, 40.0 s; v:0 h264 1920x1080 30 fps; a:0 aac stereo 48 kHz",
        "critical",
        "00:00:12.000",
        "00:00:15.040",
        "Signal lost for 3.04 s",
        "Picture and sound are gone",
        "signal loss: black v:0, silence a:0; id 1nc1de00",
        "switch to backup",
        "0 clean, 2 failed: black v:0, silence a:0, 0 not assessable",
        "a:0 integrated -23.1 LUFS, range 5.0 LU, true peak -1.2 dBTP",
        "40.0 s in 7.1 s (5.7 times real time)",
        "rules, 1.2 s",
    ):
        assert wanted in shown


def test_a_clean_input_says_so_and_what_could_not_be_looked_at() -> None:
    coverage = (
        Coverage("black", "v:0", CoverageStatus.CLEAN),
        Coverage("silence", "*", CoverageStatus.NOT_ASSESSABLE, "there is no audio track"),
        Coverage("clipping", "*", CoverageStatus.NOT_ASSESSABLE, "there is no audio track"),
    )
    shown = _shown(assessment_view(assessment(coverage=coverage, loudness=())))
    assert "Incidents  none" in shown
    assert "1 clean, 0 failed, 2 not assessable" in shown
    assert "there is no audio track: silence, clipping" in shown
    assert "Loudness" not in shown
    assert "Triage" not in shown


def test_an_input_that_cannot_be_assessed() -> None:
    bad = Assessment(ScanResult("b.mp4", ScanStatus.NOT_ASSESSABLE, "b.mp4: there is no such file"), {})
    assert "Not assessable  b.mp4: there is no such file" in _shown(assessment_view(bad))


def test_an_interrupted_scan_says_what_was_covered() -> None:
    shown = _shown(assessment_view(assessment(interrupted=True, covered_s=12.34)))
    assert "covers 0-12.3 s of 40.0 s; nothing is known of the rest" in shown


def test_an_incident_that_nobody_judged_and_that_goes_on() -> None:
    shown = _shown(assessment_view(Assessment(scan(incident(end_s=None)), {})))
    assert "not judged" in shown
    assert "ongoing" in shown


def test_sound_too_quiet_to_measure() -> None:
    shown = _shown(assessment_view(assessment(loudness=(Loudness("a:0", None, None, None),))))
    assert "a:0 too quiet to measure" in shown


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_nothing_from_outside_is_taken_for_markup_or_a_control_code(encoding: str) -> None:
    name = "[red]\x1b[31m\u202e\udce9\N{WATCH}\r\n.mp4"
    told = verdict(title=f"[bold]{name}[/bold]", summary="[/] \x07")
    shown = _shown(assessment_view(assessment(incident(), judged=told, url=name)), encoding=encoding)
    assert "[red]" in shown
    assert "[bold]" in shown
    for hidden in ("\x1b", "\u202e", "\x07", "\r"):
        assert hidden not in shown
    assert shown.isascii() or encoding == "utf-8"


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_loses_no_time(width: int) -> None:
    shown = _shown(assessment_view(assessment(incident())), width=width)
    assert "00:00:12.000" in shown
    assert all(len(line) <= width for line in shown.splitlines())


def test_events_with_their_figures() -> None:
    shown = _shown(event_table([BLACK, SILENCE, replace(BLACK, start_s=-0.5)]))
    assert "0.999 dark share" in shown
    assert "-inf dBFS" in shown
    assert "-00:00:00.500" in shown
