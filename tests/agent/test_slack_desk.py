"""What people do in Slack: signed or refused, answered in time, done once, and said to nobody else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from agent.notify.slack_requests import RefusedRequest
from agent.query.chat import Chat
from agent.query.words import NOTHING, ReadWords
from agent.slack_desk import SlackDesk
from agent.store import Store
from tests.agent.notify.notices import tree_of
from tests.agent.notify.servers import Answer, Recorder, serving
from tests.agent.page_desk import Desk

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - nobody's
NOW = datetime.now(UTC)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Desk]:
    with Store.open(str(tmp_path / "vidette.db")) as store:
        desk = Desk(store, tree_of(tmp_path, '[route]\nto = ["desk"]\n'))
        desk.found("abc")
        desk.paging.deliver()
        yield desk


@pytest.fixture
def said() -> Iterator[tuple[Recorder, str]]:
    recorder = Recorder([Answer(200, b"ok")])
    with serving(recorder) as url:
        yield recorder, url


@pytest.fixture
def slack(pages: Desk, said: tuple[Recorder, str]) -> Iterator[SlackDesk]:
    desk = SlackDesk(pages.store, Chat(pages.store), SecretStr(SECRET), clock=lambda: NOW, hooks=said[1])
    yield desk
    desk.close()


def _signed(form: dict[str, str], at: datetime = NOW, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    body = urlencode(form).encode()
    timestamp = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    return body, {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": str(signature)}


def _press(action: str, page: str, url: str = "", **changes: Any) -> dict[str, str]:
    payload = {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1", "username": "ada"},
        "actions": [{"action_id": f"vidette.{action}", "value": page}],
        "response_url": url,
        **changes,
    }
    return {"payload": json.dumps(payload)}


def _key(pages: Desk) -> str:
    return pages.paging.outbox.pages()[0].key


def test_the_buttons_do_what_they_say_and_the_page_is_edited(pages: Desk, slack: SlackDesk) -> None:
    rung: list[bool] = []
    slack.changed = lambda: rung.append(True)
    assert slack.answer(*_signed(_press("ack", _key(pages)))) is None
    found = pages.store.incident("abc")
    assert (found.status, found.acknowledged_by) == ("acknowledged", "ada (Slack)")
    pages.paging.deliver()
    assert pages["desk"].told[-1].notices[0].by == "ada (Slack)"
    slack.answer(*_signed(_press("mute", _key(pages))))
    assert pages.store.incident("abc").muted
    slack.answer(*_signed(_press("false_alarm", _key(pages))))
    assert pages.store.incident("abc").status == "resolved"
    assert len(rung) == 3


def test_a_press_that_comes_twice_is_done_once(pages: Desk, slack: SlackDesk) -> None:
    for _ in range(2):
        slack.answer(*_signed(_press("ack", _key(pages))))
    assert pages.store.incident("abc").revision == 2


@pytest.mark.parametrize(
    ("page", "told"),
    [("none", "This page is not stored any more."), (None, "is resolved; reopen it first")],
)
def test_what_came_of_nothing_is_said_to_the_one_who_pressed(
    pages: Desk, slack: SlackDesk, said: tuple[Recorder, str], page: str | None, told: str
) -> None:
    slack.answer(*_signed(_press("false_alarm", _key(pages))))
    slack.answer(*_signed(_press("ack", page or _key(pages), f"{said[1]}/actions/1")))
    slack.close()
    (request,) = said[0].requests
    body = json.loads(request.body)
    assert body["response_type"] == "ephemeral"
    assert told in body["text"]


def test_no_answer_goes_where_a_request_says_but_slack_is_not(
    pages: Desk, slack: SlackDesk, said: tuple[Recorder, str]
) -> None:
    slack.hooks = "https://hooks.slack.com/"
    slack.answer(*_signed(_press("ack", "none", f"{said[1]}/metadata")))
    slack.close()
    assert said[0].requests == []


def _slash(text: str, **changes: str) -> dict[str, str]:
    form = {"command": "/vidette", "text": text, "user_id": "U1", "user_name": "ada", "channel_id": "C1"}
    return {**form, "team_id": "T1", **changes}


def test_questions_and_what_follows_them(pages: Desk, slack: SlackDesk) -> None:
    first = slack.answer(*_signed(_slash("critical incidents")))
    assert first is not None
    assert first["response_type"] == "ephemeral" and "abc" in first["text"]
    second = slack.answer(*_signed(_slash("only the minor ones")))
    assert second is not None and "abc" not in second["text"]
    helped = slack.answer(*_signed(_slash("help")))
    assert helped is not None and helped["text"].startswith("Ask about incidents")


def test_an_answer_that_takes_long_is_promised_in_time_and_comes_later(
    pages: Desk, slack: SlackDesk, said: tuple[Recorder, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    free, quick = threading.Event(), SlackDesk._ask

    def slow(desk: SlackDesk, wanted: Any) -> str:
        assert free.wait(10)
        return quick(desk, wanted)

    monkeypatch.setattr(SlackDesk, "_ask", slow)
    slack.answer_s = 0.05
    began = time.perf_counter()
    promised = slack.answer(*_signed(_slash("critical incidents", response_url=f"{said[1]}/commands/1")))
    assert time.perf_counter() - began < 3
    assert promised is not None and promised["text"] == "Still at it; the answer comes here."
    free.set()
    slack.close()
    assert "abc" in json.loads(said[0].requests[0].body)["text"]


@dataclass
class Slow:
    """A model of words that thinks until it is let go, and then knows one word."""

    free: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def meaning(self, words: str, names: tuple[str, ...]) -> str:
        self.asked.append(words)
        assert self.free.wait(20)
        return "black" if words == "gremlins" else NOTHING


def test_a_word_that_no_rule_knows_is_asked_of_the_model_and_slack_does_not_wait(
    pages: Desk, slack: SlackDesk, said: tuple[Recorder, str]
) -> None:
    model = Slow()
    slack.chat = Chat(pages.store, ReadWords("slow", lambda: model))
    slack.answer_s = 0.05
    url = f"{said[1]}/commands/1"
    for _ in range(6):
        promised = slack.answer(*_signed(_slash("gremlins", response_url=url)))
        assert promised is not None and promised["text"] == "Still at it; the answer comes here."
    # A button does not wait behind questions that do.
    slack.answer_s = 20
    assert slack.answer(*_signed(_press("ack", _key(pages)))) is None
    assert pages.store.incident("abc").status == "acknowledged"
    assert said[0].requests == []
    model.free.set()
    slack.close()
    assert model.asked == ["gremlins"] * 6
    texts = [json.loads(request.body)["text"] for request in said[0].requests]
    assert len(texts) == 6 and all("abc" in text and "gremlins" in text for text in texts)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        _signed(_slash("x"), secret="another"),  # noqa: S106
        _signed(_slash("x"), at=NOW - timedelta(seconds=301)),
        _signed(_slash("x"), at=NOW + timedelta(seconds=301)),
        (b"text=x", {}),
        (b"text=x", {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"}),
        (b"text=x", {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=1"}),
        (b"text=x", {"X-Slack-Request-Timestamp": "\u0661", "X-Slack-Signature": "v0=1"}),
        (b"\xff\xfe", {"X-Slack-Request-Timestamp": str(int(NOW.timestamp())), "X-Slack-Signature": "v0=1"}),
        (b"x" * 300_000, {}),
        _signed({"payload": "{"}),
        _signed({"payload": "[" * 5000}),
        _signed({"payload": '{"type": "view_submission", "team": null}'}),
        _signed(_press("nonsense", "x")),
        _signed(_press("ack", "x", actions=[])),
        _signed(_press("ack", "x", user=None)),
        _signed({"nothing": "at all"}),
    ],
)
def test_what_is_not_slack_is_refused(slack: SlackDesk, body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(RefusedRequest) as caught:
        slack.answer(body, headers)
    assert SECRET not in str(caught.value)


def test_another_byte_is_another_body(slack: SlackDesk) -> None:
    body, headers = _signed(_slash("critical incidents"))
    with pytest.raises(RefusedRequest):
        slack.answer(body + b"&x=", headers)


def test_another_workspace_is_refused(slack: SlackDesk) -> None:
    slack.team = "T1"
    assert slack.answer(*_signed(_slash("help"))) is not None
    with pytest.raises(RefusedRequest, match="another workspace"):
        slack.answer(*_signed(_slash("help", team_id="T2")))
    with pytest.raises(RefusedRequest, match="another workspace"):
        slack.answer(*_signed(_press("ack", "x", team=None)))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["block_actions", "x"]) | values,
            "team": values,
            "user": st.fixed_dictionaries({"id": values}) | values,
            "actions": st.lists(st.fixed_dictionaries({"action_id": values, "value": values})) | values,
            "response_url": values,
        },
    )
)
def test_a_signed_request_of_any_shape_is_answered_or_refused(slack: SlackDesk, payload: Any) -> None:
    with suppress(RefusedRequest):
        slack.answer(*_signed({"payload": json.dumps(payload)}))
