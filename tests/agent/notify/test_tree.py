"""The notification file: what it takes, and the one line that it answers a mistake with."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.notify.tree import load_tree
from agent.verdict import Severity
from pipeline.errors import ProfileError
from tests.agent.notify.notices import notice, tree_of

DESK = '[destinations.desk]\nkind = "file"\npath = "x"\n'
ALL = '[route]\nto = ["desk"]\n'
BRANCH = '[route]\nto = ["desk"]\n[[route.routes]]\nname = "a"\n'
HOURS = '[times.night]\nfrom = "22:00"\nto = "06:00"\n'


def test_a_whole_file(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path,
        """
        time_zone = "Europe/Berlin"
        link = "https://vidette.example/"

        [times.night]
        from = "22:00"
        to = "06:00"

        [[labels]]
        input = ["*/sport/*"]
        set = { channel = "sport" }

        [[digests]]
        name = "morning"
        at = "07:30"
        to = ["mail"]

        [route]
        to = ["desk"]

        [[route.routes]]
        name = "on call"
        severity = ["critical"]
        to = ["oncall"]
        quiet = ["night"]
        escalate = [{ after_s = 900, to = ["lead"] }]
        continue = true

        [[route.routes.routes]]
        name = "sport"
        labels = { channel = "sp*" }
        """,
    )
    (branch,) = tree.root.routes
    assert branch.go_on and branch.severity == (Severity.CRITICAL,)
    assert branch.routes[0].labels == {"channel": "sp*"}
    assert str(tree.zone) == "Europe/Berlin"
    assert tree.link == "https://vidette.example"
    assert tree.labels_of("/media/sport/a.ts") == {"channel": "sport"}
    assert tree.labels_of("/media/news/a.ts") == {}


MISTAKES = [
    ("[route", "cannot be read as TOML"),
    ("", r"needs a \[route\] with to ="),
    ("[route]\n", "route.to must name at least one destination"),
    ('[route]\nto = ["dek"]\n' + DESK, "route: destinations has no key 'dek'; did you mean 'desk'?"),
    ('[rout]\nto = ["desk"]\n' + DESK, "a notification file has no key 'rout'; did you mean 'route'?"),
    (
        BRANCH + 'severty = ["major"]\n' + DESK,
        r"branch 1 \(a\) has no key 'severty'; did you mean 'sever",
    ),
    (BRANCH + 'severity = ["bad"]\n' + DESK, r"\(a\): severity.0: input should be 'critical'.*got 'bad'"),
    (BRANCH + 'checks = ["blck"]\n' + DESK, "the catalogue of checks has no key 'blck'; did you mean"),
    (BRANCH + 'during = ["night"]\n' + DESK, r"route > a: times has no key 'night'"),
    (BRANCH + 'quiet = ["nigt"]\n' + HOURS + DESK, "times has no key 'nigt'; did you mean 'night'?"),
    (BRANCH + 'group_by = ["colour"]\n' + DESK, "group_by: value error, a key must be one of incident"),
    (
        BRANCH + "escalate = [{ after_s = 0, to = ['desk'] }]\n" + DESK,
        "escalate.0.after_s: .*greater",
    ),
    (BRANCH + "escalate = [{ after_s = 9, to = ['boss'] }]\n" + DESK, "destinations has no key 'boss'"),
    (ALL + "routes = 3\n" + DESK, r"write \[\[route.routes\]\], not \[route.routes\]"),
    (
        ALL + 'severity = ["major"]\n' + DESK,
        "route takes everything",
    ),
    ('time_zone = "Mars"\n[route]\nto = ["desk"]\n' + DESK, "time_zone: .*must be a time zone like"),
    ('link = "javascript:x"\n[route]\nto = ["desk"]\n' + DESK, "the file: link: "),
    (ALL + '[destinations.desk]\nkind = "fax"\n', "desk: kind must be one of .*file"),
    (ALL + '[destinations.desk]\nkind = "file"\npth = "x"\n', "did you mean 'path'"),
    (ALL + '[destinations.desk]\nkind = "file"\n', "desk: path: field required"),
    (ALL + "[destinations]\ndesk = 3\n", "must be a table, got 3"),
    ('[[labels]]\ninput = "x"\n[route]\nto = ["desk"]\n' + DESK, "labels 1: input: "),
    (
        '[[digests]]\nname = "d"\nat = "7"\nto = ["desk"]\n' + ALL + DESK,
        "digests 1: at",
    ),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_one_line_that_says_where(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "notify.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=told) as caught:
        load_tree(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"none.toml: cannot be read \(No such file"):
        load_tree(tmp_path / "none.toml")


def test_a_tree_that_is_too_deep(tmp_path: Path) -> None:
    text = '[route]\nto = ["desk"]\n'
    for depth in range(1, 12):
        text += f"[[route{'.routes' * depth}]]\nname = 'b{depth}'\n"
    with pytest.raises(ProfileError, match="a tree may be 8 deep"):
        tree_of(tmp_path, text)


def test_a_label_comes_from_the_operator_only(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, BRANCH + 'to = ["lead"]\nlabels = { channel = "sport" }\n')
    forged = notice(title="channel=sport", summary="labels: {channel: sport}", url="x?channel=sport")
    assert tree.root.routes[0].mismatch(forged) == "label channel is '', not 'sport'"
