"""Who asks, and whether he may: a bearer token, or the cookie of a session that a token opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from agent.api.problems import Problem
from agent.api.state import Api, api_of
from agent.store.tokens import Scope, StoredToken, digest_of, token_of, touch

__all__ = [
    "ASK",
    "COOKIE",
    "Admin",
    "Reader",
    "Writer",
    "authenticate",
    "require_same_origin",
    "secret_of",
    "still_known",
    "wait_for_stranger",
]

COOKIE = "vidette_session"
USED_EVERY = timedelta(minutes=1)
"""When a token was last used is kept to the minute: a read is not to cost a write."""
KNOWN_FOR, MOST_KNOWN = timedelta(seconds=1), 10_000
SAFE = ("GET", "HEAD", "OPTIONS")

bearer = HTTPBearer(auto_error=False, description="A token from `vidette token add`.")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="From `POST /v1/session`.")

ASK = {"WWW-Authenticate": 'Bearer realm="vidette"'}


def secret_of(request: Request) -> tuple[str | None, bool]:
    """The secret that a request brings, and whether it is a cookie's."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip(), False
    return request.cookies.get(COOKIE), True


def authenticate(request: Request) -> StoredToken:
    """Whose request this is. Looks it up once a request.

    Raises:
        Problem: nobody's (401), another site's with a cookie of ours (403), or too many of his (429).
    """
    known = getattr(request.state, "token", None)
    if isinstance(known, StoredToken):
        return known
    api = api_of(request)
    secret, by_cookie = secret_of(request)
    token = None
    if secret:
        token = _looked_up(api, secret)
    if token is None:
        wait_for_stranger(request)
        unknown, absent = (
            "the token is unknown, revoked or has ended",
            "give a token: Authorization: Bearer ...",
        )
        raise Problem(401, unknown if secret else absent, ASK)
    if by_cookie and request.method not in SAFE:
        require_same_origin(request)
    reads = request.method in SAFE
    _wait((api.reads if reads else api.writes).wait_s(str(token.parent_id or token.id)))
    _note_use(api, token)
    request.state.token = token
    return token


def _held(api: Api, secret: str) -> StoredToken | None:
    """Whose secret it is, if it was looked up within the last second."""
    held = api.known.get(digest_of(secret))
    return held[0] if held is not None and held[1] > api.clock() else None


def _looked_up(api: Api, secret: str) -> StoredToken | None:
    """Whose secret it is, looked up once a second: for so long a revoked token may be taken for good."""
    held = _held(api, secret)
    if held is not None:
        return held
    now, digest = api.clock(), digest_of(secret)
    with api.store.reading() as session:
        token = token_of(session, secret, now)
    if len(api.known) > MOST_KNOWN:
        api.known.clear()
    if token is None:
        api.known.pop(digest, None)
    else:
        api.known[digest] = (token, now + KNOWN_FOR)
    return token


def still_known(request: Request) -> bool:
    """Whether the token of a request that goes on for long is worth anything still."""
    secret, _ = secret_of(request)
    return secret is not None and _looked_up(api_of(request), secret) is not None


def wait_for_stranger(request: Request) -> None:
    """Slow down whoever tries secrets.

    Raises:
        Problem: too many of them came from there (429).
    """
    _wait(api_of(request).strangers.wait_s(request.client.host if request.client else ""))


def _is_noted(api: Api, token: StoredToken) -> bool:
    """Whether it is kept that the token was used, to the minute."""
    return token.last_used_at is not None and api.clock() - token.last_used_at <= USED_EVERY


def _note_use(api: Api, token: StoredToken) -> None:
    if _is_noted(api, token):
        return
    now = api.clock()
    with api.store.noting() as session:
        touch(session, token, now)
    for digest, (known, until) in tuple(api.known.items()):
        if known.id == token.id:
            api.known[digest] = (replace(known, last_used_at=now), until)


def _wait(seconds: float) -> None:
    if seconds > 0:
        raise Problem(429, "too many requests; slow down", {"Retry-After": str(int(seconds) + 1)})


def require_same_origin(request: Request) -> None:
    """A cookie is sent by browsers whoever asked them to: only our own pages may change anything.

    Raises:
        Problem: another site's page asked (403).
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    ours = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    if not ours or site not in ("same-origin", "none"):
        raise Problem(403, "a session may be used by this service's own pages only")


async def _known(
    request: Request,
    _bearer: Annotated[object, Security(bearer)],
    _cookie: Annotated[object, Security(cookie)],
) -> StoredToken:
    secret, _ = secret_of(request)
    held = _held(api_of(request), secret) if secret else None
    if held is not None and _is_noted(api_of(request), held):
        # Nothing to read and nothing to write: no thread is needed.
        return authenticate(request)
    return await run_in_threadpool(authenticate, request)


class _Needs:
    """The token of a request, which must have a scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def __call__(self, token: Annotated[StoredToken, Depends(_known)]) -> StoredToken:
        if not token.scope.covers(self._scope):
            told = f"this needs a token of scope {self._scope.value}; this one has {token.scope.value}"
            raise Problem(403, told)
        return token


Reader = Annotated[StoredToken, Depends(_Needs(Scope.READ))]
Writer = Annotated[StoredToken, Depends(_Needs(Scope.WRITE))]
Admin = Annotated[StoredToken, Depends(_Needs(Scope.ADMIN))]
