"""Health, metrics and logs of the service, as those who run it meet them."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agent.api.server import GRACE_S
from agent.calls import CallOutcome, ModelCall
from agent.logs import JsonFormatter, TextFormatter, logged, without_secrets
from agent.notify.errors import Retryable
from agent.store import Store
from agent.store.jobs import JobKind, JobRequest, enqueue, finish, lease
from agent.verdict import Assessment
from pipeline.model import ScanStatus
from tests.agent.api import client_of, make_app, token
from tests.agent.notify.notices import tree_of
from tests.agent.page_desk import Desk
from tests.agent.stored import assessment, incident
from tests.needs import needs_program

ID = "1dc1de0000000001"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "vidette.db")) as opened:
        yield opened


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    with client_of(make_app(tmp_path, store), token(store)) as found:
        yield found


def _scanned(store: Store) -> str:
    """A scan of 42 s that found one critical incident; its id."""
    with store.writing() as session:
        asked = enqueue(session, JobRequest(JobKind.FILE, "/a.mp4", "a.mp4", "/a.mp4"), "anna", NOW)
        lease(session, "w", NOW, 60)
    call = ModelCall(
        at=NOW,
        incident=ID,
        backend="scripted",
        model="m",
        prompt="p",
        asked_sha256="0" * 64,
        tokens_in=100,
        tokens_out=20,
        latency_s=0.3,
        outcome=CallOutcome.ANSWERED,
    )
    found = assessment(incident(ID))
    found = Assessment(found.scan, found.verdicts, (call,))
    store.save(found, "default", NOW, identity="/a.mp4", job_id=asked.id)
    with store.writing() as session:
        finish(session, asked.id, "w", NOW + timedelta(seconds=42), ScanStatus.OK)
    return asked.id


def test_health_needs_no_token_and_says_what_is_wrong(client: TestClient, store: Store) -> None:
    nobody = TestClient(client.app)
    assert nobody.get("/healthz").json() == {"status": "ok", "why": []}
    assert nobody.get("/readyz").status_code == 200
    assert nobody.get("/metrics").status_code == 401
    store.engine.dispose()
    Path(store.engine.url.database or "").rename("away.db")
    try:
        answer = nobody.get("/readyz")
        assert (answer.status_code, answer.json()["why"]) == (503, ["the store cannot be read"])
        assert nobody.get("/healthz").status_code == 200
    finally:
        Path("away.db").replace(store.engine.url.database or "")


def test_metrics_count_what_happened_since_the_start(client: TestClient, store: Store) -> None:
    before = client.get("/metrics").text
    assert 'vidette_scans_total{status="ok"} 0.0' in before
    _scanned(store)
    client.app.state.metrics.delivered("desk", "told")  # type: ignore[attr-defined]
    for _ in range(2):
        text = client.get("/metrics").text
        for line in (
            'vidette_scans_total{status="ok"} 1.0',
            "vidette_scan_duration_seconds_sum 42.0",
            'vidette_incidents_total{severity="critical"} 1.0',
            'vidette_unresolved_incidents{severity="critical"} 1.0',
            'vidette_queue_scans{state="queued"} 0.0',
            'vidette_model_calls_total{backend="scripted",outcome="answered"} 1.0',
            'vidette_model_tokens_total{backend="scripted",direction="in"} 100.0',
            'vidette_deliveries_total{destination="desk",outcome="told"} 1.0',
        ):
            assert line in text.splitlines()


def test_promtool_has_nothing_to_say(client: TestClient, store: Store) -> None:
    promtool = needs_program("promtool")
    _scanned(store)
    client.app.state.metrics.delivered("desk", "later")  # type: ignore[attr-defined]
    said = subprocess.run(
        [promtool, "check", "metrics"],
        input=client.get("/metrics").text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_every_metric_is_in_the_docs(client: TestClient) -> None:
    told = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    names = set(re.findall(r"# TYPE (vidette_\w+)", client.get("/metrics").text))
    assert {name for name in names if f"`{name}`" not in told} == set()


SERVE = """
import os, signal, sys, threading, time, socket, urllib.request
from agent.cli.app import run
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
told = []
def listen():
    url = f"http://127.0.0.1:{port}/v1/events"
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {sys.argv[2]}"})
    while True:
        try:
            stream = urllib.request.urlopen(asked)
            break
        except OSError:
            time.sleep(0.05)
    stream.readline()
    told.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGTERM)
    stream.read()
threading.Thread(target=listen).start()
status = run(["serve", "--port", str(port), "--workers", "0", "--log-format", "json", "--db", sys.argv[1]])
print(status, time.monotonic() - told[0])
"""


def test_told_to_end_it_waits_for_no_listener(store: Store, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVE, str(store.engine.url.database), token(store)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    status, took_s = ended.stdout.splitlines()[-1].split()
    assert status == "143"
    assert float(took_s) < GRACE_S
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert {line["process"] for line in lines} == {"service"}


class _Kept(logging.Handler):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter("service"))
        self.lines: list[dict[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


def test_one_id_leads_from_the_scan_to_the_message(store: Store, tmp_path: Path) -> None:
    desk = Desk(store, tree_of(tmp_path, '[route]\nto = ["desk"]\n'))
    outcomes: list[tuple[str, str]] = []
    desk.paging.deliverer.on_outcome = lambda *told: outcomes.append(told)
    desk["desk"].fails.append(Retryable("busy"))
    scan = _scanned(store)
    kept = _Kept()
    logger = logging.getLogger("agent.notify.deliver")
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    try:
        desk.paging.deliver()
        desk.clock.move(60)
        desk.paging.deliver()
    finally:
        logger.removeHandler(kept)
        logger.setLevel(logging.NOTSET)
    assert outcomes == [("desk", "later"), ("desk", "told")]
    line = kept.lines[-1]
    assert (line["scan"], line["page"], line["level"]) == (scan, desk["desk"].told[0].key, "info")
    assert line["message"].startswith(f"page {line['page']} to desk")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("https://anna:secret@a.example/x.m3u8", "https://...@a.example/x.m3u8"),
        ("GET https://a.example/x?token=secret&b=1 failed", "GET https://a.example/x?... failed"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ..."),
        ("token vdt_abcDEF-123_x ended", "token vdt_... ended"),
        ("xoxb-1-2-abc", "xox..."),
        ("https://hooks.slack.com/services/T0/B0/abc is gone", "https://hooks.slack.com/... is gone"),
        ("what is it?", "what is it?"),
    ],
)
def test_no_secret_is_in_a_line(told: str, shown: str) -> None:
    assert without_secrets(told) == shown


def test_text_of_others_makes_no_line_of_its_own() -> None:
    record = logging.LogRecord(
        "a", logging.WARNING, "", 0, "bad\nERROR service: %s", ("\x1b[31mx\ud800",), None
    )
    with logged(scan="ab", page=""):
        text = TextFormatter("worker").format(record)
        line = JsonFormatter("worker").format(record)
    assert text == "WARNING worker: bad ERROR service:  [31mx\\ud800 scan=ab"
    assert json.loads(line) | {"at": ""} == {
        "at": "",
        "level": "warning",
        "process": "worker",
        "logger": "a",
        "message": "bad ERROR service:  [31mx\\ud800",
        "scan": "ab",
    }
    assert "scan" not in TextFormatter("worker").format(record)
