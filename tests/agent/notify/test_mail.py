"""Mail, in a real SMTP server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from agent.notify.errors import NotifyError, Rejected, Retryable
from agent.notify.mail import Mail, MailSender
from agent.notify.words import told_of
from agent.page import Film, Kind, Standing
from agent.verdict import Severity
from tests.agent.notify.notices import message, notice

FILM = Film(b"\xff\xd8 pictures", 640, 180, "before, onset, end")


@dataclass
class Post:
    """What the server took, and what it is to say to the next ones."""

    letters: list[EmailMessage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.said:
            return self.said.pop(0)
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def mail(post: Post) -> Iterator[Mail]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield _mail(port)
    finally:
        controller.stop()


def _mail(port: int) -> Mail:
    values = {"host": "127.0.0.1", "port": port, "security": "none", "from": "v@example.org"}
    return Mail(MailSender.model_validate({**values, "to": ["desk@example.org", "qc@example.org"]}), None)


def _part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_mail_has_text_and_html_and_the_pictures_inside(post: Post, mail: Mail) -> None:
    mail.send(message(film=lambda: FILM))
    (letter,) = post.letters
    assert letter["Subject"] == "[vidette] CRITICAL: Signal lost for 3.04 s"
    assert letter["To"] == "desk@example.org, qc@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "Cause: signal loss" in _part(letter, "plain")
    html = _part(letter, "html")
    assert "<td>signal loss</td>" in html
    images = [part for part in letter.walk() if part.get_content_type() == "image/jpeg"]
    assert [image.get_payload(decode=True) for image in images] == [FILM.jpeg]
    assert f"cid:{images[0]['Content-ID'].strip('<>')}" in html
    assert 'alt="before, onset, end"' in html


def test_text_of_others_is_text(post: Post, mail: Mail) -> None:
    title = "x\r\nBcc: all@example.org\n<script>alert(1)</script>"
    mail.send(message(notice(title=title, summary="{{ 7 * 7 }} <img src=x>", url="caf\udce9\x00\u202e.mp4")))
    (letter,) = post.letters
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("[vidette] CRITICAL: x Bcc: all@example.org <script>")
    html = _part(letter, "html")
    assert "<script" not in html and "<img" not in html and "{{ 7 * 7 }}" in html
    assert "\u202e" not in html and "caf" in html


def test_what_follows_is_in_the_thread_and_only_if_it_is_worth_a_mail(post: Post, mail: Mail) -> None:
    first = notice(severity=Severity.MAJOR)
    memory = mail.send(message(first)).memory
    told = told_of([first])
    milder = notice(severity=Severity.MINOR)
    memory = mail.send(message(milder, seq=2, kind=Kind.UPDATE, told=told, memory=memory)).memory
    mail.send(message(notice(), seq=3, kind=Kind.UPDATE, told=told, memory=memory))
    over = notice(standing=Standing.OVER)
    mail.send(message(over, seq=4, kind=Kind.OVER, told=told, memory=memory))
    opened, worse, over_now = post.letters
    assert worse["In-Reply-To"] == over_now["In-Reply-To"] == opened["Message-ID"]
    assert "severity major \N{RIGHTWARDS ARROW} critical" in _part(worse, "plain")
    assert over_now["Subject"] == "[vidette] Over: Signal lost for 3.04 s"


def test_the_same_message_has_the_same_id_in_every_attempt(post: Post, mail: Mail) -> None:
    mail.send(message())
    mail.send(message(again=True))
    assert len({letter["Message-ID"] for letter in post.letters}) == 1


def test_a_digest(post: Post, mail: Mail) -> None:
    mail.send(message(kind=Kind.DIGEST, headline="The day until 07:30", lines=("3 critical, 2 major",)))
    assert post.letters[0]["Subject"] == "[vidette] The day until 07:30"
    assert "3 critical, 2 major" in _part(post.letters[0], "plain")


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("451 try later", Retryable, "mail: 451 try later"),
        ("554 no thanks", Rejected, "mail: 554 no thanks"),
    ],
)
def test_what_the_server_says(post: Post, mail: Mail, said: str, kind: type[NotifyError], told: str) -> None:
    post.said = [said]
    with pytest.raises(kind, match=f"^{told}"):
        mail.send(message())


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(Retryable, match=r"^mail: the server cannot be reached \(ConnectionRefusedError\)$"):
        _mail(1).send(message())
