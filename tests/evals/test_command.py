"""The command of the evals: from options to figures and reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli.app import run
from evals.detect.cases import recipes
from evals.detect.command import main


def test_a_run_prints_its_figures_and_writes_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(recipe.id for recipe in recipes("tune") if recipe.defect == "silence")
    options = ["--split", "tune", "--check", "silence", "--case", case, "--jobs", "1"]
    out = tmp_path / "out"
    assert main(["detect", *options, "--cache", str(tmp_path), "--out", str(out), "--gate"]) == 0
    assert "silence" in capsys.readouterr().out
    document = json.loads((out / "detect.json").read_text("utf-8"))
    assert document["schema"] == "vidette.evals/1"
    (row,) = document["checks"]
    assert (row["check"], row["truths"], row["found"], row["false"]) == ("silence", 1, 1, 0)
    assert "| `silence` | 1 | 1/1 | 0 |" in (out / "detect.md").read_text("utf-8")
    page = (out / "detect.html").read_text("utf-8")
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")
    # Nothing is decoded twice: the series that were kept are decided upon again.
    (kept,) = (tmp_path / "series").glob("*/*/series.json")
    written = kept.stat().st_mtime_ns
    assert main(["detect", *options, "--cache", str(tmp_path)]) == 0
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("options", [["--check", "nonsense"], ["--jobs", "0"]])
def test_wrong_usage_is_one_line(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_vidette_eval_runs_them_in_a_process_of_their_own() -> None:
    assert run(["eval", "--check", "nonsense", "--split", "tune"]) == 2
