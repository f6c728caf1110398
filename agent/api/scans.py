"""Scans: ask for one, see how far it is and what it found, and what another profile would say."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from agent.api.auth import Reader, Writer
from agent.api.bodies import ReplayBody, ScanBody
from agent.api.documents import job_document, json_answer, line_document, tagged
from agent.api.idempotency import IdempotentRoute
from agent.api.models import ReplayAnswer, ScanDetail, ScanLine, ScanList
from agent.api.problems import PROBLEMS, Problem, responses
from agent.api.state import Api, api_of
from agent.context import Context
from agent.context_file import EXAMPLE, read_context
from agent.context_table import context_table
from agent.guard import AddressPolicy
from agent.jobs.plan import UPLOAD
from agent.jobs.tool import run_tool
from agent.store.jobs import JobKind, JobRequest, JobState, ask_to_cancel, enqueue, job, queued
from agent.store.listing import IncidentQuery, incident_page, job_page
from agent.store.scans import scan_document
from pipeline.model import Mode
from pipeline.source import identity, redact
from pipeline.text import clean

__all__ = ["UPLOAD_PATH", "router"]

UPLOAD_PATH = "/v1/scans/upload"
MOST_INCIDENTS = 200
MOST_CONTEXT = 6000
"""Characters of a context in a query: most servers in front take 8 KiB of address."""

router = APIRouter(prefix="/v1/scans", tags=["scans"], route_class=IdempotentRoute)

ScanId = Annotated[str, PathParameter(pattern="^[0-9a-f]{16}$", examples=["7c915eb6c851a99a"])]
Profile = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


@router.post("", status_code=202, response_model=ScanLine, responses=PROBLEMS)
def ask(body: ScanBody, request: Request, token: Writer) -> Response:
    """Ask for the scan of an address. The answer comes before the scan: see `Location`."""
    api = api_of(request)
    kind, url = _allowed(api, body.url.strip())
    wanted = JobRequest(
        kind,
        url,
        clean(redact(url), 400),
        identity(url),
        body.profile,
        body.mode,
        body.keep_series,
        body.labels,
        context=None if body.context is None else context_table(body.context.value()),
    )
    return _enqueued(api, wanted, token.name, _job_id(request))


@router.post(
    "/upload",
    status_code=202,
    response_model=ScanLine,
    responses={**PROBLEMS, **responses(408, 507)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload(
    request: Request,
    token: Writer,
    name: Annotated[str, Query(min_length=1, max_length=255, examples=["programme.mp4"])],
    profile: Profile = "default",
    mode: Mode = Mode.FULL,
    keep_series: bool = True,
    context: Annotated[
        str | None,
        Query(
            max_length=MOST_CONTEXT,
            description="What is known of the input: the `context` of a scan of an address, as JSON.",
            examples=[json.dumps(EXAMPLE)],
        ),
    ] = None,
) -> Response:
    """Upload a file, as it is, and ask for its scan. The same bytes are the same input."""
    api = api_of(request)
    known = None if context is None else context_table(_told_in_query(context))
    digest, size = await _received(api, request)
    path = api.places.uploads / digest
    shown = clean(Path(name.replace("\\", "/")).name, 200) or "upload"
    known_as = f"{UPLOAD}{digest}"
    wanted = JobRequest(
        JobKind.UPLOAD, str(path), shown, known_as, profile, mode, keep_series, {}, size, known
    )
    return await run_in_threadpool(_enqueued, api, wanted, token.name, _job_id(request))


@router.get("", response_model=ScanList, responses=PROBLEMS)
def scans(
    request: Request,
    token: Reader,
    state: Annotated[list[JobState], Query()] = [],  # noqa: B006 - FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Scans that were asked for, the newest first."""
    with api_of(request).store.reading() as session:
        page = job_page(session, states=state, limit=limit, cursor=cursor)
    return tagged(request, {"scans": [job_document(item) for item in page.rows], "next": page.next})


@router.get("/{scan_id}", response_model=ScanDetail, responses=PROBLEMS)
def scan(scan_id: ScanId, request: Request, token: Reader) -> Response:
    """One scan: how far it is, and what it found when it is done."""
    with api_of(request).store.reading() as session:
        found = job(session, scan_id)
        result: dict[str, Any] | None = None
        if found.scan_id is not None:
            query = IncidentQuery(scan_id=found.scan_id, limit=MOST_INCIDENTS)
            lines = [line_document(line) for line in incident_page(session, query).rows]
            result = {**scan_document(session, found.scan_id), "incidents": lines}
    told = found.request.context
    return tagged(request, {**job_document(found), "context": told and dict(told), "result": result})


@router.post("/{scan_id}/cancel", response_model=ScanLine, responses=PROBLEMS)
def cancel(scan_id: ScanId, request: Request, token: Writer) -> Response:
    """Nobody wants it any more. One that runs ends within seconds."""
    api = api_of(request)
    with api.store.writing() as session:
        found = ask_to_cancel(session, scan_id, token.name, api.clock())
    api.wake()
    return json_answer(job_document(found))


