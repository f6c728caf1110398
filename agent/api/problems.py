"""Errors as RFC 9457 has them: ``application/problem+json``, one sentence each, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from agent.store.errors import NotFound, StoreError, Unsound
from agent.text import encodable
from pipeline.errors import VidetteError
from pipeline.text import clean

__all__ = ["PROBLEMS", "SCHEMA", "Problem", "add_handlers", "problem_of", "problem_response", "responses"]

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 10

SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


class Problem(Exception):
    """What is wrong with a request: a status, a sentence, and headers where the status needs some."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """The answer that tells a problem."""
    title = HTTPStatus(status).phrase
    name = title.lower().replace(" ", "-").replace("'", "")
    kind = f"urn:vidette:problem:{name}"
    body = {"type": kind, "title": title, "status": status, "detail": encodable(detail)}
    return JSONResponse(
        {**body, **more}, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is told of the problems that a route can answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": f"urn:vidette:problem:{HTTPStatus(status).phrase.lower().replace(' ', '-')}",
                        "title": HTTPStatus(status).phrase,
                        "status": status,
                        "detail": "one sentence that says what is wrong, and what to do",
                    },
                }
            },
        }
        for status in statuses
    }


PROBLEMS = responses(400, 401, 403, 404, 409, 412, 413, 422, 429, 503)
"""Problems that any route may answer with."""


def problem_of(exc: VidetteError) -> Problem:
    """The problem that an error of ours is: absent, at odds with the store, or unsound."""
    if isinstance(exc, NotFound):
        return Problem(404, str(exc))
    if isinstance(exc, StoreError) and isinstance(exc.__cause__, SQLAlchemyError):
        log.warning("%s", exc)
        return Problem(503, "the store cannot be used at the moment", {"Retry-After": "2"})
    conflict = isinstance(exc, StoreError) and not isinstance(exc, Unsound)
    return Problem(409 if conflict else 422, str(exc))


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the app so."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, exc: Problem) -> JSONResponse:
        return problem_response(exc.status, exc.detail, exc.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, exc: HTTPException) -> JSONResponse:
        return problem_response(exc.status_code, str(exc.detail), exc.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, exc: RequestValidationError) -> JSONResponse:
        found = exc.errors()[:MOST_ERRORS]
        errors = [
            {
                "where": ".".join(encodable(str(part)) for part in item["loc"]),
                "rule": clean(item["msg"].removeprefix("Value error, "), 200),
            }
            for item in found
        ]
        first = errors[0] if errors else {"where": "request", "rule": "is wrong"}
        return problem_response(422, f"{first['where']}: {first['rule']}", errors=errors)

    @app.exception_handler(VidetteError)
    async def _refused(request: Request, exc: VidetteError) -> JSONResponse:
        found = problem_of(exc)
        return problem_response(found.status, found.detail, found.headers)

    @app.exception_handler(Exception)
    async def _fault(request: Request, exc: Exception) -> JSONResponse:
        log.error("a fault of vidette's own", exc_info=exc)
        return problem_response(500, "a fault of vidette's own; the service's log says more")
