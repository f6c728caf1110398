"""Scans for people: ask for one by address or upload, and see how far it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from agent.api import scans
from agent.api.auth import Reader, Writer
from agent.api.bodies import ScanBody
from agent.api.problems import Problem
from agent.api.state import api_of
from agent.store.changes import newest_change
from agent.store.jobs import StoredJob, job
from agent.store.listing import IncidentQuery, incident_page, job_page
from agent.store.scans import scan_document
from agent.web.render import HEADERS, PageRoute, asked_by_htmx, page, see
from agent.web.view import length
from pipeline.model import Mode
from pipeline.profile import BUILT_IN

__all__ = ["router"]

MOST_INCIDENTS = 200

router = APIRouter(prefix="/scans", route_class=PageRoute, include_in_schema=False)


@router.get("")
def listed(
    request: Request, token: Reader, cursor: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """Scans that were asked for, the newest first, and a form to ask for another."""
    with api_of(request).store.reading() as session:
        found, newest = job_page(session, cursor=cursor), newest_change(session)
    return page(
        request,
        "scans.html.j2",
        jobs=[(item, share_of(item)) for item in found.rows],
        own=f"/scans?cursor={cursor}" if cursor else "/scans",
        more=f"/scans?cursor={found.next}" if found.next else "",
        profiles=sorted(BUILT_IN),
        modes=list(Mode),
        newest=newest,
    )


@router.post("")
def ask(
    request: Request,
    token: Writer,
    url: Annotated[str, Form(max_length=4096)] = "",
    profile: Annotated[str, Form(max_length=64)] = "default",
    mode: Annotated[str, Form(max_length=16)] = Mode.FULL.value,
) -> Response:
    """Ask for the scan of an address, as ``POST /v1/scans`` does."""
    try:
        body = ScanBody.model_validate({"url": url.strip(), "profile": profile, "mode": mode})
    except ValidationError as exc:
        first = exc.errors()[0]
        raise Problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from exc
    answer = scans.ask(body, request, token)
    return see(request, answer.headers["location"].removeprefix("/v1"))


@router.get("/{scan_id}")
def one(scan_id: scans.ScanId, request: Request, token: Reader) -> Response:
    """One scan: live while it runs, then what it found."""
    with api_of(request).store.reading() as session:
        found = job(session, scan_id)
        rows, result = [], None
        if found.scan_id is not None:
            result = scan_document(session, found.scan_id)
            lines = incident_page(session, IncidentQuery(scan_id=found.scan_id, limit=MOST_INCIDENTS)).rows
            rows = [(line, length(line.start_s, line.end_s)) for line in lines]
        newest = newest_change(session)
    return page(
        request,
        "scan.html.j2",
        job=found,
        share=share_of(found),
        result=result,
        rows=rows,
        newest=newest,
    )


@router.post("/{scan_id}/cancel")
def cancel(scan_id: scans.ScanId, request: Request, token: Writer) -> Response:
    """Nobody wants it any more."""
    scans.cancel(scan_id, request, token)
    if asked_by_htmx(request):
        return Response(None, 204, {**HEADERS, "HX-Trigger": "changed"})
    return see(request, f"/scans/{scan_id}")


def share_of(job: StoredJob) -> int | None:
    """Percent that is done; None where nobody knows."""
    if job.over:
        return 100
    if job.done_s is None or not job.duration_s:
        return None
    return min(99, int(100 * job.done_s / job.duration_s))
