"""``Idempotency-Key``: a change that is asked for again is answered again, and not made again."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.dialects import postgresql, sqlite
from starlette.concurrency import run_in_threadpool

from agent.api.auth import authenticate
from agent.api.problems import Problem, problem_response
from agent.api.state import Api, api_of
from agent.store.tables_service import IdempotencyRow

__all__ = ["HEADER", "IdempotentRoute"]

HEADER = "Idempotency-Key"
KEPT_HEADERS = ("location", "content-type", "etag")
MAX_KEY = 255
ANSWERED_WITHIN = timedelta(minutes=5)
STREAMED = "application/octet-stream"
LIFE = secrets.token_hex(8)
"""Of this process: in a container, the next one has the same number."""


class IdempotentRoute(APIRoute):
    """A route whose POST and DELETE answer the same key of the same token with the same answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the look at what was answered before it."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method not in ("POST", "DELETE", "PUT"):
                return await handle(request)
            if not re.fullmatch(f"[!-~]{{1,{MAX_KEY}}}", key):
                raise Problem(400, f"{HEADER} must have 1 to {MAX_KEY} visible ASCII characters")
            token = await run_in_threadpool(authenticate, request)
            api = api_of(request)
            claim = _Claim(token.id, key, await _digest(request))
            before = await run_in_threadpool(claim.make, api)
            if isinstance(before, Response):
                return before
            request.state.job_id = before
            try:
                answer = await handle(request)
            except BaseException:
                # Nothing was changed: the same request may come again.
                await run_in_threadpool(claim.drop, api)
                raise
            if answer.status_code < 400:
                await run_in_threadpool(claim.keep, api, answer)
            else:
                await run_in_threadpool(claim.drop, api)
            return answer

        return once


@dataclass(frozen=True, slots=True)
class _Claim:
    """A key of a token, and a digest of what is asked with it."""

    token_id: int
    key: str
    request: str

    def make(self, api: Api) -> Response | str:
        """Take the key; what was answered where it is taken already.

        Else the id of the job that such a request may ask for: the same one when it is asked again after a
        crash, so that what was stored just before is not stored twice.
        """
        job_id = secrets.token_hex(8)
        with api.store.noting() as session:
            insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
            new = insert(IdempotencyRow).values(
                token_id=self.token_id,
                key=self.key,
                request=self.request,
                created_at=api.clock(),
                headers=_holder(job_id),
            )
            if session.execute(new.on_conflict_do_nothing().returning(IdempotencyRow.key)).first():
                return job_id
            row = session.get_one(IdempotencyRow, (self.token_id, self.key))
            if row.request != self.request:
                return problem_response(422, f"this {HEADER} was used for another request")
            in_time = row.created_at > api.clock() - ANSWERED_WITHIN
            if row.status is None and in_time and not _is_dead(row.headers):
                told = "the request with this key is being answered"
                return problem_response(409, told, {"Retry-After": "1"})
            if row.status is None:
                # Whoever was to answer it died: nothing tells that it was done.
                job_id = str(row.headers.get("job", job_id))
                row.created_at, row.headers = api.clock(), _holder(job_id)
                return job_id
            headers = {**row.headers, "Idempotent-Replayed": "true"}
            return Response(row.body, row.status, headers)

    def keep(self, api: Api, answer: Response) -> None:
        """Keep what was answered."""
        with api.store.noting() as session:
            row = session.get_one(IdempotencyRow, (self.token_id, self.key))
            row.status, row.body = answer.status_code, bytes(answer.body)
            row.headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}

    def drop(self, api: Api) -> None:
        """Give the key back."""
        with api.store.noting() as session:
            row = session.get(IdempotencyRow, (self.token_id, self.key))
            if row is not None:
                session.delete(row)


def _holder(job_id: str) -> dict[str, Any]:
    """Who is about to answer: kept in place of the headers until there are some."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "life": LIFE, "job": job_id}


def _is_dead(holder: Mapping[str, Any]) -> bool:
    """Whether it is sure that who was to answer is gone; of another machine's process nothing is sure."""
    pid = holder.get("pid")
    if holder.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    if pid == os.getpid():
        return holder.get("life") != LIFE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


async def _digest(request: Request) -> str:
    """What is asked: method, address, and body, or the length of one that is too long to hold."""
    parts = [request.method, request.url.path, request.url.query]
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "replace"))
    if request.headers.get("content-type", "").startswith(STREAMED):
        digest.update(request.headers.get("content-length", "").encode())
    else:
        digest.update(await request.body())
    return digest.hexdigest()
