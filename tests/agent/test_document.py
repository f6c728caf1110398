"""The ``vidette.report/1`` contract: every key, every null, every number."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.report.document import render_json, report_document
from agent.verdict import Assessment
from pipeline.model import Coverage, CoverageStatus, EventState, Loudness, ScanResult, ScanStatus
from tests.agent.stored import BLACK, SILENCE, assessment, incident, scan

EXPECTED = """
{"schema": "vidette.report/1",
 "inputs": [{
   "url": "a.mp4", "status": "ok", "error": null, "mode": "full", "interrupted": false, "covered_s": 40.0,
   "media": {"format": "mov,mp4", "duration_s": 40.0, "tags": {"title": "A [red]film[/red]"}, "streams": [
      {"id": "v:0", "codec": "h264", "language": null, "start_s": 0.0, "duration_s": 40.0,
       "width": 1920, "height": 1080, "frame_rate": 30.0, "pixel_format": "yuv420p"},
      {"id": "a:0", "codec": "aac", "language": null, "start_s": null, "duration_s": null,
       "channels": 2, "channel_layout": "stereo", "sample_rate_hz": 48000}]},
   "events": [
      {"id": "b1ac000000000001", "check": "black", "stream": "v:0", "start_s": 12.0, "end_s": 15.04,
       "state": "resolved", "value": 0.999, "unit": "dark share", "confidence": 0.98,
       "evidence": {"saturation_p10": 0.4, "kind": "plain"}},
      {"id": "511e000000000002", "check": "silence", "stream": "a:0", "start_s": 12.0, "end_s": 15.04,
       "state": "resolved", "value": null, "unit": "dBFS", "confidence": 0.98,
       "evidence": {"lowest_dbfs": null}}],
   "incidents": [{
      "id": "1nc1de0000000001", "cause": "signal_loss", "start_s": 12.0, "end_s": 15.04, "state": "resolved",
      "events": ["b1ac000000000001", "511e000000000002"],
      "reasons": ["99.9 % of the picture is dark", "sound was gone as well"],
      "next_likely": "picture_loss, if the sound had gone on",
      "verdict": {"severity": "critical", "intent": "fault", "cause": "signal_loss",
         "action": "switch_to_backup", "route": "playout", "title": "Signal lost for 3.04 s",
         "summary": "Picture and sound are gone from 12.000 s to 15.040 s.", "confidence": 0.9,
         "model": "rules", "prompt": "none", "facts": ["start_s", "end_s"], "source": "template",
         "notes": [], "quote": ""}}],
   "suppressed": [],
   "coverage": [
      {"check": "black", "stream": "v:0", "status": "failed", "reason": null, "start_s": 0.0, "end_s": 40.0},
      {"check": "silence", "stream": "a:0", "status": "failed", "reason": null,
       "start_s": 0.0, "end_s": 40.0}],
   "loudness": {"stream": "a:0", "integrated_lufs": -23.1, "range_lu": 5.0, "true_peak_dbtp": -1.2},
   "loudness_streams": [
      {"stream": "a:0", "integrated_lufs": -23.1, "range_lu": 5.0, "true_peak_dbtp": -1.2}],
   "timing": {"wall_s": 7.1, "cpu_s": 7.0, "realtime_factor": 5.7, "triage_s": 1.2}
 }]}
"""


def test_the_contract_to_the_letter() -> None:
    assert report_document([assessment(incident())]) == json.loads(EXPECTED)


def test_an_input_that_cannot_be_assessed_has_every_key() -> None:
    bad = Assessment(ScanResult("b.mp4", ScanStatus.NOT_ASSESSABLE, "b.mp4: there is no such file"), {})
    found = report_document([bad])["inputs"][0]
    assert found.keys() == json.loads(EXPECTED)["inputs"][0].keys()
    assert found == {
        "url": "b.mp4",
        "status": "not_assessable",
        "error": "b.mp4: there is no such file",
        "mode": "full",
        "interrupted": False,
        "covered_s": 0.0,
        "media": None,
        "events": [],
        "incidents": [],
        "suppressed": [],
        "coverage": [],
        "loudness": None,
        "loudness_streams": [],
        "timing": None,
    }


def test_an_incident_that_nobody_judged_and_that_goes_on() -> None:
    ongoing = incident("1nc1de0000000002", replace(BLACK, end_s=None, state=EventState.ONGOING), end_s=None)
    found = report_document([Assessment(scan(ongoing), {})])["inputs"][0]
    assert found["incidents"][0]["verdict"] is None
    assert found["incidents"][0]["end_s"] is found["events"][0]["end_s"] is None


def test_several_audio_streams_are_all_told_and_the_first_stands_in_front() -> None:
    streams = (Loudness("a:0", None, float("nan"), float("-inf")), Loudness("a:1", -24.0, 3.0, -2.0))
    found = report_document([assessment(loudness=streams)])["inputs"][0]
    assert found["loudness"] == found["loudness_streams"][0]
    assert found["loudness"] == {
        "stream": "a:0",
        "integrated_lufs": None,
        "range_lu": None,
        "true_peak_dbtp": None,
    }
    assert found["loudness_streams"][1]["integrated_lufs"] == -24.0


@pytest.mark.parametrize(
    "name", ["caf\udce9.mp4", "new\nline.mp4", "[red]x[/red].mp4", "\u202egpj.mp4", "\N{WATCH}"]
)
def test_any_name_survives_strict_json(name: str) -> None:
    text = render_json(report_document([assessment(incident(), url=name)]))
    assert text.isascii()
    url = json.loads(text, parse_constant=pytest.fail)["inputs"][0]["url"]
    assert url.encode("utf-8")
    assert url == name.replace("\udce9", "\\udce9")


def test_rounding_leaves_no_dust_of_binary_fractions() -> None:
    shifted = replace(SILENCE, start_s=0.1 + 0.2, value=-60.000000001)
    found = report_document([assessment(incident("1nc1de0000000003", shifted))])["inputs"][0]["events"][0]
    assert (found["start_s"], found["value"]) == (0.3, -60.0)


def test_coverage_says_why_a_check_could_not_look() -> None:
    blind = Coverage("loudness", "*", CoverageStatus.NOT_ASSESSABLE, "there is no audio track")
    found = report_document([assessment(coverage=(blind,))])["inputs"][0]["coverage"]
    assert found == [
        {
            "check": "loudness",
            "stream": "*",
            "status": "not_assessable",
            "reason": "there is no audio track",
            "start_s": 0.0,
            "end_s": None,
        }
    ]
