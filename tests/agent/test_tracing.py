"""Spans of a scan, its verdicts and a call of a model; none of them tells a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.calls import CallOutcome, ModelCall
from agent.models import open_model
from agent.policy import load_policy
from agent.service import Service
from agent.tracing import trace_call, traced
from pipeline.profile import load_profile
from tests.clips import black, moving, write_clip

SPANS = InMemorySpanExporter()


@pytest.fixture(scope="module", autouse=True)
def exporter() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(provider)


@pytest.fixture(autouse=True)
def empty() -> None:
    SPANS.clear()


def by_name() -> dict[str, ReadableSpan]:
    return {span.name: span for span in SPANS.get_finished_spans()}


def test_the_stages_of_a_scan_are_told(tmp_path: Path) -> None:
    pictures = chain(moving(25), black(75), moving(25, first=100))
    clip = write_clip(tmp_path / "black.mp4", pictures=pictures)
    service = Service(load_profile("default"), load_policy(None), None, lambda: open_model("rules"))
    service.check(str(clip))
    spans = by_name()
    assert {"scan", "decode", "measure", "decide", "triage"} <= spans.keys()
    whole = spans["scan"]
    for name in ("decode", "measure", "decide"):
        stage = spans[name]
        assert stage.parent is not None and whole.context is not None
        assert stage.parent.span_id == whole.context.span_id
        assert stage.attributes is not None
        assert float(stage.attributes["vidette.busy_s"]) > 0  # type: ignore[arg-type]
    assert (spans["triage"].attributes or {})["vidette.incidents"] == 1


def test_a_call_of_a_model_follows_the_conventions() -> None:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    call = ModelCall("1d", "remote", "gpt", "p@1", "00", at, 1.5, 200, 20, CallOutcome.TIMED_OUT)
    trace_call(call)
    [span] = SPANS.get_finished_spans()
    assert span.name == "chat gpt"
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.usage.input_tokens"] == 200
    assert attributes["error.type"] == "timed_out"
    assert span.start_time is not None and span.end_time is not None
    assert timedelta(microseconds=(span.end_time - span.start_time) / 1000) == timedelta(seconds=1.5)


def test_an_exception_is_told_by_its_kind_alone() -> None:
    with pytest.raises(ValueError, match="secret"), traced("notify", {"vidette.page": "p"}):
        raise ValueError("https://user:secret@hooks.example")
    [span] = SPANS.get_finished_spans()
    assert "secret" not in span.to_json()
    assert span.status.description == "ValueError"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[str]]]:
    """A collector that keeps the paths that spans were posted to."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


def test_spans_go_to_the_collector_that_is_named(collector: tuple[str, list[str]], clean_clip: Path) -> None:
    url, paths = collector
    command = [sys.executable, "-m", "agent.cli", "check", str(clean_clip), "--no-store", "--triage", "rules"]
    done = subprocess.run(
        command, env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": url}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "/v1/traces" in paths
