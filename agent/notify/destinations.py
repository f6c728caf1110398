"""The kinds of destination: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.config import require_known, validated
from agent.notify.alertmanager import AlertmanagerSender
from agent.notify.anything import AppriseSender
from agent.notify.base import Sender
from agent.notify.file import FileSender
from agent.notify.mail import MailSender
from agent.notify.pagerduty import PagerDutySender
from agent.notify.slack import SlackSender
from agent.notify.slack_webhook import SlackWebhookSender
from agent.notify.webhook import WebhookSender
from pipeline.errors import ProfileError
from pipeline.text import clean

__all__ = ["KINDS", "Destination", "load_destination"]

KINDS: Mapping[str, type[Sender]] = {
    "slack": SlackSender,
    "slack_webhook": SlackWebhookSender,
    "pagerduty": PagerDutySender,
    "alertmanager": AlertmanagerSender,
    "webhook": WebhookSender,
    "mail": MailSender,
    "apprise": AppriseSender,
    "file": FileSender,
}
"""Kind in the file -> its settings, which know how to open it."""


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
    sender = KINDS[kind]
    require_known(source, where, values, [f.alias or key for key, f in sender.model_fields.items()])
    return Destination(name, kind, validated(sender, source, where, values, show=False))
