"""Who is told: the first branch that matches, on where it says so, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.notify.routing import leaves, walk
from agent.notify.tree import Node, Tree
from agent.page import Notice
from agent.verdict import Severity
from pipeline.model import Cause
from tests.agent.notify.notices import NOON, notice, tree_of

TREE = """
[times.night]
from = "22:00"
to = "06:00"

[route]
to = ["desk"]
group_window_s = 60

[[route.routes]]
name = "on call"
severity = ["critical"]
to = ["oncall"]
continue = true

[[route.routes]]
name = "sport"
input = ["*/sport/*"]
to = ["mail"]
quiet = ["night"]

[[route.routes.routes]]
name = "loss"
cause = ["signal_loss"]
to = ["lead"]

[[route.routes]]
name = "all of the rest"
to = ["mail"]
"""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ["oncall", "lead"]),
        ({"severity": Severity.MINOR}, ["lead"]),
        ({"severity": Severity.MINOR, "cause": Cause.COMPRESSION}, ["mail"]),
        ({"url": "/media/news/a.ts"}, ["oncall", "mail"]),
        ({"url": "/media/news/a.ts", "severity": Severity.INFO}, ["mail"]),
    ],
)
def test_who_is_told(tmp_path: Path, changes: dict[str, object], told: list[str]) -> None:
    found = leaves(tree_of(tmp_path, TREE), notice(**changes), NOON)
    assert [name for leaf in found for name in leaf.to] == told


def test_the_reason_stands_at_every_node(tmp_path: Path) -> None:
    minor = notice(severity=Severity.MINOR, url="/media/news/a.ts")
    visits = walk(tree_of(tmp_path, TREE), minor, NOON)
    assert [(" > ".join(v.path), v.taken, v.why) for v in visits] == [
        ("all", True, "a branch of it tells"),
        ("all > on call", False, "severity is minor, not critical"),
        ("all > sport", False, "input is not like */sport/*"),
        ("all > all of the rest", True, "it tells"),
    ]


def test_what_a_node_does_not_say_is_what_the_one_above_says(tmp_path: Path) -> None:
    leaf = leaves(tree_of(tmp_path, TREE), notice(), NOON)[1]
    assert (leaf.name, leaf.to, leaf.quiet, leaf.group_window_s) == (
        "all > sport > loss",
        ("lead",),
        ("night",),
        60,
    )


def test_nothing_below_takes_it_so_the_node_itself_tells(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, '[route]\nto = ["desk"]\n[[route.routes]]\nname = "a"\nprofile = ["x"]\n')
    assert [leaf.to for leaf in leaves(tree, notice(), NOON)] == [("desk",)]


def test_a_branch_can_tell_nobody(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, '[route]\nto = ["desk"]\n[[route.routes]]\nname = "a"\nto = []\n')
    assert [leaf.to for leaf in leaves(tree, notice(), NOON)] == [()]


@pytest.mark.parametrize(("hour", "told"), [(12, "desk"), (23, "lead"), (29, "lead"), (30, "desk")])
def test_the_time_of_day(tmp_path: Path, hour: int, told: str) -> None:
    night = '[times.night]\nfrom = "22:00"\nto = "06:00"\n[route]\nto = ["desk"]\n'
    tree = tree_of(tmp_path, night + '[[route.routes]]\nname = "n"\nduring = ["night"]\nto = ["lead"]\n')
    assert leaves(tree, notice(), NOON + timedelta(hours=hour - 12))[0].to == (told,)


def test_quiet_hours_hold_what_can_wait(tmp_path: Path) -> None:
    tree = tree_of(
        tmp_path, '[times.night]\nfrom = "22:00"\nto = "06:00"\n[route]\nto = ["desk"]\nquiet = ["night"]\n'
    )
    night = NOON + timedelta(hours=12)
    (leaf,) = leaves(tree, notice(), night)
    assert leaf.due_at(notice(), night, tree) == night
    assert leaf.due_at(notice(severity=Severity.MAJOR), night, tree) == NOON + timedelta(hours=18)
    never = replace(leaf, quiet_unless="never")
    assert never.due_at(notice(), night, tree) == NOON + timedelta(hours=18)


conditions: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.lists(st.sampled_from(Severity), min_size=1, max_size=2),
        "at_least": st.sampled_from(Severity),
        "cause": st.lists(st.sampled_from(list(Cause)[:3]), min_size=1, max_size=2),
        "continue": st.booleans(),
        "to": st.lists(st.sampled_from(["desk", "oncall", "lead"]), max_size=2),
    },
)
trees = st.recursive(
    conditions,
    lambda below: st.tuples(conditions, st.lists(below, max_size=4)).map(
        lambda both: {**both[0], "routes": both[1]}
    ),
    max_leaves=12,
)
some_notice = st.builds(
    lambda severity, cause: notice(severity=severity, cause=cause),
    st.sampled_from(Severity),
    st.sampled_from(list(Cause)[:3]),
)


def _node(values: dict[str, Any], name: str = "all") -> Node:
    below = tuple(_node(item, f"{name}.{n}") for n, item in enumerate(values.get("routes", ())))
    return Node.model_validate({**values, "name": name, "routes": ()}).model_copy(update={"routes": below})


def _told(node: Node, seen: Notice, to: tuple[str, ...] = ()) -> list[tuple[str, ...]] | None:
    """The same, told plainly: None where the node does not match, else who is told."""
    if node.severity and seen.severity not in node.severity:
        return None
    if node.at_least and seen.severity.rank < node.at_least.rank:
        return None
    if node.cause and seen.cause not in node.cause:
        return None
    to = to if node.to is None else node.to
    found: list[tuple[str, ...]] = []
    matched = False
    for child in node.routes:
        told = _told(child, seen, to)
        if told is not None:
            found, matched = [*found, *told], True
            if not child.go_on:
                break
    return found if matched else [to]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, some_notice)
def test_any_tree_tells_as_its_plain_reading_does(values: dict[str, Any], seen: Notice) -> None:
    root = _node({"to": ["desk"], "routes": [values]})
    found = leaves(Tree(root, {}), seen, NOON)
    assert [leaf.to for leaf in found] == _told(root, seen)
    assert found, "an incident always ends somewhere"
    assert len({leaf.name for leaf in found}) == len(found)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, some_notice)
def test_every_refusal_says_why_and_every_way_was_walked(values: dict[str, Any], seen: Notice) -> None:
    root = _node({"to": ["desk"], "routes": [values]})
    visits = walk(Tree(root, {}), seen, NOON)
    taken = {visit.path for visit in visits if visit.taken}
    for visit in visits:
        assert visit.why
        assert len(visit.path) == 1 or visit.path[:-1] in taken
        assert visit.taken or visit.leaf is None
