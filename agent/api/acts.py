"""What people do with an incident. Each answers with the incident as it is then; `If-Match` is honoured."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from agent.api.auth import Writer
from agent.api.bodies import AssignBody, CommentBody, FeedbackBody, NoteBody
from agent.api.documents import incident_detail, incident_tag, json_answer, require_match
from agent.api.idempotency import IdempotentRoute
from agent.api.incidents import IncidentId
from agent.api.models import IncidentDetail
from agent.api.problems import PROBLEMS
from agent.api.state import api_of
from agent.store.evidence import stills_of
from agent.store.life import (
    acknowledge,
    assign,
    comment,
    give_feedback,
    incident_row,
    mute,
    reopen,
    resolve,
    unmute,
)
from agent.store.lookup import incident_of

__all__ = ["router"]

router = APIRouter(prefix="/v1/incidents/{incident_id}", tags=["incidents"], route_class=IdempotentRoute)

NOTHING = NoteBody()


@router.post("/acknowledge", response_model=IncidentDetail, responses=PROBLEMS)
def acknowledge_it(incident_id: IncidentId, request: Request, token: Writer) -> Response:
    """Somebody has it."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda session: acknowledge(session, incident_id, token.name, now))


@router.post("/resolve", response_model=IncidentDetail, responses=PROBLEMS)
def resolve_it(
    incident_id: IncidentId, request: Request, token: Writer, body: NoteBody = NOTHING
) -> Response:
    """It is over. Found again by a later scan, it is open again."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda s: resolve(s, incident_id, token.name, now, body.note))


@router.post("/reopen", response_model=IncidentDetail, responses=PROBLEMS)
def reopen_it(incident_id: IncidentId, request: Request, token: Writer, body: NoteBody = NOTHING) -> Response:
    """It is not over, or whoever had it has it no more."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda s: reopen(s, incident_id, token.name, now, body.note))


@router.post("/mute", response_model=IncidentDetail, responses=PROBLEMS)
def mute_it(incident_id: IncidentId, request: Request, token: Writer) -> Response:
    """No more of it until it is resolved."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda session: mute(session, incident_id, token.name, now))


@router.post("/unmute", response_model=IncidentDetail, responses=PROBLEMS)
def unmute_it(incident_id: IncidentId, request: Request, token: Writer) -> Response:
    """Hear of it again."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda session: unmute(session, incident_id, token.name, now))


@router.post("/assign", response_model=IncidentDetail, responses=PROBLEMS)
def assign_it(incident_id: IncidentId, body: AssignBody, request: Request, token: Writer) -> Response:
    """Say whose it is."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda s: assign(s, incident_id, body.assignee, token.name, now))


@router.post("/comment", response_model=IncidentDetail, responses=PROBLEMS)
def comment_on_it(incident_id: IncidentId, body: CommentBody, request: Request, token: Writer) -> Response:
    """Something to remember with it; it is in the history."""
    now = api_of(request).clock()
    return _done(request, incident_id, lambda s: comment(s, incident_id, body.text, token.name, now))


@router.post("/feedback", response_model=IncidentDetail, responses=PROBLEMS)
def say(incident_id: IncidentId, body: FeedbackBody, request: Request, token: Writer) -> Response:
    """Say what is right or wrong with the verdict. A false alarm is resolved, and stays so."""
    now = api_of(request).clock()

    def give(session: Session) -> object:
        return give_feedback(
            session,
            incident_id,
            body.kind,
            token.name,
            now,
            severity=body.severity,
            cause=body.cause,
            note=body.note,
        )

    return _done(request, incident_id, give)


def _done(request: Request, incident_id: str, act: Callable[[Session], object]) -> Response:
    """Do it, if the client has seen what is there; the incident as it is then."""
    api = api_of(request)
    with api.store.writing() as session:
        row = incident_row(session, incident_id)
        require_match(request, incident_tag(row.revision, row.last_seen_at))
        act(session)
    api.wake()
    with api.store.reading() as session:
        found = incident_of(session, incident_id)
        document = incident_detail(found, stills_of(session, incident_id))
    tag = incident_tag(found.revision, found.last_seen_at)
    return json_answer(document, headers={"ETag": f'"{tag}"'})
