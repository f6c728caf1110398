"""Jobs done by real workers: what dies costs a try and nothing else, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import pytest

from agent.jobs.plan import Places, WorkPlan
from agent.jobs.supervisor import Supervisor
from agent.store import Store
from agent.store.changes import history_of
from agent.store.evidence import signals_of, still_of, stills_of
from agent.store.jobs import JobKind, JobRequest, JobState, StoredJob, ask_to_cancel, enqueue, job
from agent.store.tables import ScanRow
from agent.store.waivers import WaiverRequest, add_waiver
from agent.verdict import Severity
from pipeline.model import ScanStatus
from pipeline.source import redact
from tests.agent.slow_server import SlowFile, slow_server
from tests.clips import black, moving, write_clip

T = TypeVar("T")
PATIENCE_S = 240.0
"""Kernels may have to be compiled, on a machine that has other things to do."""


@pytest.fixture(scope="module")
def clip(clip_folder: Path) -> Path:
    """Five seconds of pictures, black from 1 s to 4 s."""
    pictures = chain(moving(25), black(75), moving(25, first=100))
    return write_clip(clip_folder / "job.ts", pictures=pictures)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Store]:
    with Store.open(str(folder / "vidette.db")) as opened:
        yield opened


@pytest.fixture(scope="module")
def supervisor(folder: Path, store: Store) -> Iterator[Supervisor]:
    plan = WorkPlan(
        store=str(folder / "vidette.db"),
        data_dir=str(folder),
        triage="rules",
        allow_networks=("127.0.0.1",),
        lease_s=5.0,
    )
    running = Supervisor(store, plan, 1)
    running.start()
    yield running
    running.stop()


def until(look: Callable[[], T]) -> T:
    """What ``look`` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


def ask(store: Store, url: str, **changes: object) -> str:
    kind = JobKind.URL if "://" in url else JobKind.FILE
    shown, identity = f"shown-{Path(url).name[:6]}", f"identity {redact(url)}"
    request = JobRequest(kind, url, shown, identity, **changes)  # type: ignore[arg-type]
    with store.writing() as session:
        return enqueue(session, request, "anna", datetime.now(UTC)).id


def read(store: Store, job_id: str) -> StoredJob:
    with store.reading() as session:
        return job(session, job_id)


def ended(store: Store, job_id: str) -> StoredJob:
    return until(lambda: found if (found := read(store, job_id)).over else None)


def test_a_job_is_scanned_judged_and_its_evidence_kept(
    store: Store, supervisor: Supervisor, clip: Path, folder: Path
) -> None:
    asked = ask(store, str(clip), labels={"channel": "one"})
    done = ended(store, asked)
    assert (done.state, done.status, done.error, done.attempts) == (JobState.DONE, ScanStatus.OK, None, 1)
    found = next(item for item in store.incidents() if item.url == "shown-job.ts")
    assert found.incident.input == f"identity {clip}"
    assert (found.labels, found.verdict.model) == ({"channel": "one"}, "rules")
    with store.reading() as session:
        assert [still.label for still in stills_of(session, found.incident.id)] == [
            "before",
            "onset",
            "middle",
            "end",
            "after",
        ]
        onset = still_of(session, found.incident.id, "onset")
        assert onset is not None and onset.jpeg.startswith(b"\xff\xd8")
        dark = next(row for row in signals_of(session, found.incident.id) if row["column"] == "dark_share")
        kinds = [change.kind for change in history_of(session, job_id=asked)]
    assert dark["thresholds"] == [{"check": "black", "level": 0.98, "bad": "above"}]
    assert kinds == ["scan.queued", "scan.started", "incident.opened", "scan.done"]
    assert (Places(folder).series(asked) / "series.json").is_file()


def test_what_a_request_tells_of_an_input_counts(store: Store, supervisor: Supervisor, clip: Path) -> None:
    url = f"{clip.parent}/../{clip.parent.name}/./{clip.name}"
    told = {"tier": "test", "note": [{"text": "line-up until noon"}]}
    assert ended(store, ask(store, url, context=told)).status is ScanStatus.OK
    found = next(item for item in store.incidents() if item.incident.input == f"identity {url}")
    assert found.verdict is not None and found.verdict.severity is Severity.INFO
    assert found.context == told


def test_what_is_waived_makes_no_incident(store: Store, supervisor: Supervisor, clip: Path) -> None:
    url = f"{clip.parent}/../{clip.parent.name}/{clip.name}"
    now = datetime.now(UTC)
    checks = ("black", "freeze", "duplicate_frames")
    wanted = WaiverRequest(f"identity {url}", checks, "a test", now + timedelta(days=1))
    with store.writing() as session:
        add_waiver(session, wanted, "anna", now)
    done = ended(store, ask(store, url))
    assert done.status is ScanStatus.OK
    assert [item for item in store.incidents() if item.incident.input == f"identity {url}"] == []


