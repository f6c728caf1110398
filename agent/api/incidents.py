"""Incidents: lists, one with everything, and what belongs to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from agent.api.auth import Reader
from agent.api.documents import (
    change_document,
    feedback_document,
    incident_detail,
    incident_tag,
    line_document,
    tagged,
    verdicts_document,
)
from agent.api.models import ChangeList, FeedbackList, IncidentDetail, IncidentList, SignalList, VerdictList
from agent.api.problems import PROBLEMS, Problem
from agent.api.state import Api, api_of
from agent.store import StoredIncident
from agent.store.changes import history_of
from agent.store.evidence import signals_of, still_of, stills_of
from agent.store.life import Status, feedback_of, require_incident
from agent.store.listing import IncidentQuery, Sort, incident_page
from agent.store.lookup import incident_of
from agent.verdict import Severity
from pipeline.model import Cause
from pipeline.text import clean

__all__ = ["IncidentId", "found_incident", "router"]

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])

IncidentId = Annotated[str, Path(pattern="^[0-9a-z]{1,16}$", examples=["bda254835c7a48e9"])]
STILL = "^(before|onset|middle|end|after)$"


@router.get("", response_model=IncidentList, responses=PROBLEMS)
async def incidents(
    request: Request,
    token: Reader,
    severity: Annotated[list[Severity], Query()] = [],  # noqa: B006 - FastAPI copies it
    cause: Annotated[list[Cause], Query()] = [],  # noqa: B006
    status: Annotated[list[Status], Query()] = [],  # noqa: B006
    check: Annotated[list[str], Query(max_length=40)] = [],  # noqa: B006
    input: Annotated[str | None, Query(max_length=400, description="A part of the path or URL.")] = None,
    label: Annotated[list[str], Query(max_length=16, description="`name:value`.")] = [],  # noqa: B006
    since: Annotated[datetime | None, Query(description="Last seen at or after this time.")] = None,
    until: Annotated[datetime | None, Query(description="Last seen before this time.")] = None,
    muted: bool | None = None,
    assignee: Annotated[str | None, Query(max_length=200)] = None,
    sort: Sort = Sort.LAST_SEEN,
    order: Annotated[str, Query(pattern="^(asc|desc)$")] = "desc",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Incidents that match, page by page: `next` is the `cursor` of the page after this one."""
    wanted = IncidentQuery(
        severities=severity,
        causes=cause,
        statuses=status,
        checks=check,
        input=input,
        labels=dict(_label(item) for item in label),
        since=_aware(since),
        until=_aware(until),
        muted=muted,
        assignee=assignee,
        sort=sort,
        descending=order == "desc",
        limit=limit,
        cursor=cursor,
    )
    page = await api_of(request).reading(lambda session: incident_page(session, wanted))
    return tagged(request, {"incidents": [line_document(line) for line in page.rows], "next": page.next})


@router.get("/{incident_id}", response_model=IncidentDetail, responses=PROBLEMS)
async def incident(incident_id: IncidentId, request: Request, token: Reader) -> Response:
    """One incident with its events, its evidence, and the verdict that holds. The ETag is for `If-Match`."""
    found, stills = await api_of(request).reading(
        lambda session: (incident_of(session, incident_id), stills_of(session, incident_id))
    )
    return tagged(request, incident_detail(found, stills), incident_tag(found.revision, found.last_seen_at))


@router.get("/{incident_id}/verdicts", response_model=VerdictList, responses=PROBLEMS)
def verdicts(incident_id: IncidentId, request: Request, token: Reader) -> Response:
    """Every verdict that it has had, oldest first: the rules' comes before the model's."""
    return tagged(request, verdicts_document(found_incident(api_of(request), incident_id)))


@router.get("/{incident_id}/history", response_model=ChangeList, responses=PROBLEMS)
def history(incident_id: IncidentId, request: Request, token: Reader) -> Response:
    """Everything that happened to it, and by whom."""
    with api_of(request).store.reading() as session:
        require_incident(session, incident_id)
        changes = history_of(session, incident_id=incident_id)
    return tagged(request, {"changes": [change_document(change) for change in changes]})


@router.get("/{incident_id}/signals", response_model=SignalList, responses=PROBLEMS)
def signals(incident_id: IncidentId, request: Request, token: Reader) -> Response:
    """What was measured around it, thinned for a plot, with the lines that its checks draw."""
    with api_of(request).store.reading() as session:
        require_incident(session, incident_id)
        return tagged(request, {"signals": signals_of(session, incident_id)})


@router.get("/{incident_id}/feedback", response_model=FeedbackList, responses=PROBLEMS)
def feedback(incident_id: IncidentId, request: Request, token: Reader) -> Response:
    """What people said of it."""
    with api_of(request).store.reading() as session:
        require_incident(session, incident_id)
        rows = [feedback_document(given) for given in feedback_of(session, incident_id)]
    return tagged(request, {"feedback": rows})


@router.get(
    "/{incident_id}/stills/{label}.jpg",
    response_class=Response,
    responses={**PROBLEMS, 200: {"description": "A picture.", "content": {"image/jpeg": {}}}},
)
def still(
    incident_id: IncidentId, label: Annotated[str, Path(pattern=STILL)], request: Request, token: Reader
) -> Response:
    """One picture of its filmstrip."""
    with api_of(request).store.reading() as session:
        found = still_of(session, incident_id, label)
    if found is None:
        raise Problem(404, f"there is no such picture of incident {clean(incident_id)}")
    return Response(found.jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


def found_incident(api: Api, incident_id: str) -> StoredIncident:
    """The incident of that id.

    Raises:
        NotFound: there is none.
    """
    return api.store.incident_of(incident_id)


def _label(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) or len(value) > 200:
        raise Problem(422, "label: write name:value")
    return name, value


def _aware(time: datetime | None) -> datetime | None:
    """UTC unless it says."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
