"""OpenTelemetry: where spans go, and the spans of what the agent does.

Spans go to the collector that the standard variables name (``OTEL_EXPORTER_OTLP_ENDPOINT``); without
one, nothing is traced. No span holds a text of the media, an address with its secrets, or what a model
was sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from agent.about import version
from agent.calls import CallOutcome, ModelCall
from pipeline.errors import UsageError
from pipeline.spans import TRACER

__all__ = ["start_tracing", "trace_call", "traced"]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start_tracing() -> None:
    """Send spans to the collector of the environment, if it names one.

    Raises:
        UsageError: it does, and the extra is not installed.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return
    if find_spec("opentelemetry.exporter") is None or find_spec("opentelemetry.sdk") is None:
        raise UsageError(f"{ENDPOINTS[0]} is set, and tracing needs more: pip install 'vidette[otel]'")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource.create({"service.name": "vidette", "service.version": version()})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def traced(name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
    """A span around the block. An exception marks it failed by its kind alone: its text may hold a secret."""
    with TRACER.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as exc:
            span.set_status(Status(StatusCode.ERROR, type(exc).__name__))
            raise


def trace_call(call: ModelCall) -> None:
    """A span for a call of a model, by the conventions for generative AI."""
    end_ns = int(call.at.timestamp() * 1e9)
    span = TRACER.start_span(
        f"chat {call.model}",
        start_time=end_ns - int(call.latency_s * 1e9),
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": call.backend,
            "gen_ai.request.model": call.model,
            "gen_ai.usage.input_tokens": call.tokens_in,
            "gen_ai.usage.output_tokens": call.tokens_out,
            "vidette.incident": call.incident,
            "vidette.prompt": call.prompt,
            "vidette.repaired": call.repaired,
        },
    )
    if call.outcome is not CallOutcome.ANSWERED:
        span.set_attribute("error.type", call.outcome.value)
        span.set_status(Status(StatusCode.ERROR, call.outcome.value))
    span.end(end_time=end_ns)
