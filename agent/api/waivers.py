"""Waivers: what is let through until a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from agent.api.auth import Reader, Writer
from agent.api.bodies import WaiverBody
from agent.api.documents import json_answer, tagged, waiver_document
from agent.api.idempotency import IdempotentRoute
from agent.api.models import Waiver, WaiverList
from agent.api.problems import PROBLEMS, Problem
from agent.api.state import api_of
from agent.store.waivers import WaiverRequest, add_waiver, revoke_waiver, waiver_of_incident, waivers

__all__ = ["router"]

router = APIRouter(prefix="/v1/waivers", tags=["waivers"], route_class=IdempotentRoute)

BIGGEST_ID = 2**31 - 1


@router.post("", status_code=201, response_model=Waiver, responses=PROBLEMS)
def create(body: WaiverBody, request: Request, token: Writer) -> Response:
    """Let something through from the next scan on. What it explains is told in the scan as suppressed."""
    api, now = api_of(request), api_of(request).clock()
    with api.store.writing() as session:
        if body.incident is not None:
            if body.input is not None or body.checks or body.start_s is not None or body.end_s is not None:
                raise Problem(422, "give an incident, or an input and checks; not both")
            wanted = waiver_of_incident(session, body.incident, body.reason, body.expires_at)
        else:
            wanted = WaiverRequest(
                body.input or "",
                tuple(body.checks),
                body.reason,
                body.expires_at,
                body.start_s,
                body.end_s,
            )
        made = add_waiver(session, wanted, token.name, now)
    return json_answer(waiver_document(made, now), 201, {"Location": f"/v1/waivers/{made.id}"})


@router.get("", response_model=WaiverList, responses=PROBLEMS)
def listed(
    request: Request,
    token: Reader,
    after: Annotated[int, Query(ge=0, le=BIGGEST_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    """Waivers in order of their ids, those that have ended too."""
    api = api_of(request)
    with api.store.reading() as session:
        found = waivers(session, after_id=after, limit=limit + 1)
    rows = [waiver_document(waiver, api.clock()) for waiver in found[:limit]]
    return tagged(request, {"waivers": rows, "next": rows[-1]["id"] if len(found) > limit else None})


@router.delete("/{waiver_id}", response_model=Waiver, responses=PROBLEMS)
def revoke(waiver_id: Annotated[int, Path(ge=1, le=BIGGEST_ID)], request: Request, token: Writer) -> Response:
    """Take it back."""
    api, now = api_of(request), api_of(request).clock()
    with api.store.writing() as session:
        found = revoke_waiver(session, waiver_id, token.name, now)
    return json_answer(waiver_document(found, now))
