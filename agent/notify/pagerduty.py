"""``kind = "pagerduty"``: Events API v2, one alert a page, by its dedup key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from agent.notify.base import Notifier, SecretPlace, Sender
from agent.notify.document import notice_document
from agent.notify.http import post
from agent.notify.words import NAME, body, headline, words_of
from agent.page import Kind, Message, Receipt, Standing
from agent.verdict import Severity

__all__ = ["PagerDuty", "PagerDutySender"]

WHERE = "PagerDuty"
SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.INFO: "info",
}
SUMMARY = 1024
"""Characters of a summary that Events v2 takes."""
MOST_DETAILS = 10
"""Incidents of one page whose facts go along: an event may have 512 kB."""


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """Triggers, acknowledges and resolves the alert of a page."""

    url: str
    routing_key: SecretStr

    def send(self, message: Message) -> Receipt:
        """``trigger`` while somebody has to look, then ``acknowledge``, ``resolve`` at the end."""
        known = "triggered" in message.memory
        action = _action(message)
        if not known or action == "trigger":
            self._enqueue({"event_action": "trigger", **_alert(message)}, message)
        if action != "trigger":
            self._enqueue({"event_action": action}, message)
        return Receipt({"triggered": "yes"})

    def _enqueue(self, event: dict[str, Any], message: Message) -> None:
        keys = {"routing_key": self.routing_key.get_secret_value(), "dedup_key": f"vidette-{message.key}"}
        content = json.dumps({**keys, **event}, allow_nan=False).encode()
        post(self.url, WHERE, content, {"Content-Type": "application/json"})


class PagerDutySender(Sender):
    """Settings: the routing key of a service's Events v2 integration."""

    digests: ClassVar[bool] = False
    edits: ClassVar[bool] = True
    routing_key: SecretPlace
    url: str = Field("https://events.pagerduty.com/v2/enqueue", pattern=r"^https?://")

    def open(self, name: str) -> Notifier:
        """A notifier, with its key read."""
        return PagerDuty(self.url, self.routing_key.read(f"{name}: routing_key"))


def _action(message: Message) -> str:
    if message.kind is Kind.OVER:
        return "resolve"
    waiting = any(notice.standing is Standing.OPEN for notice in message.notices)
    return "trigger" if waiting else "acknowledge"


def _alert(message: Message) -> dict[str, Any]:
    first = message.notices[0]
    links = [{"href": notice.link, "text": "vidette"} for notice in message.notices[:1] if notice.link]
    return {
        "client": "vidette",
        "links": links,
        "payload": {
            "summary": headline(message)[:SUMMARY],
            "source": words_of(first.url, NAME),
            "severity": SEVERITIES[first.severity],
            "timestamp": first.first_seen_at.isoformat(),
            "component": ", ".join(first.streams)[:NAME],
            "group": first.route.value,
            "class": first.cause.value,
            "custom_details": {
                "text": body(message)[:8000],
                "incidents": [notice_document(notice) for notice in message.notices[:MOST_DETAILS]],
            },
        },
    }
