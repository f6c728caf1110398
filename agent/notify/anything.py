"""``kind = "apprise"``: whatever else Apprise can reach (Teams, Telegram, SMS, over a hundred more)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from agent.notify.base import Notifier, SecretPlace, Sender, hidden
from agent.notify.errors import Retryable
from agent.notify.words import body, headline, worth_telling
from agent.page import Kind, Message, Receipt
from agent.verdict import Severity
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from apprise import Apprise

__all__ = ["AppriseNotifier", "AppriseSender"]


@dataclass(frozen=True, slots=True)
class AppriseNotifier:
    """Sends text, and again only when something is new, worse or over: there is nothing to edit."""

    apprise: Apprise
    url: SecretStr

    def send(self, message: Message) -> Receipt:
        """Hand it over; Apprise says only whether it was taken, so a refusal is tried again."""
        from apprise import LogCapture, NotifyFormat

        if not worth_telling(message):
            return Receipt()
        with LogCapture(level=logging.WARNING) as log:  # type: ignore[no-untyped-call]
            taken = self.apprise.notify(
                body=body(message),
                title=headline(message),
                notify_type=_type(message),
                body_format=NotifyFormat.TEXT,
                interpret_escapes=False,
            )
            said = log.getvalue()
        if not taken:
            last = (said.strip().split("\n") or [""])[-1]
            raise Retryable(f"apprise: not taken ({hidden(last, self.url) or 'it does not say why'})")
        return Receipt()


class AppriseSender(Sender):
    """Settings: where the Apprise URL is, which holds the credentials."""

    url: SecretPlace

    def open(self, name: str) -> Notifier:
        """A notifier, with its URL read and understood."""
        try:
            from apprise import Apprise
        except ModuleNotFoundError as exc:
            raise UsageError(f"{name}: needs Apprise: pip install 'vidette[apprise]'") from exc
        url = self.url.read(f"{name}: url")
        apprise = Apprise()
        if not apprise.add(url.get_secret_value()):
            raise UsageError(f"{name}: url: Apprise knows no such address")
        return AppriseNotifier(apprise, url)


def _type(message: Message) -> str:
    if message.kind is Kind.OVER:
        return "success"
    worst = message.notices[0].severity if message.notices else Severity.INFO
    return {Severity.CRITICAL: "failure", Severity.MAJOR: "failure", Severity.MINOR: "warning"}.get(
        worst, "info"
    )
