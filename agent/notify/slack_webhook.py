"""``kind = "slack_webhook"``: an incoming webhook. It cannot edit, so it sends less."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import Field, SecretStr

from agent.notify.base import Notifier, SecretPlace, Sender
from agent.notify.http import post
from agent.notify.slack_blocks import as_blocks, as_thread, fallback
from agent.notify.words import worth_telling
from agent.page import Message, Receipt

__all__ = ["SlackWebhook", "SlackWebhookSender"]


@dataclass(frozen=True, slots=True)
class SlackWebhook:
    """Posts a page when it opens, when something is new or worse, and when it is over."""

    url: SecretStr

    def send(self, message: Message) -> Receipt:
        """One message; no buttons, which need an app, and no pictures, which need a token."""
        if not worth_telling(message):
            return Receipt()
        text = as_thread(message) or fallback(message)
        body = {"text": text, "blocks": as_blocks(message, buttons=False), "unfurl_links": False}
        post(
            self.url.get_secret_value(),
            "the Slack webhook",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        return Receipt()


class SlackWebhookSender(Sender):
    """Settings: where the webhook's URL is, which is a secret by itself."""

    pace_s: float = Field(1.0, ge=0, le=60)
    url: SecretPlace

    def open(self, name: str) -> Notifier:
        """A notifier, with its URL read."""
        return SlackWebhook(self.url.read(f"{name}: url"))