@router.post("/{scan_id}/replay", response_model=ReplayAnswer, responses=PROBLEMS)
async def replay(scan_id: ScanId, body: ReplayBody, request: Request, token: Reader) -> Response:
    """What this scan would have found under another profile, from the measurements that were kept."""
    api = api_of(request)

    def look() -> None:
        with api.store.reading() as session:
            job(session, scan_id)

    await run_in_threadpool(look)
    series = api.places.series(scan_id)
    if not series.is_dir():
        raise Problem(409, "no measurements of this scan are kept; ask for a scan with keep_series")
    async with api.cutting:
        answer = await run_tool(
            api.settings.worker_memory_mb, "replay", series=str(series), profile=body.profile
        )
    return json_answer(answer)


def _told_in_query(text: str) -> Context:
    """The context that a query tells as JSON.

    Raises:
        Problem: it is no JSON.
        ProfileError: it holds a wrong key or value.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise Problem(422, f"context: cannot be read as JSON ({clean(str(exc), 120)})") from exc
    return read_context(table, "context")


def _job_id(request: Request) -> str | None:
    """The id that a request with an ``Idempotency-Key`` gives its job."""
    found: str | None = getattr(request.state, "job_id", None)
    return found


def _enqueued(api: Api, wanted: JobRequest, actor: str, job_id: str | None) -> Response:
    with api.store.writing() as session:
        if queued(session) >= api.settings.queue_max:
            raise Problem(503, "the queue is full; come again later", {"Retry-After": "30"})
        asked = enqueue(session, wanted, actor, api.clock(), job_id)
    api.wake()
    return json_answer(job_document(asked), 202, {"Location": f"/v1/scans/{asked.id}"})


def _allowed(api: Api, url: str) -> tuple[JobKind, str]:
    """What kind of address it is, as it is kept.

    Raises:
        Problem: it may not be scanned.
    """
    if any(not letter.isprintable() or letter.isspace() for letter in url) and "://" in url:
        raise Problem(422, "url: an address has no blanks and no control characters; percent-encode them")
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme.lower()
        _ = parts.port
    except ValueError as exc:
        raise Problem(422, "url: cannot be read as an address") from exc
    if scheme in ("http", "https") and host:
        _require_public(api, host)
        return JobKind.URL, parts._replace(scheme=scheme, fragment="").geturl()
    if scheme or "://" in url:
        raise Problem(422, f"url: {clean(scheme, 20)}: is not allowed; give an http or https address")
    return JobKind.FILE, str(_local(url, api.settings.file_folders))


def _require_public(api: Api, host: str) -> None:
    """Refuse at once what is no public address by its own words; names are looked up by the scan."""
    try:
        address = str(ip_address(host.split("%", 1)[0]))
    except ValueError:
        return
    reason = AddressPolicy.allowing(api.settings.allowed_networks).why_not(address)
    if reason is not None:
        raise Problem(422, f"url: may not be reached: {reason}")


def _local(text: str, folders: Sequence[Path]) -> Path:
    told = "url: files of this machine may not be scanned; give an http or https address, or upload the file"
    if not folders or "\0" in text:
        raise Problem(422, told)
    try:
        path = Path(text).resolve()
    except (OSError, ValueError, RuntimeError) as exc:
        raise Problem(422, told) from exc
    if not any(path.is_relative_to(folder) for folder in folders):
        raise Problem(422, "url: the file is in no folder that VIDETTE_SCAN_FILES allows")
    return path


async def _received(api: Api, request: Request) -> tuple[str, int]:
    """Take an upload into its place; its SHA-256 and its size.

    Raises:
        Problem: it is too large, too slow, empty, or was broken off.
    """
    limit = api.settings.upload_max_mb << 20
    told = request.headers.get("content-length", "0")
    if told.isdigit() and len(told) < 18 and int(told) > limit:
        raise Problem(413, f"an upload may have at most {api.settings.upload_max_mb} MiB")
    api.places.uploads.mkdir(parents=True, exist_ok=True)
    part = api.places.uploads / f"{secrets.token_hex(8)}.part"
    digest, size = hashlib.sha256(), 0
    try:
        async with asyncio.timeout(api.settings.upload_timeout_s):
            async with await anyio.open_file(part, "wb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > limit:
                        raise Problem(413, f"an upload may have at most {api.settings.upload_max_mb} MiB")
                    digest.update(chunk)
                    await file.write(chunk)
        if size == 0:
            raise Problem(422, "the upload is empty")
        part.replace(api.places.uploads / digest.hexdigest())
    except TimeoutError as exc:
        raise Problem(408, f"the upload took longer than {api.settings.upload_timeout_s:g} s") from exc
    except ClientDisconnect as exc:
        raise Problem(400, "the upload was broken off") from exc
    except OSError as exc:
        raise Problem(507, "the upload cannot be kept: there is no room, or no permission") from exc
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest(), size
