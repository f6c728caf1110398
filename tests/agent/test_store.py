"""The store: nothing is lost, nothing is doubled, and what goes wrong is one line."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from agent.store import SCHEMA_VERSION, IncidentFilter, Store, StoreError
from agent.store.engine import database_url, open_engine, shown
from agent.store.migrate import MIGRATIONS, VERSION_TABLE
from agent.store.tables_service import Base
from agent.verdict import Assessment, Intent, Severity
from pipeline.model import Cause, CoverageStatus, EventState, ScanResult, ScanStatus
from tests.agent.postgres import postgres_server
from tests.agent.stored import BLACK, SILENCE, assessment, coverage, incident, scan, verdict

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "vidette.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(str(path)) as opened:
        yield opened


def _count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own name
    connection.close()
    return int(found)


def test_what_is_saved_comes_back_as_it_was(store: Store) -> None:
    store.save(assessment(incident()), "default", NOON, identity="/media/a.mp4")
    (found,) = store.incidents()
    assert found.incident.events[1].value == float("-inf")
    assert found.incident.events[1].evidence == {"lowest_dbfs": None}
    assert replace(found.incident, events=()) == replace(incident(), events=())
    assert found.incident.events[0] == BLACK
    assert found.verdict == verdict()
    assert (found.url, found.profile, found.gone_at) == ("a.mp4", "default", None)
    assert (found.first_seen_at, found.last_seen_at) == (NOON, NOON)


def test_a_second_run_updates_and_does_not_double(store: Store, path: Path) -> None:
    store.save(assessment(incident()), "default", NOON)
    changed = incident(end_s=16.0, state=EventState.RESOLVED)
    store.save(assessment(changed), "default", LATER)
    (found,) = store.incidents()
    assert found.incident.end_s == 16.0
    assert (found.first_seen_at, found.last_seen_at) == (NOON, LATER)
    assert [_count(path, name) for name in ("inputs", "scans", "incidents", "events", "verdicts")] == [
        1,
        2,
        1,
        2,
        1,
    ]


def test_a_changed_verdict_adds_a_row_and_the_history_is_kept(store: Store) -> None:
    milder = verdict(severity=Severity.MINOR, intent=Intent.PLANNED)
    store.save(assessment(incident()), "default", NOON)
    store.save(assessment(incident(), judged=milder), "default", LATER)
    store.save(assessment(incident(), judged=replace(milder, confidence=0.9000001)), "default", LATER)
    (found,) = store.incidents()
    assert found.verdict == milder
    assert [item.verdict.severity for item in found.history] == [Severity.CRITICAL, Severity.MINOR]
    assert all(item.judged_at.tzinfo is UTC for item in found.history)


def test_an_event_that_is_no_longer_part_is_kept_but_not_shown(store: Store, path: Path) -> None:
    store.save(assessment(incident()), "default", NOON)
    store.save(assessment(incident("1nc1de0000000001", BLACK)), "default", LATER)
    assert [event.check for event in store.incident("1nc1").incident.events] == ["black"]
    assert _count(path, "events") == 2


CLEAN = coverage(black=CoverageStatus.CLEAN, silence=CoverageStatus.CLEAN)
BLIND = coverage(black=CoverageStatus.CLEAN, silence=CoverageStatus.NOT_ASSESSABLE)


@pytest.mark.parametrize(
    ("later", "profile", "gone"),
    [
        (scan(coverage=CLEAN), "default", True),
        (scan(coverage=CLEAN), "ebu-r128", False),
        (scan(coverage=CLEAN, interrupted=True, covered_s=1.0), "default", False),
        (scan(coverage=BLIND), "default", False),
        (scan(coverage=()), "default", False),
        (ScanResult("a.mp4", ScanStatus.NOT_ASSESSABLE, "a.mp4: there is no such file"), "default", False),
    ],
    ids=["complete", "another profile", "interrupted", "a check was blind", "no coverage", "not assessable"],
)
def test_only_a_scan_that_would_have_seen_it_says_that_it_is_gone(
    store: Store, later: ScanResult, profile: str, gone: bool
) -> None:
    store.save(assessment(incident()), "default", NOON)
    store.save(Assessment(later, {}), profile, LATER)
    (found,) = store.incidents()
    assert (found.gone_at is not None) is gone
    assert found.last_seen_at == NOON
    assert len(store.incidents(IncidentFilter(gone=False))) == (0 if gone else 1)


def test_an_incident_that_comes_back_stands_again(store: Store) -> None:
    store.save(assessment(incident()), "default", NOON)
    store.save(assessment(coverage=CLEAN), "default", LATER)
    store.save(assessment(incident()), "default", LATER + timedelta(hours=1))
    assert store.incident("1nc1").gone_at is None


def test_a_scan_of_another_input_touches_nothing(store: Store) -> None:
    store.save(assessment(incident()), "default", NOON, identity="/media/a.mp4")
    store.save(assessment(coverage=CLEAN), "default", LATER, identity="/elsewhere/a.mp4")
    assert store.incident("1nc1").gone_at is None


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (IncidentFilter(), ["c3", "a1", "b2"]),
        (IncidentFilter(severity=Severity.INFO), ["c3", "a1", "b2"]),
        (IncidentFilter(severity=Severity.MAJOR), ["a1"]),
        (IncidentFilter(severity=Severity.CRITICAL), ["a1"]),
        (IncidentFilter(cause=Cause.AUDIO_LOSS), ["c3"]),
        (IncidentFilter(input="100%"), ["c3"]),
        (IncidentFilter(input="/media/"), ["c3", "a1", "b2"]),
        (IncidentFilter(since=LATER), ["c3"]),
        (IncidentFilter(since=LATER + timedelta(microseconds=1)), []),
        (IncidentFilter(limit=2), ["c3", "a1"]),
        (IncidentFilter(severity=Severity.MINOR, input="a.mp4", limit=5), ["a1", "b2"]),
    ],
)
def test_filters(store: Store, wanted: IncidentFilter, ids: list[str]) -> None:
    first = scan(incident("a1", BLACK), incident("b2", SILENCE, start_s=20.0))
    judged = {"a1": verdict(), "b2": verdict(severity=Severity.MINOR)}
    store.save(Assessment(first, judged), "default", NOON, identity="/media/a.mp4")
    third = assessment(
        incident("c3", cause=Cause.AUDIO_LOSS), judged=verdict(severity=Severity.INFO), url="100%.mp4"
    )
    store.save(third, "default", LATER, identity="/media/100%.mp4")
    assert [found.incident.id for found in store.incidents(wanted)] == ids


def test_an_id_is_found_by_a_unique_beginning(store: Store) -> None:
    store.save(assessment(incident("abc1"), incident("abd2")), "default", NOON)
    assert store.incident("ABC").incident.id == "abc1"
    with pytest.raises(
        StoreError, match="several incidents begin with 'ab': abc1, abd2; give more of the id"
    ):
        store.incident("ab")
    for unknown in ("zz", "", "%", "a_c"):
        with pytest.raises(StoreError, match="no incident"):
            store.incident(unknown)


def test_odd_names_are_stored(store: Store) -> None:
    odd = "caf\udce9\n[red]\0.mp4"
    store.save(assessment(incident(), url=odd), "default", NOON, identity=f"/media/{odd}")
    store.save(assessment(incident(), url=odd), "default", LATER, identity=f"/media/{odd}")
    (found,) = store.incidents()
    assert found.url == "caf\\udce9\n[red]\\x00.mp4"


def test_a_time_without_a_zone_is_refused_and_nothing_is_kept(store: Store, path: Path) -> None:
    with pytest.raises(StoreError, match="time zone"):
        store.save(assessment(incident()), "default", datetime(2026, 11, 24))  # noqa: DTZ001 - the point
    assert _count(path, "inputs") == 0


def test_times_of_another_zone_come_back_in_utc(store: Store) -> None:
    store.save(assessment(incident()), "default", NOON.astimezone(None))
    assert store.incident("1nc1").first_seen_at.isoformat() == "2026-11-24T12:00:00+00:00"


def test_the_migrations_make_the_tables_of_the_classes(store: Store, path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == SCHEMA_VERSION
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_two_processes_may_write_at_once(path: Path) -> None:
    def save(number: int) -> None:
        with Store.open(str(path)) as store:
            for _ in range(5):
                store.save(assessment(incident(f"1nc{number}")), "default", NOON, identity="/media/a.mp4")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (_count(path, "scans"), _count(path, "inputs"), _count(path, "incidents")) == (20, 1, 4)


def test_a_killed_writer_leaves_all_of_a_scan_or_nothing(path: Path) -> None:
    program = textwrap.dedent("""
        import itertools, sys
        from datetime import UTC, datetime
        from agent.store import Store
        from tests.agent.stored import BLACK, SILENCE, assessment, incident
        with Store.open(sys.argv[1]) as store:
            for run in itertools.count():
                found = [incident(f"{run:08x}{n:08x}", BLACK, SILENCE) for n in range(20)]
                store.save(assessment(*found), "default", datetime.now(UTC))
                print(run, flush=True)
    """)
    command = [sys.executable, "-c", program, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGKILL)
    assert told[-1].strip() == "2"
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    scans = _count(path, "scans")
    assert scans >= 3
    counts = [_count(path, name) for name in ("incidents", "events", "verdicts")]
    assert counts == [20 * scans, 40 * scans, 20 * scans]


def test_a_newer_schema_is_left_alone(store: Store, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608 - our own name
    connection.close()
    with pytest.raises(
        StoreError, match=rf"newer vidette \(schema 9999, this knows {SCHEMA_VERSION}\); upgrade"
    ):
        Store.open(str(path))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to be looked at " * 40)
    with pytest.raises(StoreError, match=r"notes\.txt is no SQLite database; move it away, or give another"):
        Store.open(str(other))
    assert other.read_text().startswith("not a database")


def test_a_damaged_database(store: Store, path: Path) -> None:
    store.save(assessment(incident()), "default", NOON)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    with (
        pytest.raises(StoreError, match=r"is damaged; move it away, restore a copy"),
        Store.open(str(path)) as opened,
    ):
        opened.incidents()


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder; give the path of a file"):
        Store.open(str(tmp_path))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"folder .*file/below cannot be made: .*; give another with --db"):
        Store.open(str(tmp_path / "file" / "below" / "x.db"))


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import os, sys
        import sqlalchemy.dialects.sqlite
        from agent.store import Store, StoreError
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            Store.open(sys.argv[1])
        except StoreError as exc:
            print(exc)
    """)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    for parent in (tmp_path, *list(tmp_path.parents)[:3]):
        os.chmod(parent, 0o755)  # noqa: S103 - the other user has to reach the folder
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, str(folder / "x.db")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "x.db cannot be opened; check the permissions of it and its folder" in done.stdout
    assert done.stdout.count("\n") == 1


