"""What people want of us in Slack, done: buttons of a page, and questions; answered within three seconds."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from slack_sdk.signature import Clock
from sqlalchemy.orm import Session

from agent.notify.errors import NotifyError
from agent.notify.http import post
from agent.notify.slack_requests import Press, Slash, read_request
from agent.notify.slack_text import SECTION, escaped
from agent.query.chat import Chat
from agent.query.model import IncidentQuery
from agent.store import Store, StoreError
from agent.store.errors import NotFound
from agent.store.life import FeedbackKind, acknowledge, give_feedback, mute
from agent.store.outbox import Outbox
from pipeline.errors import VidetteError

__all__ = ["ANSWER_S", "SlackDesk"]

ANSWER_S = 2.0
"""Slack waits three seconds; what takes longer is answered with a promise, and then by ``response_url``."""

TALKS = 500
HOOKS = "https://hooks.slack.com/"
LATER = "Still at it; the answer comes here."
HELP = "Ask about incidents, for example: critical incidents since Monday"

_log = logging.getLogger(__name__)


class _Now(Clock):
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock().timestamp()


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class SlackDesk:
    """Takes requests of the Slack app. ``hooks`` is where answers that come late may go, and nowhere else.

    ``chat`` is the service's own, so a question is read in Slack as it is anywhere else. Its model may take
    long: questions have threads of their own, and no button waits for them.
    """

    store: Store
    chat: Chat
    secret: SecretStr
    team: str | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    clock: Callable[[], datetime] = _utc_now
    hooks: str = HOOKS
    answer_s: float = ANSWER_S
    changed: Callable[[], None] = lambda: None
    _presses: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "slack"))
    _questions: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "slack-ask"))
    _talks: OrderedDict[str, IncidentQuery] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """The body of the answer, None for an empty one; later than in time it goes to ``response_url``.

        Raises:
            RefusedRequest: it is not Slack, or nothing of ours.
        """
        wanted = read_request(body, headers, self.secret, team=self.team, clock=_Now(self.clock))
        if isinstance(wanted, Press):
            work = self._presses.submit(self._told, self._press, wanted)
        else:
            work = self._questions.submit(self._told, self._ask, wanted)
        try:
            said = work.result(self.answer_s)
        except Late:
            work.add_done_callback(lambda done: self._later(wanted.response_url, done))
            return _ephemeral(LATER) if isinstance(wanted, Slash) else None
        if isinstance(wanted, Press):
            # A press is answered by the page itself, which is edited; a refusal has to be said.
            if said:
                self._presses.submit(self._reply, wanted.response_url, said)
            return None
        return _ephemeral(said)

    def close(self) -> None:
        """Finish what is being done."""
        self._presses.shutdown()
        self._questions.shutdown()

    def _told(self, work: Callable[[Any], str], wanted: Press | Slash) -> str:
        try:
            return work(wanted)
        except VidetteError as exc:
            return str(exc)
        except Exception as exc:
            _log.warning("a request of Slack failed: %s", type(exc).__name__)
            return "That did not work; it is a fault of vidette's own."

    def _press(self, press: Press) -> str:
        """Do it for every incident of the page; a sentence only where nothing came of it."""
        try:
            page = Outbox(self.store).page(press.page)
        except NotFound:
            return "This page is not stored any more."
        act, refused = ACTS[press.action], []
        with self.store.writing() as session:
            for identity in page.incidents:
                try:
                    act(session, identity, press.who, self.clock())
                except StoreError as exc:
                    refused.append(str(exc))
        self.changed()
        return refused[0] if len(refused) == len(page.incidents) else ""

    def _ask(self, slash: Slash) -> str:
        """Answer a question; the one before it by the same person in the same channel is gone on from."""
        if not slash.question or slash.question.lower() == "help":
            return HELP
        with self._lock:
            previous = self._talks.get(slash.talk)
        answer = self.chat.ask(slash.question, now=self.clock(), zone=self.zone, previous=previous)
        if answer.query is not None:
            with self._lock:
                self._talks[slash.talk] = answer.query
                self._talks.move_to_end(slash.talk)
                while len(self._talks) > TALKS:
                    self._talks.popitem(last=False)
        return f"{answer.text}\n{answer.asked}" if answer.asked else answer.text

    def _later(self, response_url: str, done: Future[str]) -> None:
        said = done.result()
        if said:
            self._reply(response_url, said)

    def _reply(self, response_url: str, said: str) -> None:
        """Say it to the one who asked, if the address is Slack's: a request must not choose where we go."""
        if not response_url.startswith(self.hooks):
            return
        body = json.dumps(_ephemeral(said)).encode()
        try:
            post(response_url, "Slack", body, {"Content-Type": "application/json"})
        except NotifyError as exc:
            _log.info("an answer did not reach Slack: %s", exc)


def _ephemeral(said: str) -> dict[str, Any]:
    """Only for the one who asked; as text, whatever is in it."""
    text = "\n".join(escaped(line, SECTION // 4) for line in said.split("\n")[:4] if line.strip())
    return {"response_type": "ephemeral", "text": text, "mrkdwn": False, "replace_original": False}


def _false_alarm(session: Session, identity: str, who: str, at: datetime) -> object:
    return give_feedback(session, identity, FeedbackKind.FALSE_ALARM, who, at)


ACTS: Mapping[str, Callable[[Session, str, str, datetime], object]] = {
    "ack": acknowledge,
    "mute": mute,
    "false_alarm": _false_alarm,
}
"""Button -> what it does."""
