"""The notification file: destinations, named hours, labels, digests, and the tree that joins them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agent.config import as_rows, as_table, read_toml, require_known, validated
from agent.notify.destinations import Destination, load_destination
from agent.notify.slack_app import SlackApp
from agent.notify.times import Daily, Hours, to_zone
from agent.page import Notice
from agent.verdict import Intent, Route, Severity
from pipeline.checks import CHECKS
from pipeline.errors import ProfileError
from pipeline.model import Cause
from pipeline.text import clean

__all__ = ["LABEL", "Digest", "Escalation", "Labels", "Node", "Options", "Tree", "load_tree"]

KEYS = ("time_zone", "link", "destinations", "times", "labels", "digests", "slack", "route")
MAX_DEPTH = 8
GROUP_KEYS = ("incident", "input", "cause", "severity", "route", "profile")
LABEL = "label:"


_T = TypeVar("_T", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Escalation(_Model):
    """Whom to tell when nobody has acknowledged within ``after_s`` seconds."""

    after_s: float = Field(gt=0, le=7 * 86400)
    to: tuple[str, ...] = Field(min_length=1)


class Labels(_Model):
    """Labels that the operator gives to inputs; the media's own text gives none."""

    input: tuple[str, ...] = Field(min_length=1)
    set: Mapping[str, str] = Field(min_length=1)


class Digest(Daily):
    """A summary of the day before, at a time of day."""

    name: str = Field(min_length=1, max_length=60)
    to: tuple[str, ...] = Field(min_length=1)
    at_least: Severity = Severity.MINOR