def test_a_locked_store(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.store.engine.BUSY_TIMEOUT_MS", 50)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with Store.open(str(path)) as second, pytest.raises(StoreError, match="is locked by another process"):
            second.save(assessment(incident()), "default", NOON)
    finally:
        other.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://root:secret@db/x", "the store cannot be mysql; give sqlite"),
        ("://", "URL cannot be read"),
        ("postgresql://u:secret@127.0.0.1:1/x", "cannot be reached"),
    ],
)
def test_a_wrong_url_is_one_line_without_the_password(url: str, told: str) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match=told) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("x.db", "x.db"),
        ("odd % ? # name.db", "odd % ? # name.db"),
        ("sqlite:///x.db", "x.db"),
        ("postgres://u:p@h/d?sslpassword=p", "postgresql+psycopg://u:***@h/d"),
    ],
)
def test_the_name_of_a_store(url: str, name: str) -> None:
    assert shown(database_url(url)) == name


def test_postgresql_keeps_the_same() -> None:
    with postgres_server() as url, Store.open(url) as store, Store.open(url) as second:
        store.save(assessment(incident(), url="caf\udce9\0.mp4"), "default", NOON)
        milder = assessment(incident(), judged=verdict(severity=Severity.INFO), url="caf\udce9\0.mp4")
        second.save(milder, "default", LATER)
        store.save(assessment(coverage=CLEAN), "default", LATER, identity="caf\udce9\0.mp4")
        found = store.incident("1nc1")
        assert found.incident.events[1].value == float("-inf")
        assert found.first_seen_at == NOON
        assert found.gone_at is not None
        assert len(found.history) == 2
        assert store.incidents(IncidentFilter(severity=Severity.MAJOR)) == []
        engine = open_engine(database_url(url))
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
            assert compare_metadata(context, Base.metadata) == []
            assert connection.execute(text("SELECT count(*) FROM scans")).scalar() == 3
        engine.dispose()


def test_the_words_for_a_lowered_severity_are_kept(store: Store) -> None:
    quoted = verdict(severity=Severity.INFO, quote="planned work until 04:00")
    store.save(assessment(incident(), judged=quoted), "default", NOON)
    kept = store.incident("1nc1de").verdict
    assert kept is not None
    assert kept.quote == "planned work until 04:00"
