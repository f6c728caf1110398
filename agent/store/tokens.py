"""Who may do what: bearer tokens, and the sessions of the page that they open. Only hashes are kept.

A token holds 256 random bits, so a plain SHA-256 of it can neither be guessed nor looked up.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.store.errors import NotFound, StoreError
from agent.store.rows import plain
from agent.store.tables_service import TokenRow
from pipeline.text import clean

__all__ = [
    "PREFIX",
    "Scope",
    "StoredToken",
    "add_token",
    "digest_of",
    "end_session",
    "open_session",
    "revoke_token",
    "token_of",
    "tokens",
    "tokens_exist",
    "touch",
]

PREFIX = "vdt_"
"""What every token begins with, so that a scanner for secrets knows one when it sees it."""
SHOWN_LETTERS = 8


class Scope(StrEnum):
    """What a token may do; each may do what those before it may."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, other: Scope) -> bool:
        """Whether this scope may do what the other may."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token without its secret; ``begins`` are its first letters, to know it by."""

    id: int
    name: str
    kind: str
    begins: str
    scope: Scope
    parent_id: int | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


def digest_of(secret: str) -> str:
    """The hash that is kept of a token."""
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()


def add_token(
    session: Session, name: str, scope: Scope, at: datetime, *, expires_at: datetime | None = None
) -> tuple[StoredToken, str]:
    """A new token, and the secret, which nobody can ever have again.

    Raises:
        StoreError: the name is empty, or a standing token has it; or it would have ended already.
    """
    shown = clean(name.strip(), 80)
    if not shown:
        raise StoreError("a token needs a name")
    if expires_at is not None and expires_at <= at:
        raise StoreError("a token cannot end before it begins")
    standing = select(TokenRow.id).where(
        TokenRow.kind == "token", TokenRow.name == shown, TokenRow.revoked_at.is_(None)
    )
    if session.scalars(standing).first() is not None:
        raise StoreError(f"there is a token {shown!r} already; revoke it, or take another name")
    return _new(session, shown, "token", scope, at, expires_at, None)


def open_session(session: Session, token: StoredToken, at: datetime, *, lasts: timedelta) -> str:
    """A session of the page, with what the token may do; the secret for its cookie."""
    expires_at = at + lasts if token.expires_at is None else min(at + lasts, token.expires_at)
    return _new(session, token.name, "session", token.scope, at, expires_at, token.id)[1]


def end_session(session: Session, secret: str, at: datetime) -> None:
    """The cookie is worth nothing any more."""
    row = session.scalars(select(TokenRow).where(TokenRow.digest == digest_of(secret))).first()
    if row is not None and row.kind == "session" and row.revoked_at is None:
        row.revoked_at = at


def token_of(session: Session, secret: str, at: datetime) -> StoredToken | None:
    """Whose secret it is; None where it is nobody's, revoked, or has ended."""
    found = row = session.scalars(select(TokenRow).where(TokenRow.digest == digest_of(secret))).first()
    while row is not None:
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= at):
            return None
        row = None if row.parent_id is None else session.get(TokenRow, row.parent_id)
    return None if found is None else _stored(found)


def touch(session: Session, token: StoredToken, at: datetime) -> None:
    """Keep when it was used."""
    row = session.get(TokenRow, token.id)
    if row is not None:
        row.last_used_at = at


def revoke_token(session: Session, name_or_id: str, at: datetime) -> StoredToken:
    """A token is worth nothing any more, and neither are its sessions.

    Raises:
        NotFound: there is no standing token of that name or id.
    """
    query = select(TokenRow).where(TokenRow.kind == "token", TokenRow.revoked_at.is_(None))
    for row in session.scalars(query):
        if name_or_id in (row.name, str(row.id), row.begins):
            row.revoked_at = at
            return _stored(row)
    raise NotFound(f"there is no token {clean(name_or_id, 40)!r}; 'vidette token list' lists them")


def tokens(session: Session) -> list[StoredToken]:
    """All tokens, without the sessions of the page."""
    query = select(TokenRow).where(TokenRow.kind == "token").order_by(TokenRow.id)
    return [_stored(row) for row in session.scalars(query)]


def tokens_exist(session: Session) -> bool:
    """Whether there ever was a token."""
    return bool(session.scalar(select(func.count()).select_from(TokenRow)))


def _new(
    session: Session,
    name: str,
    kind: str,
    scope: Scope,
    at: datetime,
    expires_at: datetime | None,
    parent_id: int | None,
) -> tuple[StoredToken, str]:
    secret = PREFIX + secrets.token_urlsafe(32)
    row = TokenRow(
        name=plain(name),
        kind=kind,
        digest=digest_of(secret),
        begins=secret[: len(PREFIX) + SHOWN_LETTERS],
        scope=scope.value,
        parent_id=parent_id,
        created_at=at,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return _stored(row), secret


def _stored(row: TokenRow) -> StoredToken:
    return StoredToken(
        row.id,
        row.name,
        row.kind,
        row.begins,
        Scope(row.scope),
        row.parent_id,
        row.created_at,
        row.last_used_at,
        row.expires_at,
        row.revoked_at,
    )
