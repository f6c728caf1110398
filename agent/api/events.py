"""The feed: server-sent events of everything that changes, gone on with from the last one that was seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from agent.api.auth import Reader, still_known
from agent.api.documents import change_document
from agent.api.problems import PROBLEMS, Problem
from agent.api.state import Api, api_of
from agent.store import StoreError
from agent.store.changes import Change, changes_after, newest_change
from agent.store.jobs import JobState
from agent.store.listing import job_page

__all__ = ["router"]

router = APIRouter(prefix="/v1/events", tags=["events"])

LOOK_EVERY_S = 0.25
PROGRESS_EVERY_S = 1.0
QUIET_S = 15.0
"""A line is sent at least so often: what lies between would else take the connection for dead."""
MOST_STREAMS = 200
AT_ONCE = 200
BIGGEST_ID = 2**31 - 1
ONE_ID = "^[0-9a-z]{1,16}$"

EXAMPLE = (
    'id: 7\nevent: incident.opened\ndata: {"id":7,"at":"2026-11-24T12:00:00Z","kind":"incident.opened",'
    '"incident":"bda254835c7a48e9","scan":"7c915eb6c851a99a","actor":"scan","data":{"severity":"critical"}}\n\n'
)


@router.get(
    "",
    response_class=StreamingResponse,
    responses={
        **PROBLEMS,
        200: {
            "description": "Events until the client goes away. `progress` tells how far running scans are.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
    },
)
async def events(
    request: Request,
    token: Reader,
    last_event_id: Annotated[str | None, Header(pattern="^[0-9]{1,9}$")] = None,
    after: Annotated[int | None, Query(ge=0, le=BIGGEST_ID, description="As Last-Event-ID.")] = None,
    kind: Annotated[str, Query(pattern="^[a-z.]{0,32}$", description="The beginning of its kind.")] = "",
    incident: Annotated[str | None, Query(pattern=ONE_ID, description="Of this incident only.")] = None,
    scan: Annotated[str | None, Query(pattern=ONE_ID, description="Of this scan only.")] = None,
    wait: Annotated[bool, Query(description="Whether to stay when all there is was sent.")] = True,
) -> StreamingResponse:
    """Everything that changes, from now on, or from the event after the last one that was seen."""
    api = api_of(request)
    if api.streams >= MOST_STREAMS:
        raise Problem(503, "too many listen at the moment; come again later", {"Retry-After": "10"})
    last = int(last_event_id) if last_event_id is not None else after
    if last is None:
        last = await run_in_threadpool(_newest, api)
    wanted = _Wanted(kind, incident, scan)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _stream(request, last, wanted, wait), media_type="text/event-stream", headers=headers
    )


async def _stream(request: Request, last: int, wanted: _Wanted, wait: bool) -> AsyncIterator[str]:
    api = api_of(request)
    api.streams += 1
    told, quiet_s, progress_s = "", 0.0, 0.0
    try:
        yield "retry: 2000\n\n"
        while not api.stopping.is_set():
            changes = await run_in_threadpool(_after, api, last, wanted.kind)
            for change in changes:
                if wanted.takes(change):
                    yield _event(change.kind, change_document(change), change.id)
                    quiet_s = 0.0
                last = change.id
            if len(changes) == AT_ONCE:
                continue
            if not wait:
                return
            if progress_s >= PROGRESS_EVERY_S:
                progress_s = 0.0
                line = await run_in_threadpool(_progress, api, wanted.scan)
                if not await run_in_threadpool(still_known, request):
                    return
                if line and line != told and not wanted.kind:
                    yield line
                    told, quiet_s = line, 0.0
            if quiet_s >= QUIET_S:
                yield ": quiet\n\n"
                quiet_s = 0.0
            if await _stopped(api.stopping, LOOK_EVERY_S):
                return
            quiet_s += LOOK_EVERY_S
            progress_s += LOOK_EVERY_S
    finally:
        api.streams -= 1


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a client listens for: the beginning of a kind, and one incident or scan."""

    kind: str
    incident: str | None
    scan: str | None

    def takes(self, change: Change) -> bool:
        return self.incident in (None, change.incident_id) and self.scan in (None, change.job_id)


async def _stopped(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _newest(api: Api) -> int:
    with api.store.reading() as session:
        return newest_change(session)


def _after(api: Api, last: int, kind: str) -> list[Change]:
    try:
        with api.store.reading() as session:
            return changes_after(session, last, limit=AT_ONCE, prefix=kind)
    except StoreError:
        # The database is away for a moment: the stream stays, and tells it later.
        return []


def _progress(api: Api, scan: str | None) -> str:
    """How far the running scans are, as one event without an id: who comes later misses nothing."""
    try:
        with api.store.reading() as session:
            running = job_page(session, states=[JobState.RUNNING]).rows
    except StoreError:
        return ""
    rows = [
        {"scan": job.id, "done_s": job.done_s, "duration_s": job.duration_s, "frames": job.frames}
        for job in running
        if job.done_s is not None and scan in (None, job.id)
    ]
    return _event("progress", {"scans": rows}) if rows else ""


def _event(kind: str, data: dict[str, Any], event_id: int | None = None) -> str:
    """One event. JSON has no line breaks of its own, so no text in it can begin another field."""
    head = "" if event_id is None else f"id: {event_id}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
