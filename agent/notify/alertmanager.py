"""``kind = "alertmanager"``: API v2, one alert an incident; repeated while it goes on, as Prometheus does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from agent.notify.base import Notifier, SecretPlace, Sender
from agent.notify.http import post
from agent.notify.words import NAME, span, standing_words, words_of
from agent.page import Message, Notice, Receipt, Standing

__all__ = ["Alertmanager", "AlertmanagerSender"]

LABELS = "labels "
"""Beginning of a memory's key; the incident follows."""


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """An alert is known by its labels: when one changes, the alert under the old ones is ended."""

    url: str
    token: SecretStr | None
    hold_s: float

    def send(self, message: Message) -> Receipt:
        """Put all alerts of the page; what goes on ends by itself unless it is put again in time."""
        alerts: list[dict[str, Any]] = []
        memory: dict[str, str] = {}
        for notice in message.notices:
            labels = _labels(notice)
            before = message.memory.get(LABELS + notice.incident)
            if before and before != _dumped(labels):
                alerts.append(_alert(json.loads(before), notice, message.now))
            goes_on = notice.standing is not Standing.OVER
            ends_at = message.now + timedelta(seconds=self.hold_s) if goes_on else message.now
            alerts.append(_alert(labels, notice, ends_at))
            memory[LABELS + notice.incident] = _dumped(labels)
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.get_secret_value()}"
        post(f"{self.url}/api/v2/alerts", "Alertmanager", json.dumps(alerts).encode(), headers)
        open_ones = any(notice.standing is not Standing.OVER for notice in message.notices)
        return Receipt(memory, again_s=self.hold_s / 2 if open_ones else None)


class AlertmanagerSender(Sender):
    """Settings: where it is, and for how long an alert stands that is not repeated."""

    digests: ClassVar[bool] = False
    edits: ClassVar[bool] = True
    url: str = Field(pattern=r"^https?://[^?#]+$")
    token: SecretPlace | None = None
    hold_s: float = Field(3600.0, ge=60, le=86400)

    def open(self, name: str) -> Notifier:
        """A notifier, with its token read where it has one."""
        token = self.token.read(f"{name}: token") if self.token else None
        return Alertmanager(self.url.rstrip("/"), token, self.hold_s)


def _labels(notice: Notice) -> dict[str, str]:
    """What the alert is known by, and what Alertmanager's own tree asks for."""
    own = {f"label_{key}": words_of(value, NAME) for key, value in notice.labels.items() if _is_name(key)}
    return {
        **own,
        "alertname": "vidette_incident",
        "incident": notice.incident,
        "input": words_of(notice.url, NAME),
        "cause": notice.cause.value,
        "severity": notice.severity.value,
        "route": notice.route.value,
    }


def _alert(labels: Mapping[str, str], notice: Notice, ends_at: datetime) -> dict[str, Any]:
    annotations = {
        "title": words_of(notice.title, NAME),
        "summary": words_of(notice.summary, 1000),
        "when": span(notice),
        "standing": standing_words(notice),
    }
    alert: dict[str, Any] = {
        "labels": dict(labels),
        "annotations": annotations,
        "startsAt": min(notice.first_seen_at, ends_at).isoformat(),
        "endsAt": ends_at.isoformat(),
    }
    return {**alert, "generatorURL": notice.link} if notice.link else alert


def _is_name(key: str) -> bool:
    return key.isascii() and key.replace("_", "a").isalnum()


def _dumped(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, sort_keys=True)
