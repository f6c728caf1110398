"""Notices, trees and messages for the tests of notification."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agent.notify.tree import Tree, load_tree
from agent.page import Kind, Message, Notice
from agent.verdict import Action, Intent, Route, Severity
from pipeline.model import Cause

__all__ = ["NOON", "message", "notice", "tree_of"]

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""A Tuesday."""


def notice(**changes: object) -> Notice:
    """A critical loss of signal, or what is given."""
    made = Notice(
        incident="1nc1de0000000001",
        url="/media/sport/a.ts",
        cause=Cause.SIGNAL_LOSS,
        severity=Severity.CRITICAL,
        route=Route.PLAYOUT,
        action=Action.SWITCH_TO_BACKUP,
        intent=Intent.FAULT,
        title="Signal lost for 3.04 s",
        summary="Picture and sound are gone from 12.000 s to 15.040 s.",
        start_s=12.0,
        end_s=15.04,
        checks=("black", "silence"),
        streams=("v:0", "a:0"),
        confidence=0.9,
        model="rules",
        first_seen_at=NOON,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def message(*notices: Notice, **changes: object) -> Message:
    """The first message about those notices, or what is given."""
    made = Message(
        key="0123456789abcdef",
        seq=1,
        kind=Kind.OPEN,
        notices=notices or (notice(),),
        opened_at=NOON,
        now=NOON,
        why="all tells desk",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def tree_of(folder: Path, text: str, destinations: str = "desk oncall lead mail") -> Tree:
    """A tree from TOML, with file destinations of those names."""
    places = "\n".join(
        f'[destinations.{name}]\nkind = "file"\npath = "{folder / name}.jsonl"'
        for name in destinations.split()
    )
    path = folder / "notify.toml"
    path.write_text(f"{text}\n{places}\n", encoding="utf-8")
    return load_tree(path)
