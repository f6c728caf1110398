"""How much there is of what: for the head of the page, for readiness and for metrics."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.store.jobs import JobState
from agent.store.life import Status
from agent.store.tables import IncidentRow
from agent.store.tables_pages import PageRow
from agent.store.tables_service import JobRow
from agent.verdict import Severity

__all__ = ["jobs_waiting", "pages_by_state", "unresolved_by_severity"]


def unresolved_by_severity(session: Session) -> Mapping[str, int]:
    """Incidents that nobody has resolved and that the newest scan still found, by severity, worst first.

    ``unjudged`` counts those without a verdict.
    """
    query = (
        select(IncidentRow.severity, func.count())
        .where(IncidentRow.status != Status.RESOLVED.value, IncidentRow.gone_at.is_(None))
        .group_by(IncidentRow.severity)
    )
    found = {severity or "unjudged": count for severity, count in session.execute(query)}
    return {name: found.get(name, 0) for name in (*(item.value for item in Severity), "unjudged")}


def jobs_waiting(session: Session) -> Mapping[str, int]:
    """Scans that wait, and that run."""
    states = (JobState.QUEUED.value, JobState.RUNNING.value)
    query = select(JobRow.state, func.count()).where(JobRow.state.in_(states)).group_by(JobRow.state)
    found = {state: count for state, count in session.execute(query)}
    return {state: found.get(state, 0) for state in states}


def pages_by_state(session: Session) -> Mapping[str, int]:
    """Pages that wait to be sent, that failed for good, and those that were told."""
    query = select(PageRow.state, func.count()).group_by(PageRow.state)
    return {state: count for state, count in session.execute(query)}
