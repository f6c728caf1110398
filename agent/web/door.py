"""The door of the page: a token in, a session out; and the files that every view needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from agent.api.auth import COOKIE, require_same_origin, secret_of, wait_for_stranger
from agent.api.session import LASTS, keep_session
from agent.api.state import api_of
from agent.store.errors import NotFound
from agent.store.tokens import end_session, open_session, token_of
from agent.web.render import HEADERS, HOME, LOGIN, STATIC, PageRoute, page, see

__all__ = ["router"]

FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in (".css", ".js", ".svg")}
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/static/{name}")
def static(name: str) -> FileResponse:
    """A file of ours. Its address changes with it, so it may be kept."""
    path: Path | None = FILES.get(name)
    if path is None:
        raise NotFound("there is no such file")
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": FOR_EVER})


@router.get(LOGIN)
def login(request: Request, next: Annotated[str, Query(max_length=4000)] = HOME) -> Response:
    """Ask for a token."""
    return page(request, "login.html.j2", next=_own(next), wrong="")


@router.post(LOGIN)
def enter(
    request: Request,
    token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=4000)] = HOME,
) -> Response:
    """Open a session; the token itself is kept nowhere."""
    require_same_origin(request)
    api = api_of(request)
    with api.store.noting() as session:
        known = token_of(session, token.strip(), api.clock())
        is_token = known is not None and known.kind == "token"
        secret = open_session(session, known, api.clock(), lasts=LASTS) if known and is_token else None
    if secret is None:
        wait_for_stranger(request)
        told = "This token is unknown, was revoked, or has ended."
        return page(request, "login.html.j2", status=401, next=_own(next), wrong=told)
    answer = RedirectResponse(_own(next), 303, HEADERS)
    keep_session(answer, request, secret)
    return answer


@router.post("/logout")
def leave(request: Request) -> Response:
    """End the session."""
    require_same_origin(request)
    secret, by_cookie = secret_of(request)
    if by_cookie and secret:
        api = api_of(request)
        with api.store.noting() as session:
            end_session(session, secret, api.clock())
    answer = see(request, LOGIN)
    answer.delete_cookie(COOKIE)
    return answer


def _own(url: str) -> str:
    """An address within this service: nobody is sent elsewhere by a link to us."""
    plain = url.isprintable() and "\\" not in url
    return url if plain and url.startswith("/") and not url.startswith("//") else HOME
