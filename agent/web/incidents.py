"""Incidents for people: the list as they come, one with everything, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request, Response
from sqlalchemy.orm import Session

from agent.api.auth import Reader, Writer
from agent.api.incidents import IncidentId
from agent.api.state import api_of
from agent.store.changes import newest_change
from agent.store.counts import unresolved_by_severity
from agent.store.errors import NotFound, Unsound
from agent.store.life import (
    FeedbackKind,
    Status,
    acknowledge,
    assign,
    comment,
    give_feedback,
    mute,
    reopen,
    resolve,
    unmute,
)
from agent.store.listing import IncidentQuery, Sort, incident_page
from agent.store.lookup import incident_of
from agent.verdict import Severity
from agent.web.render import HEADERS, HOME, PageRoute, asked_by_htmx, page, see
from agent.web.view import incident_view, length
from pipeline.model import Cause

__all__ = ["router"]

UNRESOLVED = "unresolved"
STATUSES: Mapping[str, tuple[Status, ...]] = {
    UNRESOLVED: (Status.OPEN, Status.ACKNOWLEDGED),
    **{status.value: (status,) for status in Status},
    "all": (),
}
ROWS = 50

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Chosen = Annotated[str, Query(max_length=40)]


@router.get(HOME)
def incidents(
    request: Request,
    token: Reader,
    status: Chosen = UNRESOLVED,
    severity: Annotated[list[Severity], Query()] = [],  # noqa: B006 - FastAPI copies it
    cause: Chosen = "",
    input: Annotated[str, Query(max_length=400)] = "",
    sort: Sort = Sort.LAST_SEEN,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """The list, filtered; a browser is told of changes from the moment that the list was read."""
    if status not in STATUSES:
        raise Unsound(f"status must be one of {', '.join(STATUSES)}")
    wanted = IncidentQuery(
        severities=severity,
        causes=[_cause(cause)] if cause else [],
        statuses=STATUSES[status],
        input=input.strip() or None,
        sort=sort,
        limit=ROWS,
        cursor=cursor,
    )
    with api_of(request).store.reading() as session:
        found = incident_page(session, wanted)
        counts, newest = unresolved_by_severity(session), newest_change(session)
    chosen = {
        "status": status,
        "severity": [item.value for item in severity],
        "cause": cause,
        "input": input,
        "sort": sort.value,
    }
    return page(
        request,
        "incidents.html.j2",
        rows=[(line, length(line.start_s, line.end_s)) for line in found.rows],
        counts=counts,
        chosen=chosen,
        statuses=list(STATUSES),
        causes=list(Cause),
        sorts=list(Sort),
        severities=list(Severity),
        own=_url(chosen, cursor),
        more=_url(chosen, found.next) if found.next else "",
        first=_url(chosen, None) if cursor else "",
        newest=newest,
    )


@router.get("/incidents/{incident_id}")
def incident(incident_id: IncidentId, request: Request, token: Reader) -> Response:
    """One incident with everything that is stored of it."""
    with api_of(request).store.reading() as session:
        view = incident_view(session, incident_of(session, incident_id))
        newest = newest_change(session)
    return page(request, "incident.html.j2", view=view, severities=list(Severity), newest=newest)


@dataclass(frozen=True, slots=True)
class _Said:
    """What somebody wrote beside a button."""

    text: str
    severity: str


Act = Callable[[Session, str, str, datetime, _Said], object]


def _feedback(kind: FeedbackKind) -> Act:
    def give(session: Session, incident_id: str, actor: str, now: datetime, said: _Said) -> object:
        right = Severity(said.severity) if said.severity in list(Severity) else None
        return give_feedback(session, incident_id, kind, actor, now, severity=right, note=said.text)

    return give


def _comment(session: Session, incident_id: str, actor: str, now: datetime, said: _Said) -> object:
    if not said.text:
        raise Unsound("a comment needs some words")
    return comment(session, incident_id, said.text, actor, now)


ACTS: Mapping[str, Act] = {
    "acknowledge": lambda session, key, actor, now, said: acknowledge(session, key, actor, now),
    "resolve": lambda session, key, actor, now, said: resolve(session, key, actor, now, said.text),
    "reopen": lambda session, key, actor, now, said: reopen(session, key, actor, now, said.text),
    "mute": lambda session, key, actor, now, said: mute(session, key, actor, now),
    "unmute": lambda session, key, actor, now, said: unmute(session, key, actor, now),
    "assign": lambda session, key, actor, now, said: assign(session, key, said.text or None, actor, now),
    "comment": _comment,
    "false-alarm": _feedback(FeedbackKind.FALSE_ALARM),
    "wrong-severity": _feedback(FeedbackKind.WRONG_SEVERITY),
    "correct": _feedback(FeedbackKind.CORRECT),
}
"""The buttons of an incident. Each does what its namesake of the API does."""


@router.post("/incidents/{incident_id}/{act}")
def do(
    incident_id: IncidentId,
    act: Annotated[str, Path(max_length=40)],
    request: Request,
    token: Writer,
    text: Annotated[str, Form(max_length=4000)] = "",
    severity: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Do it; the views hear of it by the feed, and by ``changed`` at once."""
    api = api_of(request)
    if act not in ACTS:
        raise NotFound("there is nothing of that name to be done with an incident")
    with api.store.writing() as session:
        ACTS[act](session, incident_id, token.name, api.clock(), _Said(text.strip(), severity))
    api.wake()
    if asked_by_htmx(request):
        return Response(None, 204, {**HEADERS, "HX-Trigger": "changed"})
    return see(request, f"/incidents/{incident_id}")


def _cause(name: str) -> Cause:
    try:
        return Cause(name)
    except ValueError as exc:
        raise Unsound("there is no such cause") from exc


def _url(chosen: Mapping[str, Any], cursor: str | None) -> str:
    """The address of the list as it is chosen."""
    asked = {name: value for name, value in chosen.items() if value}
    if cursor:
        asked["cursor"] = cursor
    return f"{HOME}?{urlencode(asked, doseq=True)}"
