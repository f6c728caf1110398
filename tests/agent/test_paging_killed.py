"""A short version of ``tests.agent.killing``: nobody is forgotten, nothing stays at an old state."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.notify.deliver import Place
from agent.notify.slack import SlackSender
from agent.store import Store
from tests.agent.killing import kill_and_look
from tests.agent.notify.notices import tree_of
from tests.agent.notify.servers import serving
from tests.agent.notify.slack_server import CHANNEL, TOKEN, RecordingSlack
from tests.agent.page_desk import Desk


def test_pages_survive_whoever_sends_them(any_store: Store, tmp_path: Path) -> None:
    url = any_store.engine.url.render_as_string(hide_password=False)
    found = kill_and_look(url, tmp_path, incidents=12, kills=2)
    assert found.kills == 2
    assert found.messages == {f"i{number:05d}": 1 for number in range(12)}
    assert found.stale == []


def test_a_channel_gets_a_message_a_second_and_patience_when_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    slack = RecordingSlack()
    with serving(slack) as url, Store.open(str(tmp_path / "vidette.db")) as store:
        sender = SlackSender.model_validate(
            {
                "token": {"env": "SLACK_BOT_TOKEN"},
                "channel": CHANNEL,
                "api": f"{url}/api/",
                "pictures": False,
            }
        )
        desk = Desk(store, tree_of(tmp_path, '[route]\nto = ["desk"]\n'))
        desk.paging.deliverer.places = {"desk": Place(sender.open("desk"), sender.pace_s)}
        slack.clock = lambda: desk.clock.now.timestamp()
        for number in range(4):
            desk.found(f"i{number}")
        slack.limited = [30]
        desk.paging.deliver()
        for second in range(29):
            desk.clock.move(1)
            assert desk.paging.deliver() == 0, second
        for shown in range(1, 5):
            desk.clock.move(1)
            desk.paging.deliver()
            assert len(slack.tops) == shown
