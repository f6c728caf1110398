"""The documentation's own file and payload hold: the tree loads, Slack would take the message."""

from __future__ import annotations

import json
import re
from pathlib import Path

from agent.notify.destinations import KINDS, sender_of
from agent.notify.routing import leaves
from agent.notify.tree import Node, load_tree
from tests.agent.notify.notices import NOON, notice
from tests.agent.notify.slack_server import CHANNEL, RecordingSlack

PAGE = (Path(__file__).parents[3] / "docs" / "notify.md").read_text("utf-8")


def _block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_tree_of_the_page_loads_and_tells_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "notify.toml"
    path.write_text(_block("toml"), encoding="utf-8")
    tree = load_tree(path)
    seen = notice(labels=tree.labels_of("/media/sport/a.ts"))
    assert [leaf.to for leaf in leaves(tree, seen, NOON)] == [("oncall",), ("desk",)]


def test_slack_would_take_the_payload_of_the_page() -> None:
    slack = RecordingSlack()
    slack.files["F000000000"] = {"ready": True}
    payload = json.loads(_block("json"))
    assert payload["channel"] == CHANNEL
    slack._check(payload)


def test_every_kind_setting_condition_and_option_is_on_the_page() -> None:
    fields = [f.alias or name for name, f in Node.model_fields.items()]
    for kind in KINDS:
        fields += [f.alias or name for name, f in sender_of(kind).model_fields.items()]
    missing = {name for name in (*KINDS, *fields) if f"`{name}`" not in PAGE and f"{name} = " not in PAGE}
    assert missing <= {"name", "routes", "api"}
