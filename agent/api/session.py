"""The session of the page: a token in, a cookie out."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from agent.api.auth import ASK, COOKIE, Reader, secret_of, wait_for_stranger
from agent.api.bodies import SessionBody
from agent.api.documents import json_answer
from agent.api.models import SessionAnswer
from agent.api.problems import PROBLEMS, Problem
from agent.api.state import api_of
from agent.store.tokens import end_session, open_session, token_of

__all__ = ["LASTS", "keep_session", "router"]

LASTS = timedelta(hours=12)

router = APIRouter(prefix="/v1/session", tags=["session"])


@router.post("", status_code=201, response_model=SessionAnswer, responses=PROBLEMS)
def begin(body: SessionBody, request: Request) -> Response:
    """Open a session with a token: the answer sets the cookie of the page."""
    api, now = api_of(request), api_of(request).clock()
    with api.store.noting() as session:
        token = token_of(session, body.token, now)
        secret = (
            None if token is None or token.kind != "token" else open_session(session, token, now, lasts=LASTS)
        )
    if token is None or secret is None:
        wait_for_stranger(request)
        raise Problem(401, "the token is unknown, revoked or has ended", ASK)
    answer = json_answer({"name": token.name, "scope": token.scope.value, "expires_at": None}, 201)
    keep_session(answer, request, secret)
    return answer


@router.get("", response_model=SessionAnswer, responses=PROBLEMS)
def who(token: Reader) -> Response:
    """Who is asking, and what he may do."""
    ends = None if token.expires_at is None else token.expires_at.isoformat()
    return json_answer({"name": token.name, "scope": token.scope.value, "expires_at": ends})


@router.delete("", status_code=204, responses=PROBLEMS)
def end(request: Request, token: Reader) -> Response:
    """End the session; the token itself stays what it is."""
    secret, by_cookie = secret_of(request)
    if by_cookie and secret:
        api = api_of(request)
        with api.store.noting() as session:
            end_session(session, secret, api.clock())
        api.known.clear()
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer


def keep_session(answer: Response, request: Request, secret: str) -> None:
    """Set the cookie of a session: no script can read it, and no other site can send it."""
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
