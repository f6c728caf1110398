"""A short clip of an incident, cut by stream copy in a process of its own, and kept for a while."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from agent.api.auth import Reader
from agent.api.incidents import IncidentId, found_incident
from agent.api.problems import PROBLEMS, Problem
from agent.api.state import Api, api_of
from agent.jobs.tool import run_tool
from agent.store import StoredIncident
from pipeline.source import is_local

__all__ = ["router"]

AROUND_S, LONGEST_S = 3.0, 30.0
"""A clip begins so long before the incident, and shows so much of a long one."""
TYPES = {".mp4": "video/mp4", ".mkv": "video/x-matroska"}

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])


@router.get(
    "/{incident_id}/clip",
    response_class=FileResponse,
    responses={**PROBLEMS, 200: {"description": "A clip.", "content": {"video/mp4": {}}}},
)
async def clip(incident_id: IncidentId, request: Request, token: Reader) -> FileResponse:
    """A clip from shortly before it to shortly after it; ranges are served. 409 where the media are gone."""
    api = api_of(request)
    found = await run_in_threadpool(found_incident, api, incident_id)
    path = await run_in_threadpool(_kept, api, incident_id)
    if path is None:
        async with api.cutting:
            path = await run_in_threadpool(_kept, api, incident_id) or await _cut(api, found)
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": "private, max-age=60"})


def _kept(api: Api, incident_id: str) -> Path | None:
    paths = [(api.places.clips / incident_id).with_suffix(suffix) for suffix in TYPES]
    return next((path for path in paths if path.is_file()), None)


async def _cut(api: Api, found: StoredIncident) -> Path:
    url, remote = await run_in_threadpool(_source, api, found.incident.input)
    api.places.clips.mkdir(parents=True, exist_ok=True)
    incident = found.incident
    start_s = max(0.0, incident.start_s - AROUND_S)
    end_s = min((incident.end_s or incident.start_s) + AROUND_S, start_s + LONGEST_S)
    part = api.places.clips / f".{incident.id}"
    made = await run_tool(
        api.settings.worker_memory_mb,
        "clip",
        url=url,
        start_s=start_s,
        end_s=end_s,
        target=str(part),
        remote=remote,
        allow_networks=list(api.settings.allowed_networks),
    )
    path = Path(made["path"])
    return path.replace((api.places.clips / incident.id).with_suffix(path.suffix))


def _source(api: Api, identity: str) -> tuple[str, bool]:
    """What to open for an input, and whether it is an address.

    Raises:
        Problem: it cannot be had any more.
    """
    gone = Problem(409, "no clip can be cut: the media are not here any more")
    upload = api.places.upload(identity)
    if upload is not None:
        if not upload.is_file():
            raise gone
        return str(upload), False
    if is_local(identity):
        if not Path(identity).is_file():
            raise gone
        return identity, False
    if not re.match("https?://", identity):
        raise Problem(409, "no clip can be cut of a stream that is over")
    if "..." in identity:
        raise Problem(409, "no clip can be cut: the address had parameters, which are not kept")
    return identity, True
