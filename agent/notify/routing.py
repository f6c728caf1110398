"""From an incident to those who are told: a walk down the tree, and the reason at every node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from agent.notify.times import Hours, quiet_until
from agent.notify.tree import LABEL, Escalation, Node, Tree
from agent.page import Notice
from agent.verdict import Severity
from pipeline.model import fingerprint

__all__ = ["Leaf", "Visit", "leaves", "walk"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a walk ended: whom to tell, and how, with what the nodes above say filled in."""

    path: tuple[str, ...]
    to: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ("input", "cause")
    group_wait_s: float = 0.0
    group_window_s: float = 300.0
    quiet: tuple[str, ...] = ()
    quiet_unless: Severity | Literal["never"] = Severity.CRITICAL
    escalate: tuple[Escalation, ...] = ()

    @property
    def name(self) -> str:
        """``all > sport > night``."""
        return " > ".join(self.path)

    def group_of(self, notice: Notice) -> str:
        """A short id of what incidents have in common that are told in one message."""
        return fingerprint("group", self.name, *(_group_value(notice, key) for key in self.group_by))

    def due_at(self, notice: Notice, at: datetime, tree: Tree) -> datetime:
        """When a first message may go out: ``at``, or the end of the quiet hours that hold."""
        if self.quiet_unless != "never" and notice.severity.rank >= self.quiet_unless.rank:
            return at
        return quiet_until(at, _hours(tree, self.quiet), tree.zone)


@dataclass(frozen=True, slots=True)
class Visit:
    """One node of a walk: taken or not, and why not; a leaf where it is the one that tells."""

    path: tuple[str, ...]
    taken: bool
    why: str
    leaf: Leaf | None = None


def leaves(tree: Tree, notice: Notice, at: datetime) -> list[Leaf]:
    """The nodes that tell, in the tree's order: the first branch that matches, and on where it says so."""
    return [visit.leaf for visit in walk(tree, notice, at) if visit.leaf is not None]


def walk(tree: Tree, notice: Notice, at: datetime) -> list[Visit]:
    """Every node that was asked, in turn, and what it said."""
    return list(_walk(tree, tree.root, Leaf(()), notice, at))


def _walk(tree: Tree, node: Node, above: Leaf, notice: Notice, at: datetime) -> Iterator[Visit]:
    """Visits of a node that is asked; the first says whether it was taken."""
    path = (*above.path, node.name)
    why = node.mismatch(notice) or _mistimed(tree, node, at)
    if why:
        yield Visit(path, False, why)
        return
    here = _inherit(above, node, path)
    below: list[Visit] = []
    for child in node.routes:
        visits = list(_walk(tree, child, here, notice, at))
        below += visits
        if visits[0].taken and not child.go_on:
            break
    if any(visit.taken for visit in below):
        yield Visit(path, True, "a branch of it tells")
    else:
        yield Visit(path, True, "it tells", here)
    yield from below


def _inherit(above: Leaf, node: Node, path: tuple[str, ...]) -> Leaf:
    def own(name: str) -> object:
        said = getattr(node, name)
        return getattr(above, name) if said is None else said

    names = ("to", "group_by", "group_wait_s", "group_window_s", "quiet", "quiet_unless", "escalate")
    return Leaf(path, **{name: own(name) for name in names})  # type: ignore[arg-type]


def _mistimed(tree: Tree, node: Node, at: datetime) -> str:
    if node.during and not any(hours.hold(at, tree.zone) for hours in _hours(tree, node.during)):
        return f"it is not {' or '.join(node.during)}"
    for name in node.not_during:
        if tree.times[name].hold(at, tree.zone):
            return f"it is {name}"
    return ""


def _hours(tree: Tree, names: tuple[str, ...]) -> list[Hours]:
    return [tree.times[name] for name in names]


def _group_value(notice: Notice, key: str) -> str:
    if key.startswith(LABEL):
        return notice.labels.get(key.removeprefix(LABEL), "")
    return str(notice.url if key == "input" else getattr(notice, key))
