"""``vidette ask`` from the command line: one question, a talk, a query run again, and wrong usage."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cli.app import run
from agent.store import Store
from tests.agent.stored import assessment, incident


@pytest.fixture
def db(tmp_path: Path) -> str:
    path = str(tmp_path / "v.db")
    with Store.open(path) as store:
        store.save(assessment(incident()), "default", datetime.now(UTC), identity="/media/a.mp4")
    return path


def test_one_question(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "critical incidents today or black on a.mp4", "--db", db]) == 0
    told = capsys.readouterr().out
    assert "1 incident: 1nc1de00" in told
    assert "Asked: Critical incidents, with black, on /media/a.mp4" in told


def test_a_document_that_can_be_run_again(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "how many incidents by check", "--db", db, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["groups"] == [{"name": "black", "count": 1}, {"name": "silence", "count": 1}]
    assert run(["ask", "--query", json.dumps(first["query"]), "--db", db, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["groups"] == first["groups"]


def test_a_talk(db: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("incidents today\n\nonly the minor ones\n"))
    assert run(["ask", "--db", db]) == 0
    told = capsys.readouterr().out
    assert "1 incident: 1nc1de00" in told
    assert "No such incident is stored." in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["freezes", "--zone", "Nowhere"], "no time zone is called 'Nowhere'"),
        (["--query", "{"], "--query: "),
        (["--query", '{"shape": "list", "drop": 1}'], "--query: drop: "),
        (["freezes", "--query", "{}"], "not both"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], told: str, db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", *arguments, "--db", db]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
