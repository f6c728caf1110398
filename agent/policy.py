"""A severity floor and a route for every incident, from rules in TOML; always answers, never waits."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agent.config import as_rows, as_table, read_toml, require_known, validated
from agent.verdict import Action, Intent, Route, Severity
from pipeline.checks import CHECKS
from pipeline.model import Cause, DefectEvent, Incident, MediaInfo
from pipeline.text import clean

__all__ = ["Decision", "Policy", "Rule", "bad_s", "load_policy"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of an incident, and by which rule.

    ``actions``, ``routes`` and ``intents`` are what a model may say, the policy's own choice first;
    ``ceiling`` is the worst severity that it may say.
    """

    floor: Severity
    ceiling: Severity
    route: Route
    action: Action
    intent: Intent
    rule: str
    actions: tuple[Action, ...]
    routes: tuple[Route, ...]
    intents: tuple[Intent, ...]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    floor: Severity
    ceiling: Severity = Severity.CRITICAL
    route: Route
    action: Action
    intent: Intent
    also_actions: tuple[Action, ...] = ()
    also_routes: tuple[Route, ...] = ()
    also_intents: tuple[Intent, ...] = ()

    def decision(self, name: str) -> Decision:
        return Decision(
            floor=self.floor,
            ceiling=max(self.floor, self.ceiling, key=lambda s: s.rank),
            route=self.route,
            action=self.action,
            intent=self.intent,
            rule=name,
            actions=tuple(dict.fromkeys((self.action, *self.also_actions))),
            routes=tuple(dict.fromkeys((self.route, *self.also_routes))),
            intents=tuple(dict.fromkeys((self.intent, *self.also_intents))),
        )


class Rule(_Answer):
    """One rule: all its conditions must hold. What it does not ask for, it accepts."""

    name: str = Field(min_length=1, max_length=60)
    cause: tuple[Cause, ...] = ()
    checks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    min_s: float | None = Field(None, ge=0)
    max_s: float | None = Field(None, gt=0)
    min_share: float | None = Field(None, ge=0, le=1)
    min_events: int | None = Field(None, ge=1)
    before_s: float | None = Field(None, gt=0)
    after_s: float | None = Field(None, ge=0)
    min_value: float | None = Field(None, ge=0)
    max_value: float | None = Field(None, gt=0)
    min_confidence: float | None = Field(None, ge=0, le=1)

    def matches(self, incident: Incident, programme_s: float | None) -> bool:
        """Whether every condition holds; ``programme_s`` is the programme's length, if known."""
        events = [e for e in incident.events if self._names(e)]
        length_s = bad_s(incident.events)
        share = min(length_s / programme_s, 1.0) if programme_s else 0.0
        return (
            (not self.cause or incident.cause in self.cause)
            and bool(events)
            and not any(e.check in self.without for e in incident.events)
            and _within(max((e.confidence for e in events), default=0.0), self.min_confidence, None)
            and _within(length_s, self.min_s, self.max_s)
            and _within(share, self.min_share, None)
            and len(incident.events) >= (self.min_events or 0)
            and _within(incident.start_s, self.after_s, self.before_s)
            and (
                (self.min_value is None and self.max_value is None)
                or any(_within(abs(e.value), self.min_value, self.max_value) for e in events)
            )
        )

    def _names(self, event: DefectEvent) -> bool:
        """Whether the event is of the checks and kinds that the rule asks for."""
        kind = str(event.evidence.get("kind", ""))
        return (not self.checks or event.check in self.checks) and (
            not self.kinds or any(word in kind for word in self.kinds)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in their order, and what is said where none matches."""

    rules: tuple[Rule, ...]
    otherwise: Decision

    def decide(self, incident: Incident, media: MediaInfo | None) -> Decision:
        """The first rule that matches, or the default; always an answer."""
        programme_s = media.duration_s if media else None
        for rule in self.rules:
            if rule.matches(incident, programme_s):
                return rule.decision(rule.name)
        return self.otherwise


def load_policy(path: Path | None = None) -> Policy:
    """The built-in policy, with the rules of a user's file asked before its own.

    Raises:
        ProfileError: the file cannot be read, or holds a wrong key or value.
    """
    built_in = resources.files("agent").joinpath("policies", "default.toml").read_text("utf-8")
    base = tomllib.loads(built_in)
    own = read_toml(path, "a policy", ("default", "rule")) if path else {}
    rules = [*_rules(str(path), own, CHECKS), *_rules("default policy", base)]
    default = _default(str(path), base["default"] | as_table(str(path), own.get("default", {})))
    return Policy(tuple(rules), default.decision("default"))


def _rules(source: str, table: Mapping[str, Any], checks: Iterable[str] = ()) -> list[Rule]:
    """The rules of a file; its checks must be among ``checks``, where any are given."""
    rows = as_rows(source, "rule", table.get("rule", []))
    return [_rule(clean(source), number, row, tuple(checks)) for number, row in enumerate(rows, 1)]


def _rule(source: str, number: int, row: object, checks: tuple[str, ...]) -> Rule:
    values = as_table(source, row)
    where = f"rule {number}"
    if isinstance(values.get("name"), str):
        where += f" ({clean(values['name'], 60)})"
    require_known(source, where, values, Rule.model_fields)
    rule = validated(Rule, source, where, values)
    # A name that no check has would never match, and nobody would be told.
    named = dict.fromkeys(rule.checks + rule.without) if checks else {}
    require_known(source, f"{where}: the catalogue of checks", named, checks)
    return rule


def _default(source: str, values: Mapping[str, Any]) -> _Answer:
    require_known(source, "default", values, _Answer.model_fields)
    return validated(_Answer, source, "default", values)


def bad_s(events: Sequence[DefectEvent], *, until_s: float = math.inf) -> float:
    """How long any of the events goes on, overlaps counted once; one without an end until ``until_s``."""
    reach_s, total_s = -math.inf, 0.0
    for event in sorted(events, key=lambda e: e.start_s):
        end_s = event.end_s if event.end_s is not None else max(until_s, event.start_s)
        total_s += max(0.0, end_s - max(event.start_s, reach_s))
        reach_s = max(reach_s, end_s)
    return total_s


def _within(value: float, at_least: float | None, below: float | None) -> bool:
    return (at_least is None or value >= at_least) and (below is None or value < below)
