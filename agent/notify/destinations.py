"""The kinds of destination: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from agent.config import require_known, validated
from agent.notify.base import Sender
from pipeline.errors import ProfileError
from pipeline.text import clean

__all__ = ["KINDS", "Destination", "load_destination", "sender_of"]

KINDS: Mapping[str, tuple[str, str]] = {
    "slack": ("agent.notify.slack", "SlackSender"),
    "slack_webhook": ("agent.notify.slack_webhook", "SlackWebhookSender"),
    "pagerduty": ("agent.notify.pagerduty", "PagerDutySender"),
    "alertmanager": ("agent.notify.alertmanager", "AlertmanagerSender"),
    "webhook": ("agent.notify.webhook", "WebhookSender"),
    "mail": ("agent.notify.mail", "MailSender"),
    "apprise": ("agent.notify.anything", "AppriseSender"),
    "file": ("agent.notify.file", "FileSender"),
}
"""Kind in the file -> where its settings are, which know how to open it; loaded when it is used."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A named place to send to."""

    name: str
    kind: str
    sender: Sender

    @property
    def digests(self) -> bool:
        """Whether it can tell a digest."""
        return self.sender.digests


def sender_of(kind: str) -> type[Sender]:
    """The settings of a kind; its libraries are imported with it."""
    module, name = KINDS[kind]
    found: type[Sender] = getattr(import_module(module), name)
    return found


def load_destination(source: str, name: str, row: Mapping[str, Any]) -> Destination:
    """One ``[destinations.NAME]``.

    Raises:
        ProfileError: its kind or a key is unknown, or a value is wrong. Values are not shown: a secret
            may have been put where it does not belong.
    """
    where = f"destinations.{clean(name, 60)}"
    values = dict(row)
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise ProfileError(f"{clean(source)}: {where}: kind must be one of {', '.join(KINDS)}")
    sender = sender_of(kind)
    require_known(source, where, values, [f.alias or key for key, f in sender.model_fields.items()])
    return Destination(name, kind, validated(sender, source, where, values, show=False))
