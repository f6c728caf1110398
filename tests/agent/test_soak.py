"""The soak in short, on both databases: kills lose and double nothing; and a stop in order."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

from agent.store import Store
from agent.store.changes import ChangeKind, record_change
from agent.store.jobs import JobState, job
from scripts.running import Service
from scripts.soak import Outcome, soak
from scripts.soak_parts import Client, Input, judged_incidents
from tests.agent.postgres import postgres_server
from tests.agent.slow_server import SlowFile, slow_server
from tests.agent.stored import BLACK, assessment, incident
from tests.clips import moving, write_clip

GRACE_S = 40.0
"""For requests 15 s, then for workers 10 s; the machine may have other things to do."""


def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    _require(soak(str(tmp_path / "vidette.db"), tmp_path, incidents=8, kills=2, seed=1, say=len))


def test_kills_lose_and_double_nothing_on_postgresql(tmp_path: Path) -> None:
    with postgres_server() as db:
        _require(soak(db, tmp_path, incidents=8, kills=2, seed=3, say=len))


def _require(outcome: Outcome) -> None:
    assert outcome.ok, outcome
    assert outcome.facts["incidents"] == 8
    assert outcome.facts["kills of the service"] == 1


def test_what_is_lost_or_doubled_is_seen(tmp_path: Path) -> None:
    inputs = [Input("file", tmp_path / "a.ts", "/media/a.ts", (12.0,))]
    now = datetime.now(UTC)
    with Store.open(str(tmp_path / "vidette.db")) as store:

        def seen() -> dict[str, int]:
            return {what: count for what, count in judged_incidents(store, inputs).items() if count}

        def found(identity: str, **changes: object) -> None:
            made = assessment(incident(identity, BLACK, **changes))
            store.save(made, "default", now, identity="/media/a.ts")

        assert seen() == {"incidents missing": 1}
        found("one")
        assert seen() == {}
        with store.writing() as session:
            record_change(session, ChangeKind.INCIDENT_OPENED, at=now, incident_id="one")
        assert seen() == {"incidents opened twice or never": 1}
        found("two")
        assert seen() == {"incidents opened twice or never": 1, "incidents stored twice": 1}
        found("far", start_s=90.0)
        assert seen()["incidents nobody put there"] == 1


def test_a_stop_in_order_gives_the_scan_back(tmp_path: Path, clip_folder: Path) -> None:
    clip = write_clip(clip_folder / "stop.ts", pictures=moving(75))
    settings = {"VIDETTE_ALLOW_NETWORKS": "127.0.0.1"}
    service = Service(str(tmp_path / "vidette.db"), tmp_path, workers=1, settings=settings)
    service.start()
    try:
        with slow_server(SlowFile(clip, 0.5, stalls=True)) as file, Store.open(service.db) as store:
            asked = Client(service).post("/v1/scans", "stop", json={"url": file.url}).json()["id"]
            assert file.half_way.wait(240)
            assert service.stop(GRACE_S) == 128 + signal.SIGTERM
            with store.reading() as session:
                waiting = job(session, asked)
    finally:
        service.kill()
    assert (waiting.state, waiting.attempts, waiting.worker) == (JobState.QUEUED, 0, None)
    assert service.worker_pids() == []
