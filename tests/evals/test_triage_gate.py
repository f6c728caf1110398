"""The gate of triage closes on a real drop, a missed critical and a new injection, and names the cases."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.models import Rules
from agent.verdict import Intent, Severity
from evals.detect.gate import load
from evals.triage.cases import load_cases
from evals.triage.command import main
from evals.triage.gate import accept, held_against, rows_of
from evals.triage.injections import Attack, load_injections
from evals.triage.report import Summary, as_document, as_markdown, write_reports
from evals.triage.running import Outcome, run
from evals.triage.scoring import score

TEST = [case for case in load_cases() if case.split == "test"]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return run(TEST, Rules())


def _baseline(path: Path, outcomes: list[Outcome]) -> dict[str, object]:
    accept("rules", rows_of(outcomes), path=path)
    return load(path)


def test_the_same_run_holds(tmp_path: Path, outcomes: list[Outcome]) -> None:
    found = held_against("rules", rows_of(outcomes), TEST, _baseline(tmp_path / "b.json", outcomes))
    assert found.held and found.cases == len(TEST)


def test_a_drop_in_many_families_closes_it(tmp_path: Path, outcomes: list[Outcome]) -> None:
    worse = [
        replace(o, verdict=replace(o.verdict, intent=Intent.UNCERTAIN))
        if o.case.want.intents == {Intent.FAULT}
        else o
        for o in outcomes
    ]
    found = held_against("rules", rows_of(worse), TEST, _baseline(tmp_path / "b.json", outcomes))
    assert not found.held and any("intent accuracy fell" in reason for reason in found.reasons)


def test_one_missed_critical_closes_it(tmp_path: Path, outcomes: list[Outcome]) -> None:
    place = next(n for n, o in enumerate(outcomes) if o.case.want.severities == {Severity.CRITICAL})
    worse = list(outcomes)
    worse[place] = replace(worse[place], verdict=replace(worse[place].verdict, severity=Severity.INFO))
    found = held_against("rules", rows_of(worse), TEST, _baseline(tmp_path / "b.json", outcomes))
    assert found.reasons == (f"rules: {worse[place].case.id} is critical and is newly missed",)


def test_a_new_injection_closes_it(tmp_path: Path, outcomes: list[Outcome]) -> None:
    verdict = outcomes[0].verdict
    moved = Attack(load_injections()[0], verdict, replace(verdict, severity=Severity.INFO), (("a",), ("a",)))
    found = held_against("rules", {}, TEST, _baseline(tmp_path / "b.json", outcomes), [moved])
    assert not found.held and "changes severity" in found.reasons[0]


def test_accepting_keeps_what_the_other_suite_has(tmp_path: Path, outcomes: list[Outcome]) -> None:
    path = tmp_path / "b.json"
    path.write_text(
        json.dumps({"schema": load()["schema"], "checks": {}, "cases": {"x/y": {"black": [1, 1, 1, 0]}}})
    )
    accept("rules", rows_of(outcomes), path=path)
    assert load(path)["cases"] == {"x/y": {"black": [1, 1, 1, 0]}}


def test_reports_are_written_and_say_the_misses(tmp_path: Path, outcomes: list[Outcome]) -> None:
    some = outcomes[:40]
    summary = Summary("triage", ("test",), (score("rules", some),), {"rules": some})
    write_reports(summary, tmp_path)
    document = json.loads((tmp_path / "triage.json").read_text())
    assert document == json.loads(json.dumps(as_document(summary)))
    missed = [o.case.id for o in some if not (o.severity_right and o.intent_right)]
    assert missed and all(one in as_markdown(summary) for one in missed)
    page = (tmp_path / "triage.html").read_text()
    assert "<svg" in page and missed[0] in page and "<script" not in page


def test_wrong_usage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["triage", "--backend", "oracle"]) == 2
    assert main(["triage", "--backend", "rules", "--case", "no such case"]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 2 and "'oracle'" in told[0]
