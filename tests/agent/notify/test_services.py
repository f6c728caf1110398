"""PagerDuty, Standard Webhooks, Apprise and the file: what is sent, and what an answer means."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from agent.notify.anything import AppriseSender
from agent.notify.base import Notifier, Secret
from agent.notify.destinations import load_destination
from agent.notify.errors import NotifyError, Rejected, Retryable
from agent.notify.file import FileSender
from agent.notify.http import retry_after_s
from agent.notify.pagerduty import PagerDutySender
from agent.notify.webhook import WebhookSender
from agent.notify.words import told_of
from agent.page import Kind, Standing
from agent.verdict import Severity
from pipeline.errors import ProfileError, UsageError
from tests.agent.notify.notices import NOON, message, notice
from tests.agent.notify.servers import Answer, Recorder, serving
from tests.needs import needs

KEY = "R0UTINGKEY"
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes, no more").decode()


@dataclass
class Place:
    """A recording server and its address."""

    recorder: Recorder
    url: str

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.recorder.requests]


@pytest.fixture
def place() -> Iterator[Place]:
    recorder = Recorder([Answer(202, b'{"status":"success"}')])
    with serving(recorder) as url:
        yield Place(recorder, url)


@pytest.fixture
def pager(place: Place, monkeypatch: pytest.MonkeyPatch) -> Notifier:
    monkeypatch.setenv("PD_KEY", KEY)
    return PagerDutySender(routing_key=Secret(env="PD_KEY"), url=f"{place.url}/v2/enqueue").open("oncall")


def test_pagerduty_triggers_acknowledges_and_resolves_one_alert(place: Place, pager: Notifier) -> None:
    memory = pager.send(message()).memory
    taken = notice(standing=Standing.ACKNOWLEDGED)
    memory = pager.send(message(taken, seq=2, kind=Kind.UPDATE, memory=memory)).memory
    pager.send(message(notice(standing=Standing.OVER), seq=3, kind=Kind.OVER, memory=memory))
    assert [body["event_action"] for body in place.bodies] == ["trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in place.bodies} == {"vidette-0123456789abcdef"}
    assert {body["routing_key"] for body in place.bodies} == {KEY}
    payload = place.bodies[0]["payload"]
    assert payload["summary"] == "CRITICAL: Signal lost for 3.04 s"
    assert (payload["severity"], payload["class"]) == ("critical", "signal_loss")
    assert payload["custom_details"]["incidents"][0]["id"] == "1nc1de0000000001"


def test_pagerduty_is_told_of_a_page_that_was_over_at_once(place: Place, pager: Notifier) -> None:
    pager.send(message(notice(standing=Standing.OVER), kind=Kind.OVER))
    assert [body["event_action"] for body in place.bodies] == ["trigger", "resolve"]


def test_pagerduty_keeps_its_limits(place: Place, pager: Notifier) -> None:
    many = [notice(title="t" * 5000, summary="s" * 5000, incident=str(n)) for n in range(300)]
    pager.send(message(*many))
    assert len(place.bodies[0]["payload"]["summary"]) <= 1024
    assert len(place.recorder.requests[0].body) < 100_000


@pytest.mark.parametrize(
    ("answer", "kind", "after_s", "told"),
    [
        (
            Answer(400, b'{"message":"Event object is invalid"}'),
            Rejected,
            None,
            "PagerDuty answered 400 .*inval",
        ),
        (Answer(429, b"", {"Retry-After": "12"}), Retryable, 12, "PagerDuty answered 429"),
        (Answer(500, b"oops"), Retryable, None, "PagerDuty answered 500"),
        (Answer(301, b"", {"Location": "http://127.0.0.1:1/"}), Rejected, None, "PagerDuty answered 301"),
    ],
)
def test_what_an_answer_means(
    place: Place, pager: Notifier, answer: Answer, kind: type[NotifyError], after_s: float | None, told: str
) -> None:
    place.recorder.answers = [answer]
    with pytest.raises(kind, match=told) as caught:
        pager.send(message())
    assert getattr(caught.value, "after_s", None) == after_s
    assert KEY not in str(caught.value)


def test_a_service_that_is_not_there_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    nobody = WebhookSender(url="http://127.0.0.1:1/secret-path", secret=Secret(env="HOOK")).open("hook")
    with pytest.raises(Retryable, match=r"^the webhook cannot be reached \(ConnectError\)$"):
        nobody.send(message())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("99999", 3600.0),
        ("Tue, 24 Nov 2026 12:00:45 GMT", 45.0),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}, NOON) == seconds


def test_a_webhook_is_signed_and_keeps_its_id_for_every_attempt(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    hook = WebhookSender(url=f"{place.url}/in", secret=Secret(env="HOOK")).open("hook")
    now = datetime.now(UTC)
    hook.send(message(now=now))
    hook.send(message(now=now + timedelta(seconds=1), again=True))
    first, second = place.recorder.requests
    told = Webhook(SECRET).verify(first.body, dict(first.headers))
    assert told["type"] == "page.opened"
    assert told["data"]["incidents"][0]["severity"] == "critical"
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "0123456789abcdef.1"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(first.body + b" ", dict(first.headers))


def test_a_webhook_secret_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "whsec_!!!")
    with pytest.raises(UsageError, match=r"^hook: secret: must be whsec_ and base64 of 24"):
        WebhookSender(url="http://x/", secret=Secret(env="HOOK")).open("hook")


IMGHDR = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@IMGHDR
@pytest.mark.logs_errors
def test_apprise_carries_the_rest(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("apprise")
    monkeypatch.setenv("ELSE", place.url.replace("http://", "json://user:pass-word@"))
    other = AppriseSender(url=Secret(env="ELSE")).open("else")
    other.send(message(notice(title="<b>bold</b>\nX: y")))
    (body,) = place.bodies
    assert body["title"] == "CRITICAL: <b>bold</b> X: y"
    assert "Cause: signal loss" in body["message"]
    calmer = notice(severity=Severity.MAJOR)
    other.send(message(calmer, kind=Kind.UPDATE, told=told_of([notice()])))
    assert len(place.bodies) == 1
    place.recorder.answers = [Answer(500)]
    with pytest.raises(Retryable, match=r"^apprise: not taken") as caught:
        other.send(message())
    assert "pass-word" not in str(caught.value)


@IMGHDR
@pytest.mark.logs_errors
def test_an_apprise_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    needs("apprise")
    monkeypatch.setenv("ELSE", "nonsense-with-secret")
    with pytest.raises(UsageError, match=r"^else: url: Apprise knows no such address$"):
        AppriseSender(url=Secret(env="ELSE")).open("else")


def test_the_file(tmp_path: Path) -> None:
    file = FileSender(path=tmp_path / "told.jsonl").open("log")
    file.send(message())
    file.send(message(seq=2))
    lines = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    assert [line["data"]["id"] for line in lines] == ["0123456789abcdef.1", "0123456789abcdef.2"]


def test_the_file_where_none_can_be(tmp_path: Path) -> None:
    with pytest.raises(Retryable, match=r"told\.jsonl cannot be written: No such file"):
        FileSender(path=tmp_path / "none" / "told.jsonl").open("log").send(message())


def test_secrets_come_from_a_variable_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("from-file\n")
    assert Secret(file=path).read("x").get_secret_value() == "from-file"
    assert Secret(env="A").read("x", {"A": " from-env "}).get_secret_value() == "from-env"
    with pytest.raises(UsageError, match=r"^desk: token: the variable A is not set$"):
        Secret(env="A").read("desk: token", {})
    with pytest.raises(UsageError, match=r"^desk: token: the file .*none cannot be read$"):
        Secret(file=tmp_path / "none").read("desk: token")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"kind": "slack", "channel": "C123", "token": "xoxb-1"}, "token: value error, must say where it is"),
        ({"kind": "slack", "channel": "C123", "token": {"env": "A", "file": "B"}}, "token: .*must be either"),
        ({"kind": "slack", "channel": "general", "token": {"env": "A"}}, "channel: string should match"),
        ({"kind": "pagerduty", "routing_key": "xoxb-1"}, "routing_key: value error, must say where it is"),
        ({"kind": "mail", "host": "h", "from": "xoxb-1", "to": ["a@b"]}, "from: string should match"),
        (
            {"kind": "mail", "host": "h", "from": "a@b", "to": ["a@b"], "user": "xoxb-1"},
            "user and password go together",
        ),
        ({"kind": "alertmanager", "url": "ftp://xoxb-1"}, "url: string should match pattern"),
    ],
)
def test_a_wrong_destination_is_told_without_its_values(row: dict[str, Any], told: str) -> None:
    with pytest.raises(ProfileError, match=told) as caught:
        load_destination("notify.toml", "desk", row)
    assert "xoxb-1" not in str(caught.value)
    assert str(caught.value).startswith("notify.toml: destinations.desk: ")
