"""``kind = "mail"``: SMTP; text and HTML in one, the filmstrip inside, a thread for each page."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any, Literal

from jinja2 import Environment, PackageLoader
from pydantic import Field, SecretStr, model_validator

from agent.notify.base import Notifier, SecretPlace, Sender, hidden
from agent.notify.errors import Rejected, Retryable
from agent.notify.words import (
    MARKS,
    MOST_TOLD,
    SUMMARY,
    TITLE,
    body,
    facts,
    headline,
    mark,
    news,
    words_of,
    worth_telling,
)
from agent.page import Film, Message, Receipt

__all__ = ["Mail", "MailSender", "compose"]

TIMEOUT_S = 15.0
ADDRESS = r"^[^@\s<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^@\s<>,;:\"()\[\]\\\x00-\x1f]{1,255}$"
DOMAIN = "vidette.invalid"
"""Right side of message ids: no host of anybody's (RFC 6761)."""


class MailSender(Sender):
    """Settings: the server, who sends, who is to read."""

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: SecretPlace | None = None
    sender: str = Field(alias="from", pattern=ADDRESS)
    to: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> MailSender:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent without TLS: security must be starttls or tls")
        return self

    def open(self, name: str) -> Notifier:
        """A notifier, with its password read where it has one."""
        return Mail(self, self.password.read(f"{name}: password") if self.password else None)


@dataclass(frozen=True, slots=True)
class Mail:
    """Sends a first mail, and another in its thread when something is new, worse or over."""

    settings: MailSender
    password: SecretStr | None

    def send(self, message: Message) -> Receipt:
        """One mail to all; those that the server refuses while it takes others are not tried again."""
        if not worth_telling(message):
            return Receipt(message.memory)
        letter = compose(message, self.settings.sender, self.settings.to)
        try:
            with self._connected() as server:
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as exc:
            codes = [code for code, _ in exc.recipients.values()]
            kind = Retryable if any(400 <= code < 500 for code in codes) else Rejected
            raise kind(f"mail: all recipients refused ({codes[0] if codes else '?'})") from exc
        except smtplib.SMTPResponseException as exc:
            said = exc.smtp_error.decode("utf-8", "replace") if isinstance(exc.smtp_error, bytes) else ""
            told = f"mail: {exc.smtp_code} {hidden(said, self.password)}"
            raise (Rejected if 500 <= exc.smtp_code < 600 else Retryable)(told) from exc
        except smtplib.SMTPNotSupportedError as exc:
            raise Rejected(f"mail: {hidden(str(exc), self.password)}") from exc
        except (OSError, smtplib.SMTPException) as exc:
            raise Retryable(f"mail: the server cannot be reached ({type(exc).__name__})") from exc
        return Receipt({"first": message.memory.get("first", str(letter["Message-ID"]))})

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        settings = self.settings
        context = ssl.create_default_context()
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
        with server:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user is not None and self.password is not None:
                server.login(settings.user, self.password.get_secret_value())
            yield server


def compose(message: Message, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """The mail. Its id is the message's own, so that a doubled one is known for what it is."""
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = f"[vidette] {headline(message)}"
    letter["From"], letter["To"] = sender, ", ".join(to)
    letter["Date"] = format_datetime(message.now)
    letter["Message-ID"] = f"<{message.id}@{DOMAIN}>"
    letter["Auto-Submitted"] = "auto-generated"
    first = message.memory.get("first")
    if first:
        letter["In-Reply-To"] = letter["References"] = first
    letter.set_content(f"{body(message)}\n\n{words_of(message.why, TITLE)}\n")
    film = message.film()
    letter.add_alternative(_html(message, film), subtype="html")
    if film is not None:
        html = letter.get_body(("html",))
        if html is not None:
            html.add_related(film.jpeg, "image", "jpeg", cid=f"<film@{DOMAIN}>", filename="filmstrip.jpg")
    return letter


def _html(message: Message, film: Film | None) -> str:
    entries: list[dict[str, Any]] = [
        {
            "mark": MARKS[notice.severity],
            "severity": notice.severity.value.upper(),
            "title": words_of(notice.title, TITLE),
            "summary": words_of(notice.summary, SUMMARY),
            "facts": facts(notice),
            "link": notice.link,
            "id": notice.incident,
        }
        for notice in message.notices[:MOST_TOLD]
    ]
    shown = (
        {"cid": f"film@{DOMAIN}", "alt": film.alt, "width": film.width, "height": film.height}
        if film
        else None
    )
    return (
        _templates()
        .get_template("mail.html")
        .render(
            headline=headline(message),
            mark=mark(message),
            news=news(message),
            lines=[words_of(line, SUMMARY) for line in message.lines],
            entries=entries,
            more=max(0, len(message.notices) - MOST_TOLD),
            film=shown,
            why=words_of(message.why, TITLE),
        )
    )


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("agent.notify"), autoescape=True, trim_blocks=True)
