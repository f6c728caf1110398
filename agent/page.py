"""What is told to people, where and why: the values that routing, the store and the senders share.

    incident ─► Notice ─┬─ plan ─► Page (one message at one destination) ─► Message ─► Notifier ─► Receipt
                        └─ the newest state, read again at each sending

A page is a conversation: it is sent once, and edited until all its incidents are over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.verdict import Action, Intent, Route, Severity
from pipeline.model import Cause

__all__ = ["Film", "Kind", "Message", "Notice", "Page", "PageState", "Receipt", "Standing"]


class Standing(StrEnum):
    """What people have made of an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Notice:
    """An incident as it is told now. ``title``, ``summary`` and ``url`` may hold text of others.

    ``by`` is who acknowledged, muted or closed it; ``link`` opens it, empty where nothing serves it.
    ``labels`` are the operator's, never the media's: text from outside must not choose a recipient.
    """

    incident: str
    url: str
    cause: Cause
    severity: Severity
    route: Route
    action: Action
    intent: Intent
    title: str
    summary: str
    start_s: float
    end_s: float | None
    checks: tuple[str, ...]
    streams: tuple[str, ...]
    confidence: float
    model: str
    first_seen_at: datetime
    standing: Standing = Standing.OPEN
    by: str = ""
    profile: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    link: str = ""


class PageState(StrEnum):
    """Where a page is: it waits to be sent, its newest state is told, it failed for good, or was needless."""

    WAITING = "waiting"
    TOLD = "told"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Page:
    """One message about one or several incidents at one destination, and how far it has got.

    ``wanted`` counts the states that were to be told, ``sent`` is the newest one that was; ``step`` is 0,
    or the number of the escalation, which goes out at ``due_at`` only if nobody has acknowledged.
    ``memory`` is what the destination said (a channel and a time stamp), ``told`` what it was told of
    each incident. ``key`` is the same for every attempt: receivers drop doubles by it.
    """

    key: str
    destination: str
    route: str
    group: str
    incidents: tuple[str, ...]
    opened_at: datetime
    closes_at: datetime
    due_at: datetime | None
    step: int = 0
    state: PageState = PageState.WAITING
    over: bool = False
    wanted: int = 1
    sent: int = 0
    attempts: int = 0
    why: str = ""
    error: str = ""
    memory: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Kind(StrEnum):
    """What a message is for."""

    OPEN = "open"
    UPDATE = "update"
    OVER = "over"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Film:
    """The pictures of one incident side by side, as one JPEG."""

    jpeg: bytes
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a notifier is given: the newest state of a page's incidents, the worst first.

    ``id`` names this state of the page, the same for every attempt at it. ``again`` says that an
    attempt may have got through without its end being known. ``scan`` is the job that found
    it, for logs.
    """

    key: str
    seq: int
    kind: Kind
    notices: tuple[Notice, ...]
    opened_at: datetime
    now: datetime
    step: int = 0
    again: bool = False
    why: str = ""
    headline: str = ""
    lines: tuple[str, ...] = ()
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    memory: Mapping[str, str] = field(default_factory=dict)
    film: Callable[[], Film | None] = lambda: None
    scan: str = ""

    @property
    def id(self) -> str:
        """``KEY.SEQ``: the dedup key of this message."""
        return f"{self.key}.{self.seq}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a destination said: what to remember for the next edit, and when to come back, if at all."""

    memory: Mapping[str, str] = field(default_factory=dict)
    again_s: float | None = None
