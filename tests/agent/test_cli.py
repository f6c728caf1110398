"""The commands, end to end: what they print, where, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from agent.cli.app import run
from agent.models import BACKENDS
from tests.agent.slow_server import SlowFile, slow_server
from tests.clips import black, moving, muted, programme, write_clip

ROOT = Path(__file__).parents[2]
QUICK = ("--triage", "rules")
WIDE = {"COLUMNS": "240"}
"""So that no path is broken over lines, however deep the folder of the tests lies."""


@pytest.fixture(scope="session")
def dark_clip(clip_folder: Path) -> Path:
    """Seven seconds, black and silent from 2 s to 5 s."""
    pictures = chain(moving(50), black(75), moving(50, first=125))
    return write_clip(clip_folder / "dark.mp4", pictures=pictures, sound=muted(programme(7.0), 2.0, 5.0))


@pytest.fixture(scope="session")
def long_clip(clip_folder: Path) -> Path:
    """Forty seconds that can be read while they come."""
    return write_clip(clip_folder / "long.ts", pictures=moving(1000), sound=programme(40.0))


def check(*arguments: object) -> int:
    return run(["check", *map(str, arguments), *QUICK])


def vidette(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | WIDE | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
    )


def _document(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_defect_is_shown_stored_and_ends_with_1(
    dark_clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", WIDE["COLUMNS"])
    assert check(dark_clip) == 1
    shown = capsys.readouterr()
    assert "black v:0" in shown.out
    assert "00:00:02.000" in shown.out
    assert "rules" in shown.out
    assert shown.err == ""
    assert run(["incidents"]) == 0
    assert "dark.mp4" in capsys.readouterr().out


def test_a_clean_input_ends_with_0(clean_clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(clean_clip) == 0
    assert "Incidents  none" in capsys.readouterr().out


def test_json_is_one_document_of_every_input_and_the_highest_status_applies(
    dark_clip: Path, clean_clip: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = tmp_path / "missing.mp4"
    assert check(clean_clip, missing, dark_clip, "--json", "--jobs", 2) == 3
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["schema"] == "vidette.report/1"
    found = [(Path(item["url"]).name, item["status"], len(item["incidents"])) for item in document["inputs"]]
    assert found == [("clean.mp4", "ok", 0), ("missing.mp4", "not_assessable", 0), ("dark.mp4", "ok", 1)]
    assert document["inputs"][2]["incidents"][0]["verdict"]["model"] == "rules"
    assert document["inputs"][2]["timing"]["triage_s"] >= 0
    assert shown.err.count("\n") == 1
    assert "there is no such file" in shown.err


@pytest.mark.parametrize(("fail_on", "status"), [("critical", 1), ("info", 1)])
def test_fail_on(dark_clip: Path, fail_on: str, status: int) -> None:
    assert check(dark_clip, "--fail-on", fail_on, "--no-store", "--quiet") == status


def test_reports_and_a_kept_series_are_written(
    dark_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, junit, series = tmp_path / "r.html", tmp_path / "r.xml", tmp_path / "series"
    assert check(dark_clip, "--html", html, "--junit", junit, "--keep-series", series, "--no-store") == 1
    assert f"Written: {junit}, {html}" in capsys.readouterr().out.replace("\n", " ").replace("  ", " ")
    assert "data:image/jpeg" in html.read_text("utf-8")
    assert "<failure" in junit.read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.xml", "series"]
    assert run(["replay", str(series), "--json"]) == 0
    replayed = _document(capsys)
    assert replayed["schema"] == "vidette.replay/1"
    assert replayed["changes"] == {
        "gained": [],
        "lost": [],
        "moved": [],
        "unchanged": len(replayed["input"]["events"]),
    }


def test_replay_shows_what_another_profile_changes(
    dark_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = tmp_path / "patient.toml"
    patient.write_text("[black]\nmin_s = 3.5\n")
    series = tmp_path / "series"
    check(dark_clip, "--keep-series", series, "--no-store", "--quiet")
    assert run(["replay", str(series), "--profile", str(patient)]) == 0
    shown = capsys.readouterr().out
    assert "What changes" in shown
    assert "lost" in shown
    assert run(["replay", str(series), "--against", str(patient), "--json"]) == 0
    assert [event["check"] for event in _document(capsys)["changes"]["gained"]] == ["black"]


def test_series_of_several_inputs_go_into_folders_of_their_own(
    clean_clip: Path, dark_clip: Path, tmp_path: Path
) -> None:
    other = tmp_path / "clean.mp4"
    shutil.copy(dark_clip, other)
    check(clean_clip, other, "--keep-series", tmp_path / "kept", "--no-store", "--quiet")
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == ["clean.mp4-2.series", "clean.mp4.series"]


def test_the_second_run_updates_the_same_incident(
    dark_clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        check(dark_clip, "--quiet")
    assert run(["incidents", "--json"]) == 0
    listed = _document(capsys)
    assert (len(listed["incidents"]), listed["more"]) == (1, False)
    found = listed["incidents"][0]
    assert found["first_seen_at"] < found["last_seen_at"]
    assert run(["incidents", "show", found["id"][:6]]) == 0
    shown = capsys.readouterr().out
    assert found["id"] in shown
    assert found["verdict"]["title"] in shown
    assert run(["incidents", "show", found["id"], "--json"]) == 0
    assert _document(capsys)["incident"]["history"][0]["verdict"] == found["verdict"]


def test_incidents_by_severity_input_and_time(
    dark_clip: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = tmp_path / "x.db"
    check(dark_clip, "--quiet", "--db", store)
    for options, count in (
        (["--severity", "info", "--since", "1h", "--input", "dark"], 1),
        (["--since", "2999-01-01"], 0),
        (["--input", "other"], 0),
        (["--cause", "compliance"], 0),
    ):
        assert run(["incidents", "--db", str(store), "--json", *options]) == 0
        assert len(_document(capsys)["incidents"]) == count
    assert run(["incidents", "--db", str(store), "show", "zz"]) == 2
    assert "no incident 'zz' is stored" in capsys.readouterr().err


def test_no_store_keeps_nothing(dark_clip: Path, home: Path) -> None:
    check(dark_clip, "--no-store", "--quiet")
    assert not list(home.rglob("vidette.db"))


WRONG = [
    (["--profile", "ebu-r182"], "there is no profile 'ebu-r182'; did you mean 'ebu-r128'?"),
    (["--html", "/nowhere/r.html"], "--html /nowhere/r.html: there is no folder /nowhere"),
    (["--junit", "/"], "--junit /: this is a folder"),
    (["--model", "/nowhere/m.gguf"], "there is no model file '/nowhere/m.gguf'"),
    (["--policy", "/nowhere/p.toml"], "/nowhere/p.toml"),
    (["--db", "mysql://h/d"], "the store cannot be mysql"),
    (["--db", "/proc/x/y.db"], "the store's folder /proc/x cannot be made"),
]


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_wrong_usage_is_one_line_before_anything_is_scanned(
    options: list[str], told: str, clean_clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(clean_clip, *options) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("vidette: ")
    assert told in shown.err
    assert shown.err.count("\n") == 1


def test_a_backend_that_is_not_installed_is_told_before_anything_is_scanned(
    clean_clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(BACKENDS["guidance_local"], needs=("no_such_module",))
    monkeypatch.setattr("agent.models.BACKENDS", {**BACKENDS, "guidance_local": bare})
    monkeypatch.setattr("agent.cli.checking.BACKENDS", {**BACKENDS, "guidance_local": bare})
    assert run(["check", str(clean_clip), "--triage", "guidance_local"]) == 2
    assert "no_such_module: pip install 'vidette[local]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "--fail-on", "x", "a.mp4"], ["chekc"], ["check", "a.mp4", "--jobs", "0"]],
)
def test_wrong_options_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_wrong_variable_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIDETTE_TRIAGE", "gpt")
    assert run(["check", "a.mp4"]) == 2
    assert capsys.readouterr().err.startswith("vidette: VIDETTE_TRIAGE: ")


def test_a_series_that_is_none_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(tmp_path)]) == 3
    assert "is no kept series" in capsys.readouterr().err


def test_names_of_any_kind_are_printed(dark_clip: Path, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/[red]caf\xe9\x1b[31m\n.mp4"
    shutil.copy(dark_clip, odd)
    command = [sys.executable, "-m", "agent.cli", "check", odd, *QUICK]
    environment = os.environ | WIDE | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"[red]caf" in done.stdout
    assert b"\x1b" not in done.stdout
    assert done.stdout.isascii()
    listed = vidette("incidents", "--json")
    assert "[red]caf" in json.loads(listed.stdout)["incidents"][0]["url"]


def test_a_reader_that_goes_away_is_no_error(dark_clip: Path) -> None:
    command = [sys.executable, "-m", "agent.cli", "check", str(dark_clip), "--json", *QUICK]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_the_first_interrupt_reports_and_stores_what_was_covered(long_clip: Path, tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    with slow_server(SlowFile(long_clip, head=0.5)) as file:
        inputs = [file.url, str(long_clip), "--jobs", "1"]
        command = [sys.executable, "-m", "agent.cli", "check", *inputs, "--json", *QUICK]
        with subprocess.Popen(
            [*command, "--db", str(database)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert file.half_way.wait(30)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"vidette: stopping" in err
    assert b"1 input not begun" in err
    assert b"secret" not in out + err
    (scanned,) = json.loads(out)["inputs"]
    assert scanned["interrupted"] is True
    assert 0.0 <= scanned["covered_s"] < 39.0
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT interrupted, status FROM scans").fetchall() == [(1, "ok")]
    connection.close()


def test_the_second_interrupt_ends_at_once(long_clip: Path) -> None:
    with slow_server(SlowFile(long_clip, head=0.5, stalls=True)) as file:
        command = [sys.executable, "-m", "agent.cli", "check", file.url, *QUICK]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            assert file.half_way.wait(30)
            process.send_signal(signal.SIGINT)
            while b"stopping" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 143


def test_version_and_doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vidette ")
    monkeypatch.setenv("VIDETTE_TRIAGE", "rules")
    monkeypatch.setenv("VIDETTE_TRAIGE", "rules")
    monkeypatch.setenv("COLUMNS", WIDE["COLUMNS"])
    assert run(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "All is well." in shown
    assert "did you mean VIDETTE_TRIAGE?" in shown


def test_doctor_says_what_does_not_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDETTE_TRIAGE", "rules")
    assert run(["doctor", "--json", "--db", "mysql://h/d"]) == 1
    document = _document(capsys)
    failed = [item["name"] for item in document["findings"] if item["health"] == "failed"]
    assert (document["schema"], document["ok"], failed) == ("vidette.doctor/1", False, ["store"])


def test_a_fault_of_our_own_is_one_line_and_its_traceback_only_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cli.incidents.LIST_SCHEMA", float("nan"))
    assert run(["incidents", "--json"]) == 70
    assert capsys.readouterr().err.count("\n") == 1
    assert run(["--debug", "incidents", "--json"]) == 70
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "please report it" in shown


def test_a_full_disk_is_one_line_and_no_fault_of_ours(clean_clip: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "agent.cli", "check", str(clean_clip), "--json", *QUICK]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "No space left on device" in done.stderr


def test_what_one_command_needs_is_not_loaded_for_another() -> None:
    asked = "import sys, agent.cli.app; print(*{'av', 'numba', 'sqlalchemy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not done.stdout.strip()


def test_every_command_and_option_is_documented() -> None:
    from typer.main import get_command

    from agent.cli.app import app

    text = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("cli.md", "bench.md"))
    names: set[str] = set()
    commands = list(get_command(app).commands.items())  # type: ignore[attr-defined]
    for name, command in commands:
        below = getattr(command, "commands", {})
        commands += [(f"{name} {key}", item) for key, item in below.items()]
        names |= {f"vidette {name}"} | {
            option for item in command.params for option in item.opts if "-" in option
        }
    missing = sorted(name for name in names if name not in text)
    assert not missing
