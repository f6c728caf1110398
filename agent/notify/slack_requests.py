"""What Slack sends to us: is it Slack, is it now, and what is wanted. Everything in it is untrusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from pydantic import SecretStr
from slack_sdk.signature import Clock, SignatureVerifier

from agent.notify.slack_text import ACTIONS
from agent.notify.words import NAME, words_of
from pipeline.errors import VidetteError

__all__ = ["MAX_BODY_BYTES", "Press", "RefusedRequest", "Slash", "read_request"]

MAX_BODY_BYTES = 200_000
"""Slack sends the whole message with a press of a button; that is well below."""

QUESTION = 500


class RefusedRequest(VidetteError):
    """It is not Slack, not now, or nothing that we know: nobody is told more than that."""


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button of a page."""

    action: str
    page: str
    who: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Slash:
    """Somebody asked a question with the slash command."""

    question: str
    who: str
    talk: str
    response_url: str


def read_request(
    body: bytes, headers: Mapping[str, str], secret: SecretStr, *, team: str | None = None, clock: Clock
) -> Press | Slash:
    """What is wanted.

    Args:
        body: as it came, for the signature covers each byte of it.
        clock: what time it is; a signature older than five minutes is none.

    Raises:
        RefusedRequest: the signature is wrong or old, the workspace is another, or it is nothing of ours.
    """
    _verify(body, headers, secret, clock)
    try:
        form = {key: values[0] for key, values in parse_qs(body.decode(), max_num_fields=50).items()}
        if "payload" in form:
            payload = json.loads(form["payload"])
            _require_team(team, payload["team"]["id"] if payload.get("team") else "")
            return _press(payload)
        _require_team(team, form.get("team_id", ""))
        return _slash(form)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as exc:
        raise RefusedRequest("the request cannot be read") from exc


def _verify(body: bytes, headers: Mapping[str, str], secret: SecretStr, clock: Clock) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise RefusedRequest("the request is too large")
    found = {key.lower(): value for key, value in headers.items()}
    timestamp = found.get("x-slack-request-timestamp", "")
    signature = found.get("x-slack-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 15 and signature.isascii()):
        raise RefusedRequest("the request is not signed")
    verifier = SignatureVerifier(secret.get_secret_value(), clock)
    try:
        valid = verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError as exc:
        raise RefusedRequest("the request cannot be read") from exc
    if not valid:
        raise RefusedRequest("the request is not signed by Slack, or too old")


def _require_team(team: str | None, found: str) -> None:
    if team is not None and found != team:
        raise RefusedRequest("the request is from another workspace")


def _press(payload: Mapping[str, Any]) -> Press:
    if payload["type"] != "block_actions":
        raise RefusedRequest("only buttons are known")
    pressed = payload["actions"][0]
    action = str(pressed["action_id"]).removeprefix("vidette.")
    if action not in ACTIONS:
        raise RefusedRequest("no such button")
    user = payload["user"]
    name = user.get("username") or user.get("name") or user["id"]
    return Press(action, str(pressed["value"])[:40], _who(name), str(payload.get("response_url", "")))


def _slash(form: Mapping[str, str]) -> Slash:
    name = form.get("user_name") or form["user_id"]
    talk = f"{form.get('channel_id', '')}/{form['user_id']}"
    return Slash(words_of(form.get("text", ""), QUESTION), _who(name), talk, form.get("response_url", ""))


def _who(name: object) -> str:
    return f"{words_of(str(name), NAME - 10)} (Slack)"
