"""Templates to answers: escaping, the policy that a browser is told, and errors as pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from agent.api.problems import Problem, problem_of
from agent.report.plots import HEIGHT, WIDTH
from agent.report.words import duration, figure, humanize, plural, split_unit, timecode
from agent.store.changes import ChangeKind
from agent.store.tokens import Scope
from agent.text import encodable
from pipeline.errors import VidetteError

__all__ = ["HEADERS", "HOME", "LOGIN", "STATIC", "PageRoute", "asked_by_htmx", "page", "see"]

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
HOME, LOGIN = "/", "/login"

HEADERS = {
    # No 'unsafe-inline', no eval: a script or a style that gets into the markup does nothing.
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    # The browser must say where a form comes from, or a session's POST could not be told from another site's.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageRoute(APIRoute):
    """A route for people: what is wrong is told as a page, and strangers are asked for a token."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with errors as pages."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as exc:
                if exc.status == HTTPStatus.UNAUTHORIZED:
                    return _ask_who(request)
                return _wrong(request, exc.status, exc.detail)
            except RequestValidationError as exc:
                first = exc.errors()[0]
                where = encodable(".".join(str(part) for part in first["loc"][1:]))
                return _wrong(request, 422, f"{where}: {first['msg']}")
            except HTTPException as exc:
                return _wrong(request, exc.status_code, str(exc.detail))
            except VidetteError as exc:
                found = problem_of(exc)
                return _wrong(request, found.status, found.detail)

        return told


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **shown: Any,
) -> HTMLResponse:
    """A view. Everything in ``shown`` is escaped by the template."""
    who = getattr(request.state, "token", None)
    may_write = who is not None and who.scope.covers(Scope.WRITE)
    html = (
        _environment()
        .get_template(template)
        .render(who=who, may_write=may_write, path=request.url.path, **shown)
    )
    return HTMLResponse(encodable(html), status, {**HEADERS, **(headers or {})})


def see(request: Request, url: str) -> Response:
    """Go on there after something was done."""
    if asked_by_htmx(request):
        return Response(None, 204, {**HEADERS, "HX-Redirect": url})
    return RedirectResponse(url, 303, HEADERS)


def asked_by_htmx(request: Request) -> bool:
    """Whether a part of a page is wanted, not a page."""
    return request.headers.get("hx-request") == "true"


def _wrong(request: Request, status: int, detail: str) -> Response:
    if asked_by_htmx(request):
        return Response(encodable(detail), status, HEADERS, "text/plain")
    return page(request, "wrong.html.j2", status=status, title=HTTPStatus(status).phrase, detail=detail)


def _ask_who(request: Request) -> Response:
    """To the door. A link from another site brings no strict cookie: our own page asks once more."""
    own = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if asked_by_htmx(request):
        return Response(None, 401, {**HEADERS, "HX-Redirect": LOGIN})
    if request.method != "GET":
        own = HOME
    elif request.headers.get("sec-fetch-site") == "cross-site":
        return page(request, "again.html.j2", url=own)
    return RedirectResponse(f"{LOGIN}?next={quote(own, safe='')}", 303, HEADERS)


@cache
def _environment() -> Environment:
    """Templates that escape everything and stop at an unknown name."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        duration=duration,
        figure=_figure,
        humanize=humanize,
        plural=plural,
        split_unit=split_unit,
        timecode=timecode,
        utc=_utc,
    )
    environment.globals.update(static=_static, width=WIDTH, height=HEIGHT, live=_live)
    return environment


def _figure(value: float | int | str | None) -> str:
    """A number as reports write it. JSON has no infinity, so what was one is stored as nothing."""
    return "n/a" if value is None else figure(value)


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _live(prefix: str) -> str:
    """The names of all events of the feed that begin so, for ``sse-swap``."""
    return ",".join(kind.value for kind in ChangeKind if kind.startswith(prefix))


@cache
def _static(name: str) -> str:
    """The address of a file of ours, another one whenever the file is."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
