"""Alerts, in a real Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.notify.alertmanager import AlertmanagerSender
from agent.notify.base import Notifier
from agent.notify.errors import Retryable
from agent.page import Kind, Message, Notice, Standing
from agent.verdict import Severity
from tests.agent.notify.alertmanager import alertmanager_server, alerts
from tests.agent.notify.notices import message, notice


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with alertmanager_server(tmp_path_factory.mktemp("alertmanager")) as url:
        yield url


@pytest.fixture
def notifier(server: str) -> Notifier:
    return AlertmanagerSender(url=server).open("am")


def _message(*notices: Notice, **changes: object) -> Message:
    now = datetime.now(UTC)
    seen = [replace(item, first_seen_at=now - timedelta(seconds=5)) for item in notices]
    return message(*seen, now=now, **changes)


def _mine(server: str, incident: str) -> list[dict[str, str]]:
    return [alert["labels"] for alert in alerts(server) if alert["labels"]["incident"] == incident]


def test_an_alert_is_there_then_worse_then_gone(server: str, notifier: Notifier) -> None:
    seen = notice(incident="a", severity=Severity.MAJOR, labels={"channel": "sport", "no name!": "x"})
    receipt = notifier.send(_message(seen))
    assert receipt.again_s == 1800
    (labels,) = _mine(server, "a")
    assert (labels["alertname"], labels["severity"], labels["label_channel"]) == (
        "vidette_incident",
        "major",
        "sport",
    )
    worse = replace(seen, severity=Severity.CRITICAL)
    receipt = notifier.send(_message(worse, seq=2, memory=receipt.memory))
    assert [labels["severity"] for labels in _mine(server, "a")] == ["critical"]
    over = replace(worse, standing=Standing.OVER)
    receipt = notifier.send(_message(over, seq=3, kind=Kind.OVER, memory=receipt.memory))
    assert receipt.again_s is None
    assert _mine(server, "a") == []


def test_a_repeated_alert_is_the_same_alert(server: str, notifier: Notifier) -> None:
    seen = notice(incident="b")
    receipt = notifier.send(_message(seen))
    notifier.send(_message(seen, memory=receipt.memory))
    assert len(_mine(server, "b")) == 1


def test_a_group_is_an_alert_an_incident(server: str, notifier: Notifier) -> None:
    seen = [notice(incident=f"c{n}", title='"}\n{x="<y>' * n) for n in range(3)]
    notifier.send(_message(*seen))
    assert [len(_mine(server, f"c{n}")) for n in range(3)] == [1, 1, 1]


def test_one_that_is_not_there() -> None:
    with pytest.raises(Retryable, match=r"^Alertmanager cannot be reached"):
        AlertmanagerSender(url="http://127.0.0.1:1").open("am").send(_message(notice()))
