"""``kind = "slack"``: the Web API. One message a page, edited in place; what is new goes into its thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from urllib.error import URLError

from pydantic import Field, SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError

from agent.notify.base import Notifier, SecretPlace, Sender, hidden
from agent.notify.errors import NotifyError, Rejected, Retryable
from agent.notify.http import retry_after_s
from agent.notify.slack_blocks import as_blocks, as_thread, fallback
from agent.notify.words import worse
from agent.page import Film, Kind, Message, Receipt

__all__ = ["Slack", "SlackSender"]

TIMEOUT_S = 10
PASSING = ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable")
"""Errors of the Web API that say: later. ``request_timeout`` says that our request was cut short."""

GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found")
"""Errors that say: the message that we remember can be edited no more."""

MOST_TRIES = 4
"""How often a filmstrip is tried for: the pictures may come later, and Slack needs time with a file."""
FILM_PAUSE_S = 2.0
HISTORY = 200

_log = logging.getLogger(__name__)


class SlackSender(Sender):
    """Settings: the bot's token (``chat:write``, ``files:write``) and the channel's id.

    ``mention`` calls people when a page opens: ``here``, ``channel``, or ids of users and groups. With
    ``channels:history`` a message that was sent without our learning of it is found again.
    """

    edits: ClassVar[bool] = True
    pace_s: float = Field(1.0, ge=0, le=60)
    token: SecretPlace
    channel: str = Field(pattern=r"^([CGD][A-Z0-9]{2,20}|#[^\s,]{1,80})$")
    mention: tuple[Annotated[str, Field(pattern=r"^(here|channel|everyone|[UWS][A-Z0-9]{2,20})$")], ...] = ()
    pictures: bool = True
    buttons: bool = True
    api: str = Field("https://slack.com/api/", pattern=r"^https?://.+/$")

    def open(self, name: str) -> Notifier:
        """A notifier, with its token read."""
        token = self.token.read(f"{name}: token")
        client = WebClient(
            token=token.get_secret_value(),
            base_url=self.api,
            timeout=TIMEOUT_S,
            retry_handlers=[],
            logger=_quiet(),
        )
        return Slack(self, client, token)


@dataclass(frozen=True, slots=True)
class Slack:
    """Talks to one channel."""

    settings: SlackSender
    client: WebClient
    token: SecretStr

    def send(self, message: Message) -> Receipt:
        """Post or edit, then the thread, then the pictures, which nobody waits for.

        What was achieved before a failure is kept, so that the next attempt edits and posts no double.
        """
        memory = dict(message.memory)
        if message.kind is Kind.DIGEST:
            self._post(message, memory)
            return Receipt(memory)
        again_s = self._film(message, memory)
        try:
            try:
                self._parent(message, memory)
            except _NotReady:
                memory.update(film="due", pending=memory.pop("file"))
                again_s = FILM_PAUSE_S
                self._parent(message, memory)
            self._thread(message, memory)
        except NotifyError as exc:
            exc.memory = memory
            raise
        if not memory.get("film") and self.settings.pictures:
            memory["film"], again_s = "due", 0.0
        return Receipt(memory, again_s)

    def _parent(self, message: Message, memory: dict[str, str]) -> None:
        """The message itself: edited where it is known, or found again, else posted."""
        if "ts" not in memory and message.again:
            self._find(message, memory)
        if "ts" not in memory:
            self._post(message, memory)
            return
        try:
            self._call("chat.update", {**self._told(message, memory), "ts": memory["ts"]}, memory)
        except _Gone:
            self._post(message, memory)

    def _post(self, message: Message, memory: dict[str, str]) -> None:
        payload = {"key": message.key, "seq": message.seq}
        answer = self._call(
            "chat.postMessage",
            {
                **self._told(message, memory, new=True),
                "metadata": {"event_type": "vidette_page", "event_payload": payload},
                "unfurl_links": False,
                "unfurl_media": False,
            },
            memory,
        )
        memory.update(ts=str(answer["ts"]), channel=str(answer["channel"]))

    def _thread(self, message: Message, memory: dict[str, str]) -> None:
        """What is new. Slack posts into the channel, and says nothing, when the parent is lost."""
        text = as_thread(message)
        if not text:
            return
        reply = {"text": text, "thread_ts": memory["ts"], "reply_broadcast": worse(message)}
        try:
            answer = self._call("chat.postMessage", reply, memory)
        except _Gone:
            self._post(message, memory)
            return
        if answer.get("message", {}).get("thread_ts") != memory["ts"]:
            self._take_back(str(answer["ts"]), memory)
            self._post(message, memory)
            self._call("chat.postMessage", {**reply, "thread_ts": memory["ts"]}, memory)

    def _take_back(self, ts: str, memory: dict[str, str]) -> None:
        try:
            self._call("chat.delete", {"ts": ts}, memory)
        except (NotifyError, _Gone) as exc:
            _log.info("a stray reply stays in the channel: %s", exc)

    def _find(self, message: Message, memory: dict[str, str]) -> None:
        """Look for our message in the channel: an attempt may have got through without our learning of it."""
        asked = {
            "channel": self.settings.channel,
            "oldest": f"{message.opened_at.timestamp() - 60:.6f}",
            "include_all_metadata": True,
            "limit": HISTORY,
        }
        try:
            answer = self._call("conversations.history", asked, {})
        except (Rejected, _Gone) as exc:
            _log.info("the channel's history cannot be read, a page may be doubled: %s", exc)
            return
        for found in answer.get("messages", ()):
            payload = found.get("metadata", {}).get("event_payload", {})
            if payload.get("key") == message.key:
                memory.update(ts=str(found["ts"]), channel=self.settings.channel)
                return

    def _film(self, message: Message, memory: dict[str, str]) -> float | None:
        """Upload the pictures, if it is their turn; when to come back for them."""
        if memory.get("film") != "due":
            return None
        tries = int(memory.get("film_tries", "0")) + 1
        memory["film_tries"] = str(tries)
        last = tries >= MOST_TRIES
        try:
            if "pending" in memory and not last:
                memory.update(film="sent", file=memory.pop("pending"))
                return None
            film = message.film()
            if film is not None:
                # A file that no block may show can still be shared into the thread.
                shared = last and memory.pop("pending", None) is not None
                file = self._upload(film, memory if shared else {})
                memory.update(
                    {"film": "shared"} if shared else {"film": "sent", "file": file, "alt": film.alt}
                )
                return None
        except (SlackClientError, URLError, OSError, KeyError, TypeError) as exc:
            _log.info("the filmstrip of %s is not shown: %s", message.id, hidden(str(exc), self.token))
        if last:
            memory["film"] = "none"
            return None
        return FILM_PAUSE_S * tries

    def _upload(self, film: Film, place: Mapping[str, str]) -> str:
        """Upload the pictures, into a thread where one is given; the file's id."""
        uploaded = self.client.files_upload_v2(
            file=film.jpeg,
            filename="filmstrip.jpg",
            title="filmstrip",
            alt_txt=film.alt,
            channel=place.get("channel"),
            thread_ts=place.get("ts"),
        )
        return str(uploaded["file"]["id"])

    def _told(self, message: Message, memory: Mapping[str, str], *, new: bool = False) -> dict[str, Any]:
        opens = new and message.kind is Kind.OPEN
        mention = [_mention(name) for name in self.settings.mention] if opens else []
        blocks = as_blocks(
            message,
            file=memory.get("file", ""),
            alt=memory.get("alt", ""),
            mention=mention,
            buttons=self.settings.buttons,
        )
        return {"text": fallback(message), "blocks": blocks, "link_names": False, "parse": "none"}

    def _call(self, method: str, payload: Mapping[str, Any], memory: dict[str, str]) -> Mapping[str, Any]:
        """One call of the Web API.

        Raises:
            Retryable, Rejected: as a notifier does.
            _Gone: the message that is meant can be edited no more.
        """
        channel = memory.get("channel", self.settings.channel)
        try:
            answer = self.client.api_call(method, json={"channel": channel, **payload})
        except SlackApiError as exc:
            raise self._judged(method, exc, memory) from exc
        except (URLError, OSError) as exc:
            raise Retryable(f"Slack cannot be reached ({type(exc).__name__})") from exc
        except SlackRequestError as exc:
            raise Retryable(f"Slack: {hidden(str(exc), self.token)}") from exc
        data = answer.data
        return data if isinstance(data, dict) else {}

    def _judged(self, method: str, exc: SlackApiError, memory: Mapping[str, str]) -> Exception:
        """What an error of the API means for the message."""
        status = int(getattr(exc.response, "status_code", 0) or 0)
        data = getattr(exc.response, "data", None)
        said = str(data.get("error", "")) if isinstance(data, dict) else ""
        error = said if said.replace("_", "a").isalnum() else ""
        if status == 429 or error in PASSING or status >= 500:
            told = f"Slack: {method} answered {error or status}"
            return Retryable(told, after_s=retry_after_s(getattr(exc.response, "headers", {})))
        if error in GONE:
            return _Gone(f"Slack: {method} answered {error}")
        if error == "invalid_blocks" and "file" in memory:
            return _NotReady("the filmstrip is not ready")
        return Rejected(f"Slack: {method} answered {hidden(error or str(status), self.token)}")


def _quiet() -> logging.Logger:
    """For slack_sdk, which logs what it raises: one failure is told once, by us."""
    logger = logging.getLogger(f"{__name__}.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger


class _NotReady(Exception):
    """Slack has not finished with an uploaded file, or does not show it."""


class _Gone(Exception):
    """The message that we remember is no longer there."""


def _mention(name: str) -> str:
    if name in ("here", "channel", "everyone"):
        return f"<!{name}>"
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"
