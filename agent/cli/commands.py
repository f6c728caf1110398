"""The commands by name; the file of each is read when it is asked for.

Decoders, kernels and the database take more than a second to load, and most commands need few of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

__all__ = ["COMMANDS", "CommandGroup"]

COMMANDS = {
    "check": "agent.cli.check:check",
    "replay": "agent.cli.replay:replay",
    "slate": "agent.cli.slate:slate",
    "ask": "agent.cli.ask:ask",
    "serve": "agent.cli.serve:serve",
    "doctor": "agent.cli.doctor:doctor",
    "eval": "agent.cli.evals:run_evals",
    "incidents": "agent.cli.incidents:incidents_app",
    "token": "agent.cli.tokens:token_app",
    "store": "agent.cli.stores:store_app",
    "route": "agent.cli.routes:route_app",
    "prompts": "agent.cli.prompts:prompts_app",
    "outbox": "agent.cli.outbox:outbox_app",
    "bench": "agent.cli.bench:bench_app",
}
"""Name -> module and what it has there: a function, or an app with commands of its own."""


class _Loaded(Mapping[str, Any]):
    """The commands of the table, each loaded once."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            module, attribute = COMMANDS[name].split(":")
            self._found[name] = _command(name, getattr(import_module(module), attribute))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _command(name: str, found: Any) -> Any:
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    single = typer.Typer(add_completion=False)
    single.command(name)(found)
    return get_command(single)


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Loaded()  # type: ignore[assignment]
