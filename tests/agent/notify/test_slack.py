"""Slack, against a server that enforces Slack's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.notify.base import Secret
from agent.notify.errors import NotifyError, Rejected, Retryable
from agent.notify.slack import MOST_TRIES, Slack, SlackSender
from agent.notify.slack_blocks import as_blocks
from agent.notify.slack_text import escaped
from agent.notify.slack_webhook import SlackWebhookSender
from agent.notify.words import told_of
from agent.page import Film, Kind, Message, Notice, Receipt, Standing
from agent.verdict import Severity
from tests.agent.notify.notices import message, notice
from tests.agent.notify.servers import serving
from tests.agent.notify.slack_server import CALLS, CHANNEL, TOKEN, WEBHOOK, RecordingSlack

FILM = Film(b"\xff\xd8 not a real picture", 640, 180, "before, onset, end")


@pytest.fixture
def slack() -> Iterator[RecordingSlack]:
    server = RecordingSlack()
    with serving(server) as address:
        server.base = address
        yield server


@pytest.fixture
def notifier(slack: RecordingSlack, monkeypatch: pytest.MonkeyPatch) -> Slack:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    opened = _sender(slack).open("desk")
    assert isinstance(opened, Slack)
    return opened


def _sender(slack: RecordingSlack, **changes: object) -> SlackSender:
    values = {"token": {"env": "SLACK_BOT_TOKEN"}, "channel": CHANNEL, "api": f"{slack.base}/api/"}
    return SlackSender.model_validate({**values, **changes})


def _next(before: Message, receipt: Receipt, *notices: Notice, **changes: object) -> Message:
    """The next state of a page, after the one before was told."""
    kind = Kind.OVER if all(item.standing is Standing.OVER for item in notices) else Kind.UPDATE
    return replace(
        before,
        seq=before.seq + 1,
        kind=kind,
        notices=notices,
        told=told_of(before.notices),
        memory=receipt.memory,
        **changes,  # type: ignore[arg-type]
    )


def test_a_page_is_one_message_that_is_edited_and_what_is_new_is_in_its_thread(
    slack: RecordingSlack, notifier: Slack
) -> None:
    first = message(notice(severity=Severity.MAJOR))
    receipt = notifier.send(first)
    (top,) = slack.tops
    assert "MAJOR: Signal lost for 3.04 s" in top["text"]
    receipt = notifier.send(_next(first, receipt, notice(model="guidance_local")))
    (top,) = slack.tops
    assert "CRITICAL" in top["text"] and top["edited"]
    (reply,) = slack.replies
    assert reply["text"] == "severity major \N{RIGHTWARDS ARROW} critical; judged by guidance_local"
    assert (reply["thread_ts"], reply["broadcast"]) == (top["ts"], True)
    assert receipt.memory["ts"] == top["ts"]


def test_an_edit_with_nothing_new_says_nothing_in_the_thread(slack: RecordingSlack, notifier: Slack) -> None:
    first = message()
    notifier.send(_next(first, notifier.send(first), notice()))
    assert (len(slack.tops), slack.replies) == (1, [])


def test_acknowledged_and_over(slack: RecordingSlack, notifier: Slack) -> None:
    first = message()
    taken = _next(first, notifier.send(first), notice(standing=Standing.ACKNOWLEDGED, by="Ada"))
    receipt = notifier.send(taken)
    assert [reply["text"] for reply in slack.replies] == ["acknowledged by Ada"]
    assert _buttons(slack) == ["vidette.mute", "vidette.false_alarm"]
    notifier.send(_next(taken, receipt, notice(standing=Standing.OVER, by="Ada")))
    assert slack.tops[0]["text"].endswith("Over: Signal lost for 3.04 s")
    assert _buttons(slack) == []


def _buttons(slack: RecordingSlack) -> list[str]:
    blocks = slack.tops[0]["blocks"]
    return [e["action_id"] for b in blocks if b["type"] == "actions" for e in b["elements"]]


def test_a_reply_whose_parent_is_lost_is_taken_back_and_the_page_is_posted_anew(
    slack: RecordingSlack, notifier: Slack
) -> None:
    first = message(notice(severity=Severity.MAJOR))
    receipt = notifier.send(first)
    update = slack._chat_update

    def edited_and_then_deleted(payload: dict[str, object]) -> dict[str, object]:
        answer = update(payload)
        slack.delete(str(payload["ts"]))
        return answer

    slack._chat_update = edited_and_then_deleted  # type: ignore[method-assign,assignment]
    again = notifier.send(_next(first, receipt, notice()))
    (top,), (reply,) = slack.tops, slack.replies
    assert reply["thread_ts"] == top["ts"] == again.memory["ts"] != receipt.memory["ts"]


def test_a_message_that_somebody_deleted_is_posted_anew(slack: RecordingSlack, notifier: Slack) -> None:
    first = message(notice(severity=Severity.MAJOR))
    receipt = notifier.send(first)
    slack.delete(receipt.memory["ts"])
    again = notifier.send(_next(first, receipt, notice()))
    assert [top["ts"] for top in slack.tops] == [again.memory["ts"]]
    assert slack.replies[0]["thread_ts"] == again.memory["ts"]


def test_pictures_come_by_an_edit_that_nobody_waited_for(slack: RecordingSlack, notifier: Slack) -> None:
    first = message(film=lambda: FILM)
    receipt = notifier.send(first)
    assert (receipt.again_s, slack.files) == (0.0, {})
    receipt = notifier.send(_next(first, receipt, notice()))
    assert receipt.again_s is None
    (file,) = slack.files.values()
    assert (file["bytes"], file["shared"]) == (FILM.jpeg, None)
    images = [block for block in slack.tops[0]["blocks"] if block["type"] == "image"]
    assert images[0]["slack_file"]["id"] in slack.files
    assert images[0]["alt_text"] == FILM.alt


def test_a_file_that_slack_has_not_finished_with_is_shown_later(
    slack: RecordingSlack, notifier: Slack
) -> None:
    first = message(film=lambda: FILM)
    second = _next(first, notifier.send(first), notice())
    slack.unready = 1
    receipt = notifier.send(second)
    assert receipt.again_s is not None and receipt.again_s > 0
    assert not [block for block in slack.tops[0]["blocks"] if block["type"] == "image"]
    notifier.send(_next(second, receipt, notice()))
    assert [block for block in slack.tops[0]["blocks"] if block["type"] == "image"]
    assert len(slack.files) == 1


def test_a_file_that_no_block_may_show_goes_into_the_thread(slack: RecordingSlack, notifier: Slack) -> None:
    slack.unready = 99
    current = message(film=lambda: FILM)
    receipt = notifier.send(current)
    for _ in range(MOST_TRIES):
        assert receipt.again_s is not None
        current = _next(current, receipt, notice())
        receipt = notifier.send(current)
    assert receipt.again_s is None
    assert [(file["shared"], file["thread"]) for file in slack.files.values()] == [
        (None, None),
        (CHANNEL, receipt.memory["ts"]),
    ]


def test_no_pictures_are_not_waited_for_for_ever(slack: RecordingSlack, notifier: Slack) -> None:
    current = message()
    receipt = notifier.send(current)
    visits = 0
    while receipt.again_s is not None:
        current = _next(current, receipt, notice())
        receipt, visits = notifier.send(current), visits + 1
    assert (visits, receipt.memory["film"]) == (MOST_TRIES, "none")


def test_a_message_that_got_through_unknown_to_us_is_found_and_edited(
    slack: RecordingSlack, notifier: Slack
) -> None:
    notifier.send(message())
    receipt = notifier.send(message(seq=2, again=True))
    assert [top["ts"] for top in slack.tops] == [receipt.memory["ts"]]
    assert slack.tops[0]["edited"]


def test_without_the_right_to_read_history_it_is_told_twice_rather_than_never(
    slack: RecordingSlack, notifier: Slack
) -> None:
    slack.refuse["conversations.history"] = "missing_scope"
    notifier.send(message())
    notifier.send(message(again=True))
    keys = [top["metadata"]["event_payload"]["key"] for top in slack.tops]
    assert keys == [message().key] * 2


def test_patience_is_honoured(slack: RecordingSlack, notifier: Slack) -> None:
    slack.limited = [17]
    with pytest.raises(Retryable) as caught:
        notifier.send(message())
    assert caught.value.after_s == 17
    assert slack.messages == {}


def test_what_was_done_before_a_failure_is_remembered(slack: RecordingSlack, notifier: Slack) -> None:
    first = message(notice(severity=Severity.MAJOR))
    receipt = notifier.send(first)
    slack.delete(receipt.memory["ts"])
    post = slack._chat_postMessage

    def posted_and_then_limited(payload: dict[str, object]) -> dict[str, object]:
        slack.limited = [3]
        return post(payload)

    slack._chat_postMessage = posted_and_then_limited  # type: ignore[method-assign,assignment]
    second = _next(first, receipt, notice())
    with pytest.raises(Retryable) as caught:
        notifier.send(second)
    slack._chat_postMessage = post  # type: ignore[method-assign]
    assert caught.value.memory is not None
    notifier.send(replace(second, memory=caught.value.memory, again=True))
    assert (len(slack.tops), len(slack.replies)) == (1, 1)


@pytest.mark.parametrize(
    ("broken", "refuse", "kind", "told"),
    [
        ([503], {}, Retryable, "Slack: chat.postMessage answered 503"),
        ([], {"chat.postMessage": "fatal_error"}, Retryable, "answered fatal_error"),
        ([], {"chat.postMessage": "channel_not_found"}, Rejected, "answered channel_not_found"),
        ([], {"chat.postMessage": "account_inactive"}, Rejected, "answered account_inactive"),
    ],
)
def test_what_an_error_means(
    slack: RecordingSlack,
    notifier: Slack,
    broken: list[int],
    refuse: dict[str, str],
    kind: type[NotifyError],
    told: str,
) -> None:
    slack.broken, slack.refuse = broken, refuse
    with pytest.raises(kind, match=told) as caught:
        notifier.send(message())
    assert TOKEN not in str(caught.value)


def test_a_slack_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    nobody = SlackSender(token=Secret(env="SLACK_BOT_TOKEN"), channel=CHANNEL, api="http://127.0.0.1:1/api/")
    with pytest.raises(Retryable, match=r"^Slack cannot be reached"):
        nobody.open("desk").send(message())


def test_people_are_called_when_a_page_opens_and_not_by_edits(
    slack: RecordingSlack, notifier: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    caller = _sender(slack, mention=("here", "U123", "S456")).open("desk")
    receipt = caller.send(message())
    assert "<!here> <@U123> <!subteam^S456>" in json.dumps(slack.tops[0]["blocks"])
    caller.send(_next(message(), receipt, notice()))
    assert "<!here>" not in json.dumps(slack.tops[0]["blocks"])


def test_fifty_incidents_are_within_fifty_blocks(slack: RecordingSlack, notifier: Slack) -> None:
    many = [notice(incident=f"{n:016x}", title=f"Number {n}", summary="&" * 3000) for n in range(50)]
    notifier.send(message(*many))
    (top,) = slack.tops
    assert len(top["blocks"]) <= 50
    assert "and 38 more" in json.dumps(top["blocks"])


def test_a_digest_is_a_message_of_its_own(slack: RecordingSlack, notifier: Slack) -> None:
    notifier.send(message(kind=Kind.DIGEST, headline="The day until 07:30", lines=("3 critical",)))
    assert "The day until 07:30" in slack.tops[0]["text"]
    assert _buttons(slack) == []


nasty = st.text(
    st.sampled_from("<>&!@#`*_~|:\\\"'\n\r\t\x00\x1b\u202e\ud800aZ\u00e9\U0001f600 "), max_size=200
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=nasty, summary=nasty, url=nasty, by=nasty)
def test_nothing_that_others_wrote_calls_anybody(title: str, summary: str, url: str, by: str) -> None:
    rules = RecordingSlack()
    seen = notice(title="<!channel> " + title, summary=summary + "<@U123>", url="<http://x|y>" + url, by=by)
    blocks = as_blocks(message(seen, seen), file="")
    alone = as_blocks(message(seen))
    for found in (blocks, alone):
        rules._check({"channel": CHANNEL, "blocks": found, "text": "x"})
        text = json.dumps(found, ensure_ascii=False)
        assert not CALLS.search(text)
        assert "<http" not in text and "\x1b" not in text and "\u202e" not in text


@given(st.text(max_size=400), st.integers(20, 300))
def test_escaped_text_keeps_its_limit_and_cuts_no_entity(text: str, limit: int) -> None:
    found = escaped(text, limit)
    assert len(found) <= limit
    assert not set(found) & {"<", ">"}
    rest = found.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in rest


def test_an_incoming_webhook_posts_what_is_worth_it(
    slack: RecordingSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", slack.base + WEBHOOK)
    hook = SlackWebhookSender(url=Secret(env="HOOK")).open("desk")
    first = message(notice(severity=Severity.MAJOR))
    receipt = hook.send(first)
    calmer = _next(first, receipt, notice(severity=Severity.MINOR))
    hook.send(calmer)
    hook.send(_next(calmer, receipt, notice()))
    hook.send(_next(first, receipt, notice(standing=Standing.OVER)))
    assert [told["text"] for told in slack.hooked] == [
        "\N{LARGE ORANGE CIRCLE} MAJOR: Signal lost for 3.04 s",
        "severity minor \N{RIGHTWARDS ARROW} critical",
        "severity major \N{RIGHTWARDS ARROW} critical; over",
    ]
    slack.limited = [5]
    with pytest.raises(Retryable) as caught:
        hook.send(first)
    assert caught.value.after_s == 5
    assert "hook-secret" not in str(caught.value)
