"""A severity floor and a route for every incident, from rules in TOML; always answers, never waits."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from agent.config import as_rows, as_table, read_toml, require_known, validated
from agent.context import Context
from agent.policy_rules import Adjustment, Answer, Decision, Rule
from pipeline.checks import CHECKS
from pipeline.model import Incident, MediaInfo
from pipeline.text import clean

__all__ = ["Policy", "load_policy"]

BUILT_IN = "default policy"

_R = TypeVar("_R", Rule, Adjustment)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules and adjustments in their order, and what is said where no rule matches.

    ``left_standing`` is for a card that no plan of the context allows, where a note gives it another time or
    takes it back.
    """

    rules: tuple[Rule, ...]
    adjustments: tuple[Adjustment, ...]
    otherwise: Decision
    left_standing: Adjustment

    def decide(self, incident: Incident, media: MediaInfo | None, context: Context | None = None) -> Decision:
        """What the first rule that matches says, or the default, adjusted by the context."""
        programme_s, known = media.duration_s if media else None, context or Context()
        rule = next((rule for rule in self.rules if rule.matches(incident, programme_s, known)), None)
        decision = rule.decision(rule.name) if rule else self.otherwise
        for change in self.adjustments:
            if change.fits(decision) and change.matches(incident, programme_s, known):
                decision = change.adjusted(decision)
                if not change.goes_on:
                    break
        return decision


def load_policy(path: Path | None = None) -> Policy:
    """The built-in policy, with the rules and adjustments of a user's file asked before its own.

    Raises:
        ProfileError: the file cannot be read, or holds a wrong key or value.
    """
    built_in = resources.files("agent").joinpath("policies", "default.toml").read_text("utf-8")
    base = tomllib.loads(built_in)
    own = read_toml(path, "a policy", ("default", "left_standing", "rule", "adjust")) if path else {}
    source = str(path)
    default = _default(source, base["default"] | as_table(source, own.get("default", {})))
    rules = [*_rows(Rule, "rule", source, own, CHECKS), *_rows(Rule, "rule", BUILT_IN, base)]
    changes = [
        *_rows(Adjustment, "adjust", source, own, CHECKS),
        *_rows(Adjustment, "adjust", BUILT_IN, base),
    ]
    told = {"name": "left-standing"} | base["left_standing"] | as_table(source, own.get("left_standing", {}))
    standing = _row(Adjustment, clean(source), "left_standing", told, tuple(CHECKS))
    return Policy(tuple(rules), tuple(changes), default.decision("default"), standing)


def _rows(
    kind: type[_R], key: str, source: str, table: Mapping[str, Any], checks: Iterable[str] = ()
) -> list[_R]:
    """The rows of a file; the checks that they name must be among ``checks``, where any are given."""
    rows = as_rows(source, key, table.get(key, []))
    return [_row(kind, clean(source), f"{key} {n}", row, tuple(checks)) for n, row in enumerate(rows, 1)]


def _row(kind: type[_R], source: str, where: str, row: object, checks: tuple[str, ...]) -> _R:
    values = as_table(source, row)
    if isinstance(values.get("name"), str):
        where += f" ({clean(values['name'], 60)})"
    require_known(source, where, values, kind.model_fields)
    read = validated(kind, source, where, values)
    # A name that no check has would never match, and nobody would be told.
    named = dict.fromkeys(read.checks + read.without) if checks else {}
    require_known(source, f"{where}: the catalogue of checks", named, checks)
    return read


def _default(source: str, values: Mapping[str, Any]) -> Answer:
    require_known(source, "default", values, Answer.model_fields)
    return validated(Answer, source, "default", values)