class Options(_Model):
    """What a node says of its pages; None stands for what the node above says."""

    to: tuple[str, ...] | None = None
    group_by: tuple[str, ...] | None = None
    group_wait_s: float | None = Field(None, ge=0, le=3600)
    group_window_s: float | None = Field(None, ge=0, le=86400)
    quiet: tuple[str, ...] | None = None
    quiet_unless: Severity | Literal["never"] | None = None
    escalate: tuple[Escalation, ...] | None = None

    @field_validator("group_by")
    @classmethod
    def _known_keys(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for key in value or ():
            if key not in GROUP_KEYS and not key.startswith(LABEL):
                raise ValueError(f"a key must be one of {', '.join(GROUP_KEYS)} or label:NAME")
        return value


class Node(Options):
    """A branch of the tree: all its conditions must hold. What it does not ask for, it accepts."""

    name: str = Field(min_length=1, max_length=60)
    severity: tuple[Severity, ...] = ()
    at_least: Severity | None = None
    cause: tuple[Cause, ...] = ()
    route: tuple[Route, ...] = ()
    intent: tuple[Intent, ...] = ()
    checks: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    labels: Mapping[str, str] = Field(default_factory=dict)
    during: tuple[str, ...] = ()
    not_during: tuple[str, ...] = ()
    go_on: bool = Field(False, alias="continue")
    routes: tuple[Node, ...] = ()

    def is_conditional(self) -> bool:
        """Whether it asks for anything at all."""
        asked = ("severity", "cause", "route", "intent", "checks", "profile", "input", "labels")
        return self.at_least is not None or any(
            getattr(self, name) for name in (*asked, "during", "not_during")
        )

    def mismatch(self, notice: Notice) -> str:
        """Why it does not take the notice, whatever the time; empty where it does."""
        for name, wanted, found in (
            ("severity", self.severity, notice.severity),
            ("cause", self.cause, notice.cause),
            ("route", self.route, notice.route),
            ("intent", self.intent, notice.intent),
            ("profile", self.profile, notice.profile),
        ):
            if wanted and found not in wanted:
                return f"{name} is {clean(str(found), 60)}, not {' or '.join(map(str, wanted))}"
        if self.at_least is not None and notice.severity.rank < self.at_least.rank:
            return f"severity is {notice.severity}, below {self.at_least}"
        if self.checks and not set(self.checks) & set(notice.checks):
            return f"no event of {' or '.join(self.checks)}"
        if self.input and not any(fnmatchcase(notice.url, glob) for glob in self.input):
            return f"input is not like {' or '.join(self.input)}"
        for key, glob in self.labels.items():
            if not fnmatchcase(notice.labels.get(key, ""), glob):
                return f"label {key} is {clean(repr(notice.labels.get(key, '')), 60)}, not {glob!r}"
        return ""


@dataclass(frozen=True, slots=True)
class Tree:
    """The whole file, checked: every name in it is known, every leaf leads somewhere."""

    root: Node
    destinations: Mapping[str, Destination]
    times: Mapping[str, Hours] = field(default_factory=dict)
    labels: tuple[Labels, ...] = ()
    digests: tuple[Digest, ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    link: str = ""
    slack: SlackApp | None = None

    def labels_of(self, url: str) -> dict[str, str]:
        """What the operator says of an input; a later entry wins."""
        found: dict[str, str] = {}
        for entry in self.labels:
            if any(fnmatchcase(url, glob) for glob in entry.input):
                found.update(entry.set)
        return found


class _Head(_Model):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    time_zone: ZoneInfo = ZoneInfo("UTC")
    link: str = Field("", max_length=500, pattern=r"^(https?://\S+)?$")

    _zoned = field_validator("time_zone", mode="before")(to_zone)


def load_tree(path: Path) -> Tree:
    """Read a notification file.

    Raises:
        ProfileError: it cannot be read, or holds a wrong key, value or name; secrets are never shown.
    """
    source = clean(str(path))
    table = read_toml(path, "a notification file", KEYS)
    head = validated(_Head, source, "the file", {k: table[k] for k in ("time_zone", "link") if k in table})
    if "route" not in table:
        raise ProfileError(f"{source}: needs a [route] with to = [...], for what no branch takes")
    tree = Tree(
        root=_node(source, "route", {"name": "all", **as_table(source, table["route"])}, 0),
        destinations={
            name: load_destination(source, name, as_table(source, row))
            for name, row in as_table(source, table.get("destinations", {})).items()
        },
        times={
            name: _part(Hours, source, f"times.{clean(name, 60)}", row)
            for name, row in as_table(source, table.get("times", {})).items()
        },
        labels=tuple(_parts(Labels, source, "labels", table)),
        digests=tuple(_parts(Digest, source, "digests", table)),
        zone=head.time_zone,
        link=head.link.rstrip("/"),
        slack=_slack(source, table),
    )
    _require_names(source, tree)
    return tree


def _slack(source: str, table: Mapping[str, Any]) -> SlackApp | None:
    """``[slack]``; its values are never shown."""
    if "slack" not in table:
        return None
    values = as_table(source, table["slack"])
    require_known(source, "slack", values, SlackApp.model_fields)
    return validated(SlackApp, source, "slack", values, show=False)


def _part(kind: type[_T], source: str, where: str, row: object) -> _T:
    values = as_table(source, row)
    require_known(source, where, values, [f.alias or name for name, f in kind.model_fields.items()])
    return validated(kind, source, where, values)


def _parts(kind: type[_T], source: str, key: str, table: Mapping[str, Any]) -> Iterator[_T]:
    for number, row in enumerate(as_rows(source, key, table.get(key, [])), 1):
        yield _part(kind, source, f"{key} {number}", row)


def _node(source: str, where: str, row: object, depth: int) -> Node:
    """A node and those below it; each is complained about by its place in the tree."""
    values = dict(as_table(source, row))
    if isinstance(values.get("name"), str):
        where += f" ({clean(values['name'], 60)})"
    if depth > MAX_DEPTH:
        raise ProfileError(f"{source}: {where}: a tree may be {MAX_DEPTH} deep")
    require_known(source, where, values, [f.alias or name for name, f in Node.model_fields.items()])
    below = as_rows(source, "route.routes", values.pop("routes", []))
    node = validated(Node, source, where, values)
    require_known(source, f"{where}: the catalogue of checks", node.checks, CHECKS)
    nodes = (_node(source, f"{where}, branch {n}", item, depth + 1) for n, item in enumerate(below, 1))
    return node.model_copy(update={"routes": tuple(nodes)})


def _require_names(source: str, tree: Tree) -> None:
    """Every destination and every named time must be there; a digest needs one that can tell it."""
    if not tree.root.to:
        raise ProfileError(f"{source}: route.to must name at least one destination")
    if tree.root.is_conditional():
        raise ProfileError(f"{source}: route takes everything: conditions belong into a [[route.routes]]")
    for where, node in _walk("route", tree.root):
        to = [*(node.to or ()), *(name for step in node.escalate or () for name in step.to)]
        require_known(source, f"{where}: destinations", to, tree.destinations)
        require_known(
            source, f"{where}: times", (*node.during, *node.not_during, *(node.quiet or ())), tree.times
        )
    for digest in tree.digests:
        where = f"digest {clean(digest.name)}"
        require_known(source, f"{where}: destinations", digest.to, tree.destinations)
        for name in digest.to:
            if not tree.destinations[name].digests:
                kind = tree.destinations[name].kind
                raise ProfileError(f"{source}: {where}: {clean(name)} is {kind}, which takes no digests")


def _walk(where: str, node: Node) -> Iterator[tuple[str, Node]]:
    yield where, node
    for below in node.routes:
        yield from _walk(f"{where} > {clean(below.name, 60)}", below)
