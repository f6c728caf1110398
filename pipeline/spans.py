"""OpenTelemetry spans of a scan; they cost nothing until whoever runs vidette sets up an exporter.

Decoding, measuring and deciding take turns many times a second. So each is one span, as long as the
turns that it had together and begun with the scan: what it cost, and not when.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from opentelemetry import trace

__all__ = ["TRACER", "Stopwatch", "tell_stages"]

TRACER = trace.get_tracer("vidette")

_Item = TypeVar("_Item")


@dataclass(slots=True)
class Stopwatch:
    """How long something took, in its turns together."""

    seconds: float = 0.0

    def of(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """The same items; the time that they are waited for counts."""
        began = time.perf_counter()
        for item in items:
            self.seconds += time.perf_counter() - began
            yield item
            began = time.perf_counter()
        self.seconds += time.perf_counter() - began

    @contextmanager
    def running(self) -> Iterator[None]:
        """The time until the block ends counts."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began


def tell_stages(began_ns: int, **seconds: float) -> None:
    """A span for each stage of a scan that began at ``began_ns`` (Unix time) and had turns at all."""
    for name, busy_s in seconds.items():
        if busy_s > 0:
            span = TRACER.start_span(name, start_time=began_ns, attributes={"vidette.busy_s": busy_s})
            span.end(end_time=began_ns + int(busy_s * 1e9))
