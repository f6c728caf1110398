"""``vidette route`` and ``vidette outbox``: who is told and why, and what never arrived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from agent.backtest import compare, simulate
from agent.cli.app import run
from agent.notify.errors import Rejected
from agent.store import Store
from agent.store.life import acknowledge, resolve
from agent.verdict import Severity
from tests.agent.notify.notices import tree_of
from tests.agent.page_desk import Desk
from tests.agent.stored import verdict
from tests.clips import black, moving, programme, write_clip

TREE = """
[route]
to = ["desk"]
[[route.routes]]
name = "bad"
severity = ["critical"]
to = ["oncall"]
escalate = [{ after_s = 900, to = ["lead"] }]
continue = true
[[route.routes]]
name = "all of it"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    path = tmp_path / "vidette.db"
    monkeypatch.setenv("VIDETTE_DB", str(path))
    monkeypatch.setenv("VIDETTE_NOTIFY", str(tmp_path / "notify.toml"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("VIDETTE_TRIAGE", "rules")
    with Store.open(str(path)) as store:
        yield Desk(store, tree_of(tmp_path, TREE))


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_who_gets_what_and_why(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.found("abc")
    assert run(["route", "test", "abc"]) == 0
    shown = capsys.readouterr().out
    assert "critical: Signal lost for 3.04 s (abc.mp4)" in shown
    assert "bad: it tells" in shown
    assert "in 15 min 00 s, unless acknowledged" in shown
    found = _json(capsys, "route", "test", "abc")
    assert [(page["destination"], page["escalation"]) for page in found["pages"]] == [
        ("oncall", 0),
        ("lead", 1),
        ("desk", 0),
    ]
    assert [node["taken"] for node in found["nodes"]] == [True, True, True]


def test_nothing_is_sent_by_trying(desk: Desk) -> None:
    desk.found("abc")
    run(["route", "test", "abc"])
    assert desk.paging.outbox.pages() == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["route", "test", "zzz"], "no incident 'zzz' is stored"),
        (["route", "test", "abc", "--notify", "/none.toml"], "/none.toml: cannot be read"),
        (["route", "backtest", "/none.toml"], "/none.toml: cannot be read"),
        (["outbox", "replay"], "give the keys of dead letters, or --all"),
        (["outbox", "replay", "zzz"], "no dead letter zzz"),
    ],
)
def test_a_mistake_is_one_line(
    desk: Desk, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_the_doctor_reads_the_file_and_its_secrets(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(["doctor", "--json"])
    told = {item["name"]: item for item in json.loads(capsys.readouterr().out)["findings"]}
    assert told["notifications"]["detail"].endswith("notify.toml: desk, lead, mail, oncall")
    path = tmp_path / "other.toml"
    place = '[destinations.desk]\nkind = "slack_webhook"\nurl = { env = "HOOK" }\n'
    path.write_text(place + '[route]\nto = ["desk"]\n')
    monkeypatch.setenv("VIDETTE_NOTIFY", str(path))
    assert run(["doctor", "--json"]) == 1
    told = {item["name"]: item for item in json.loads(capsys.readouterr().out)["findings"]}
    assert told["notifications"]["detail"] == "desk: url: the variable HOOK is not set"


def test_without_a_tree(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDETTE_NOTIFY")
    assert run(["route", "test", "abc"]) == 2
    assert "no notification file is named" in capsys.readouterr().err


def test_a_backtest_names_what_is_gained_and_lost(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.found("a")
    desk.found("b", Severity.MINOR)
    other = tmp_path / "other"
    other.mkdir()
    tree_of(other, TREE.replace('severity = ["critical"]', 'severity = ["minor"]'))
    changed = str(other / "notify.toml")
    found = _json(capsys, "route", "backtest", changed)
    assert {(item["destination"], item["incident"]) for item in found["gained"]} == {
        ("oncall", "b"),
        ("lead", "b"),
    }
    assert {(item["destination"], item["incident"]) for item in found["lost"]} == {
        ("oncall", "a"),
        ("lead", "a"),
    }
    assert found["messages"]["before"] == {"desk": 2, "oncall": 1, "lead": 1, "mail": 0}
    assert run(["route", "backtest", changed]) == 0
    assert "2 incidents: 2 told more, 2 told no more" in capsys.readouterr().out


def test_a_tree_against_itself_changes_nothing(desk: Desk) -> None:
    desk.found("a")
    found = compare(desk.tree, desk.tree, desk.store.incidents())
    assert (found.gained, found.lost) == ((), ())


def test_a_backtest_tells_what_was_told(desk: Desk) -> None:
    """The same that the real thing did: a verdict that rose, somebody who acknowledged in time, the end."""
    scan_id = desk.found("a", Severity.MINOR)
    desk.paging.deliver()
    desk.store.judge(scan_id, {"a": verdict()})
    desk.paging.deliver()
    with desk.store.writing() as session:
        acknowledge(session, "a", "Ada", desk.clock.now + timedelta(seconds=60))
    desk.clock.move(61)
    desk.paging.deliver()
    desk.clock.move(1000)
    desk.paging.deliver()
    with desk.store.writing() as session:
        resolve(session, "a", "Ada", desk.clock.now)
    desk.paging.deliver()
    real = {(name, m.notices[0].incident, m.step) for name in desk.tree.destinations for m in desk[name].told}
    assert (
        set(simulate(desk.tree, desk.store.incidents()).told)
        == real
        == {("desk", "a", 0), ("oncall", "a", 0)}
    )


def test_the_outbox_from_a_dead_letter_to_its_delivery(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["outbox", "list"]) == 0
    assert "No page is in that state." in capsys.readouterr().out
    desk.found("abc", Severity.MAJOR)
    desk["desk"].fails = [Rejected("channel_not_found")]
    desk.paging.deliver()
    assert run(["outbox", "list"]) == 0
    assert "channel_not_found" in capsys.readouterr().out
    (dead,) = _json(capsys, "outbox", "list", "--state", "dead")["pages"]
    assert run(["outbox", "replay", dead["key"]]) == 0
    assert run(["outbox", "deliver", "--once"]) == 0
    assert "1 page tried." in capsys.readouterr().out
    (line,) = (tmp_path / "desk.jsonl").read_text().splitlines()
    assert json.loads(line)["data"]["key"] == dead["key"]


def test_a_check_tells_what_it_found_and_only_what_is_new(tmp_path: Path, black_clip: Path) -> None:
    tree_of(tmp_path, '[route]\nto = ["desk"]\n')
    db, file = str(tmp_path / "checked.db"), str(tmp_path / "notify.toml")
    command = ["check", str(black_clip), "--triage", "rules", "--jobs", "1", "--quiet", "--db", db]
    assert run([*command, "--notify", file]) in (0, 1)
    (line,) = (tmp_path / "desk.jsonl").read_text().splitlines()
    assert "black" in json.loads(line)["data"]["incidents"][0]["checks"]
    run([*command, "--notify", file])
    assert len((tmp_path / "desk.jsonl").read_text().splitlines()) == 1


def test_a_check_that_keeps_nothing_tells_nothing(
    capsys: pytest.CaptureFixture[str], black_clip: Path
) -> None:
    assert run(["check", str(black_clip), "--no-store", "--notify", "x.toml"]) == 2
    assert "--notify tells what is stored" in capsys.readouterr().err


@pytest.fixture(scope="module")
def black_clip(clip_folder: Path) -> Path:
    """Five seconds, of which two are black."""
    pictures = chain(moving(50), black(50), moving(25, first=50))
    return write_clip(clip_folder / "told.mp4", pictures=pictures, sound=programme(5.0))