def _is_at(store: Store, job_id: str, attempt: int) -> bool:
    found = read(store, job_id)
    return found.state is JobState.RUNNING and found.attempts == attempt


def _is_past(store: Store, job_id: str, attempt: int) -> bool:
    found = read(store, job_id)
    return found.worker is None or found.attempts > attempt


def test_a_worker_that_dies_twice_costs_one_scan(store: Store, supervisor: Supervisor, clip: Path) -> None:
    with slow_server(SlowFile(clip, 0.5, stalls=True)) as file:
        asked = ask(store, file.url)
        for attempt in (1, 2):
            until(partial(_is_at, store, asked, attempt))
            file.half_way.wait(PATIENCE_S)
            (pid,) = supervisor.pids()
            os.kill(pid, signal.SIGKILL)
            until(partial(_is_past, store, asked, attempt))
        done = ended(store, asked)
    assert (done.state, done.status) == (JobState.DONE, ScanStatus.NOT_ASSESSABLE)
    assert "could not be scanned in 2 attempts: signal 9" in str(done.error)
    assert "secret" not in str(done)
    assert ended(store, ask(store, str(clip))).status is ScanStatus.OK


def test_a_job_that_runs_is_cancelled(store: Store, supervisor: Supervisor, clip: Path) -> None:
    with slow_server(SlowFile(clip, 0.5, stalls=True)) as file:
        asked = ask(store, file.url)
        until(lambda: read(store, asked).state is JobState.RUNNING)
        file.half_way.wait(PATIENCE_S)
        with store.writing() as session:
            ask_to_cancel(session, asked, "anna", datetime.now(UTC))
        done = ended(store, asked)
    assert (done.state, done.status, done.scan_id) == (JobState.CANCELLED, None, None)


def test_an_address_that_is_forbidden_says_so(store: Store, supervisor: Supervisor) -> None:
    done = ended(store, ask(store, "http://169.254.169.254/latest/meta-data"))
    assert done.status is ScanStatus.NOT_ASSESSABLE
    assert "169.254.169.254 is not an address of the public internet" in str(done.error)
    done = ended(store, ask(store, "nowhere.mp4", profile="no-such"))
    assert done.status is ScanStatus.NOT_ASSESSABLE
    assert "no-such" in str(done.error)


def test_a_stop_gives_the_job_back(store: Store, supervisor: Supervisor, clip: Path) -> None:
    with slow_server(SlowFile(clip, 0.5, stalls=True)) as file:
        asked = ask(store, file.url)
        until(lambda: read(store, asked).state is JobState.RUNNING)
        file.half_way.wait(PATIENCE_S)
        supervisor.stop()
    waiting = read(store, asked)
    with store.writing() as session:
        ask_to_cancel(session, asked, "anna", datetime.now(UTC))
    assert (waiting.state, waiting.attempts, waiting.worker) == (JobState.QUEUED, 0, None)
    assert supervisor.alive() == 0


def test_a_scan_that_stands_still_or_takes_too_long_is_ended(store: Store, clip: Path, folder: Path) -> None:
    plan = WorkPlan(
        store=str(folder / "vidette.db"),
        data_dir=str(folder),
        triage="rules",
        allow_networks=("127.0.0.1",),
        lease_s=5.0,
        stall_s=3.0,
    )
    with slow_server(SlowFile(clip, 0.5, stalls=True)) as file, running(store, plan):
        stalled = ended(store, ask(store, file.url))
    assert stalled.status is ScanStatus.NOT_ASSESSABLE
    assert "2 attempts: it stood still for too long" in str(stalled.error)
    hurried = replace(plan, stall_s=60.0, scan_s=2.0)
    with slow_server(SlowFile(clip, 0.5, stalls=True)) as file, running(store, hurried):
        late = ended(store, ask(store, file.url))
    # It ends with what it covered, or is ended where it waits for the server.
    assert late.state is JobState.DONE
    assert "2 s" in str(late.error)
    with store.reading() as session:
        row = session.get(ScanRow, late.scan_id)
        assert row is not None and (row.interrupted or row.error == late.error)


@contextmanager
def running(store: Store, plan: WorkPlan) -> Iterator[None]:
    """One worker, while the block runs."""
    others = Supervisor(store, plan, 1)
    others.start()
    try:
        yield
    finally:
        others.stop()


def test_a_worker_is_held_to_its_memory() -> None:
    program = "from agent.jobs.worker import limit; limit(1024); x = bytearray(2 << 30)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
