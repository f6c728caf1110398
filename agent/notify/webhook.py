"""``kind = "webhook"``: a signed POST as Standard Webhooks has it (standardwebhooks.com, 1.0)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, SecretStr
from standardwebhooks import Webhook

from agent.notify.base import Notifier, SecretPlace, Sender
from agent.notify.document import message_document
from agent.notify.http import post
from agent.page import Message, Receipt
from pipeline.errors import UsageError

__all__ = ["WebhookNotifier", "WebhookSender"]

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,88}={0,2}")


@dataclass(frozen=True, slots=True)
class WebhookNotifier:
    """Every state of a page, each under an id of its own that stays the same for every attempt."""

    url: str
    secret: SecretStr

    def send(self, message: Message) -> Receipt:
        """POST it. The signature covers the id, the time and the body."""
        text = json.dumps(message_document(message), allow_nan=False)
        signature = Webhook(self.secret.get_secret_value()).sign(message.id, message.now, text)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(message.now.timestamp())),
            "webhook-signature": signature,
        }
        post(self.url, "the webhook", text.encode(), headers)
        return Receipt()


class WebhookSender(Sender):
    """Settings: the address, and the secret (``whsec_`` and base64) that both sides know."""

    edits: ClassVar[bool] = True
    url: str = Field(pattern=r"^https?://")
    secret: SecretPlace

    def open(self, name: str) -> Notifier:
        """A notifier, with its secret read and tried."""
        secret = self.secret.read(f"{name}: secret")
        if not SECRET.fullmatch(secret.get_secret_value()):
            raise UsageError(f"{name}: secret: must be whsec_ and base64 of 24 to 64 bytes")
        return WebhookNotifier(self.url, secret)
