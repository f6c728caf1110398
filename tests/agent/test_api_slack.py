"""The whole way on one service: an incident, its page in Slack, a button that is pressed, the edit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import SignatureVerifier

from agent.store import Store
from pipeline.errors import ProfileError, UsageError
from tests.agent.api import client_of, make_app
from tests.agent.notify.servers import Recorder, serving
from tests.agent.notify.slack_server import CHANNEL, TOKEN, RecordingSlack
from tests.agent.stored import assessment, incident, verdict
from tests.agent.test_query_remote import endpoint

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - nobody's


def _file(folder: Path, api: str, kind: str = "slack") -> Path:
    path = folder / "notify.toml"
    path.write_text(f"""
        [destinations.desk]
        kind = "{kind}"
        channel = "{CHANNEL}"
        token = {{ env = "SLACK_BOT_TOKEN" }}
        api = "{api}/api/"
        pace_s = 0.0
        [slack]
        signing_secret = {{ env = "SLACK_SIGNING_SECRET" }}
        [route]
        to = ["desk"]
    """)
    return path


def _signed(form: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    body, timestamp = urlencode(form).encode(), str(int(time.time()))
    signature = str(SignatureVerifier(SECRET).generate_signature(timestamp=timestamp, body=body))
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    return body, {**headers, "Content-Type": "application/x-www-form-urlencoded"}


def _eventually(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)


def test_from_an_incident_to_a_press_to_the_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SECRET)
    slack = RecordingSlack()
    with serving(slack) as url, Store.open(str(tmp_path / "vidette.db")) as store:
        slack.base = url
        app = make_app(tmp_path, store, notify=_file(tmp_path, url))
        with client_of(app, None) as client:
            scan_id = store.save(assessment(incident()), "default", datetime.now(UTC), first=True)
            _eventually(lambda: slack.tops)
            store.judge(scan_id, {incident().id: verdict(title="The model's own words")})
            _eventually(lambda: "The model's own words" in slack.tops[0]["text"])
            button = slack.tops[0]["blocks"][-1]["elements"][0]
            press = {
                "type": "block_actions",
                "user": {"id": "U1", "username": "ada"},
                "actions": [{"action_id": button["action_id"], "value": button["value"]}],
            }
            body, headers = _signed({"payload": json.dumps(press)})
            began = time.perf_counter()
            assert client.post("/slack", content=body, headers=headers).status_code == 200
            assert time.perf_counter() - began < 3
            _eventually(lambda: "acknowledged by ada (Slack)" in json.dumps(slack.tops[0]["blocks"]))
            _eventually(lambda: any("acknowledged by ada" in reply["text"] for reply in slack.replies))
            body, headers = _signed({"text": "critical incidents", "user_id": "U1", "user_name": "ada"})
            answered = client.post("/slack", content=body, headers=headers)
            assert incident().id[:8] in answered.json()["text"]
            refused = client.post("/slack", content=body + b"x", headers=headers)
            assert (refused.status_code, refused.json()["detail"]) == (
                401,
                "the request is not one of Slack's",
            )
        assert len(slack.tops) == 1


def test_a_question_in_slack_is_read_by_the_model_that_the_service_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SECRET)
    slack, answers = RecordingSlack(), Recorder()
    with (
        serving(slack) as url,
        serving(answers) as hooks,
        endpoint([(200, '{"meaning": "black"}')]) as (remote, asked),
        Store.open(str(tmp_path / "vidette.db")) as store,
    ):
        slack.base = url
        store.save(assessment(incident()), "default", datetime.now(UTC))
        app = make_app(
            tmp_path,
            store,
            notify=_file(tmp_path, url),
            triage="langchain_openai",
            remote_url=remote,
            api_key="sk-none",
        )
        app.state.slack.hooks, app.state.slack.answer_s = hooks, 0.0
        with client_of(app, None) as client:
            question = {"text": "gremlins", "user_id": "U1", "response_url": f"{hooks}/commands/1"}
            body, headers = _signed(question)
            promised = client.post("/slack", content=body, headers=headers).json()
            assert promised["text"] == "Still at it; the answer comes here."
            _eventually(lambda: answers.requests)
        assert json.loads(asked[0]["messages"][1]["content"]) == "gremlins"
        said = json.loads(answers.requests[0].body)
        assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
        assert incident().id[:8] in said["text"] and "gremlins" in said["text"]


def test_without_a_slack_app(tmp_path: Path) -> None:
    with (
        Store.open(str(tmp_path / "vidette.db")) as store,
        client_of(make_app(tmp_path, store), None) as client,
    ):
        assert client.post("/slack", content=b"x").status_code == 404


def test_a_wrong_file_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "vidette.db")) as store:
        with pytest.raises(UsageError, match=r"signing_secret: the variable SLACK_SIGNING_SECRET is not set"):
            make_app(tmp_path, store, notify=_file(tmp_path, "http://127.0.0.1:1"))
        with pytest.raises(ProfileError, match="kind must be one of"):
            make_app(tmp_path, store, notify=_file(tmp_path, "http://127.0.0.1:1", kind="fax"))
