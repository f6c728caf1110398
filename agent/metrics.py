"""What Prometheus is told. What happened is counted from the feed, for scans run in other processes.

At each scrape the feed is read on from where the last one ended, so the counters grow from the start of this
process and never fall, whatever retention takes from the store; what is now (queues, unresolved incidents)
is asked of the store.
"""

from __future__ import annotations

import threading

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.about import version
from agent.store import Store
from agent.store.changes import Change, ChangeKind, changes_after, newest_change
from agent.store.counts import jobs_waiting, pages_by_state, unresolved_by_severity
from agent.store.tables_service import JobRow, ModelCallRow
from agent.verdict import Severity
from pipeline.model import ScanStatus

__all__ = ["CANCELLED", "DELIVERED", "Metrics"]

BATCH = 500
CANCELLED = "cancelled"
DELIVERED = ("told", "later", "refused", "dropped")
"""What can become of an attempt to deliver a page."""
SCAN_S = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
MODEL_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one service; ``text`` is what a scrape gets."""

    def __init__(self, store: Store) -> None:
        # When a counter was made is no metric that anybody asked for, and doubles their number.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._store, self._lock = store, threading.Lock()
        with store.reading() as session:
            self._change, self._call = newest_change(session), _newest_call(session)
        own = self._registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self._scans = Counter("vidette_scans", "Scans that ended.", ["status"], registry=own)
        self._retries = Counter("vidette_scan_retries", "Scans whose worker died.", registry=own)
        self._scan_s = Histogram(
            "vidette_scan_duration_seconds", "From start to end of a scan.", buckets=SCAN_S, registry=own
        )
        self._opened = Counter("vidette_incidents", "Incidents found anew.", ["severity"], registry=own)
        self._calls = Counter(
            "vidette_model_calls", "Questions to a model.", ["backend", "outcome"], registry=own
        )
        self._call_s = Histogram(
            "vidette_model_call_duration_seconds",
            "How long a model took.",
            ["backend"],
            buckets=MODEL_S,
            registry=own,
        )
        self._tokens = Counter(
            "vidette_model_tokens", "Tokens, in and out.", ["backend", "direction"], registry=own
        )
        self._deliveries = Counter(
            "vidette_deliveries", "Attempts to tell a page.", ["destination", "outcome"], registry=own
        )
        self._queue = Gauge("vidette_queue_scans", "Scans that wait or run.", ["state"], registry=own)
        self._unresolved = Gauge(
            "vidette_unresolved_incidents", "Incidents not resolved.", ["severity"], registry=own
        )
        self._pages = Gauge("vidette_pages", "Pages in the outbox.", ["state"], registry=own)
        self._listeners = Gauge("vidette_feed_clients", "Clients that hear the feed.", registry=own)
        built = Gauge("vidette_build_info", "The version that runs.", ["version"], registry=own)
        built.labels(version()).set(1)
        for status in (*ScanStatus, CANCELLED):
            self._scans.labels(str(status))
        for severity in (*Severity, "unjudged"):
            self._opened.labels(str(severity))

    def delivered(self, destination: str, outcome: str) -> None:
        """A page was told, put off, refused or dropped."""
        self._deliveries.labels(destination, outcome).inc()

    def text(self, listeners: int) -> bytes:
        """The metrics as they are now, in Prometheus' text format.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._lock:
            self._count_on()
            self._look()
            self._listeners.set(listeners)
            return generate_latest(self._registry)

    def _count_on(self) -> None:
        while True:
            with self._store.reading() as session:
                found = changes_after(session, self._change, limit=BATCH)
                for change in found:
                    self._count(session, change)
                    self._change = change.id
                calls = session.scalars(
                    select(ModelCallRow)
                    .where(ModelCallRow.id > self._call)
                    .order_by(ModelCallRow.id)
                    .limit(BATCH)
                ).all()
                for call in calls:
                    self._count_call(call)
                    self._call = call.id
            if max(len(found), len(calls)) < BATCH:
                return

    def _count(self, session: Session, change: Change) -> None:
        if change.kind == ChangeKind.INCIDENT_OPENED:
            self._opened.labels(change.data.get("severity") or "unjudged").inc()
        elif change.kind == ChangeKind.SCAN_RETRIED:
            self._retries.inc()
        elif change.kind == ChangeKind.SCAN_CANCELLED:
            self._scans.labels(CANCELLED).inc()
        elif change.kind == ChangeKind.SCAN_DONE:
            row = session.get(JobRow, change.job_id)
            self._scans.labels((row.status if row else None) or ScanStatus.OK.value).inc()
            if row is not None and row.started_at is not None and row.ended_at is not None:
                self._scan_s.observe((row.ended_at - row.started_at).total_seconds())

    def _count_call(self, call: ModelCallRow) -> None:
        self._calls.labels(call.backend, call.outcome).inc()
        self._call_s.labels(call.backend).observe(call.latency_s)
        self._tokens.labels(call.backend, "in").inc(call.tokens_in or 0)
        self._tokens.labels(call.backend, "out").inc(call.tokens_out or 0)

    def _look(self) -> None:
        with self._store.reading() as session:
            queue, pages = jobs_waiting(session), pages_by_state(session)
            unresolved = unresolved_by_severity(session)
        for gauge, counts in ((self._queue, queue), (self._pages, pages), (self._unresolved, unresolved)):
            gauge.clear()
            for name, count in counts.items():
                gauge.labels(name).set(count)


def _newest_call(session: Session) -> int:
    return session.scalar(select(func.max(ModelCallRow.id))) or 0
