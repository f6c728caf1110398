"""What is suppressed is in every report, quietly, and sets no exit status."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from rich.console import Console

from agent.cli.app import run
from agent.report.document import report_document
from agent.report.html import render_html
from agent.report.table import assessment_view
from agent.verdict import Assessment
from pipeline.model import Suppressed
from pipeline.planned import Planned
from pipeline.series.hashes import PictureHash
from tests.agent.reporting import assess, event, incident, read, scan
from tests.clips import black, moving, programme, write_clip

BARS = Suppressed(event("black", "v:0", 1.0, 3.0), "planned", "planned: pause [b] (1.000 s to 3.000 s)")


@pytest.fixture(scope="module")
def dark_clip(clip_folder: Path) -> Path:
    """Four seconds, black from 0.8 s to 3.2 s."""
    pictures = chain(moving(20), black(60), moving(20, first=80))
    return write_clip(clip_folder / "planned.mp4", pictures=pictures, sound=programme(4.0))


def with_suppressed(*items: Suppressed) -> Assessment:
    return Assessment(replace(scan(), suppressed=items), {})


def test_the_document_has_the_event_and_the_reason() -> None:
    found = report_document([with_suppressed(BARS)])["inputs"][0]
    (row,) = found["suppressed"]
    assert (row["kind"], row["reason"]) == ("planned", BARS.reason)
    assert row["event"]["check"] == "black" and row["event"]["id"] == BARS.event.id
    assert found["incidents"] == []


@pytest.mark.parametrize(("count", "told"), [(0, ""), (1, "1 event"), (12, "2 more are in the JSON report")])
def test_the_table_tells_it_quietly(count: int, told: str) -> None:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(assessment_view(with_suppressed(*[BARS] * count)))
    text = captured.get()
    assert ("Suppressed" in text) is bool(count)
    assert told in text
    if count:
        assert "black v:0, 00:00:01.000 to 00:00:03.000: planned: pause [b]" in text


def test_the_page_has_a_section_for_it() -> None:
    page = read(render_html([with_suppressed(BARS)], {}))
    assert "1 suppressed event" in page.words and "pause [b]" in page.words
    assert "suppressed" not in read(render_html([assess(scan(incident(event())))], {})).words


def test_a_card_from_the_command_line(
    dark_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["slate", str(dark_clip), "--at", "0.2"]) == 0
    entry = tomllib.loads(capsys.readouterr().out)["planned"][0]
    assert Planned.model_validate(entry).what == "card at 00:00:00.200"
    assert run(["slate", str(dark_clip), "--at", "0.2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "vidette.slate/1"
    assert str(PictureHash.parse(found["picture"])) == entry["picture"]


def test_what_is_planned_sets_no_exit_status(
    dark_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = ["check", str(dark_clip), "--triage", "rules", "--no-store", "--json", "--fail-on", "info"]
    assert run(plain) == 1
    before = json.loads(capsys.readouterr().out)["inputs"][0]
    assert before["incidents"] and not before["suppressed"]
    checks = sorted({row["check"] for row in before["events"]})
    plan = tmp_path / "plan.toml"
    plan.write_text(f"[[planned]]\nwhat = 'all of it'\nstart_s = 0\nchecks = {json.dumps(checks)}\n")
    assert run([*plain, "--profile", str(plan)]) == 0
    after = json.loads(capsys.readouterr().out)["inputs"][0]
    assert not after["incidents"] and not after["events"]
    assert [row["event"]["id"] for row in after["suppressed"]] == [row["id"] for row in before["events"]]
