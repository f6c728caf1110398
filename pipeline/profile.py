"""What is checked and where the lines are drawn: TOML on top of built-in defaults."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.checks import CHECKS, CheckSettings
from pipeline.errors import ProfileError
from pipeline.text import clean

__all__ = ["BUILT_IN", "Profile", "load_profile", "nearest"]

BUILT_IN = ("default", "ebu-r128", "atsc-a85")
MAX_EXTENDS = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings of every check, by its id."""

    name: str
    description: str
    settings: Mapping[str, CheckSettings]

    def __getitem__(self, check: str) -> CheckSettings:
        return self.settings[check]


def load_profile(name_or_path: str = "default") -> Profile:
    """A built-in profile by name, or a TOML file on top of the one that it ``extends``.

    Raises:
        ProfileError: there is no such profile, or it holds a wrong key or value.
    """
    layers = _layers(name_or_path)
    settings = {check_id: CHECKS[check_id].settings() for check_id in CHECKS}
    for source, table in reversed(layers):
        for key, values in table.items():
            if key not in ("extends", "description"):
                settings[key] = _override(source, key, settings[key], values)
    source, table = layers[0]
    return Profile(source, str(table.get("description", "")), settings)


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the known word that is nearest, or nothing."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""


def _layers(name_or_path: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The profile and what it extends, the outermost first."""
    layers: list[tuple[str, Mapping[str, Any]]] = []
    wanted: str | None = name_or_path
    folder = Path()
    while wanted is not None:
        if len(layers) == MAX_EXTENDS:
            raise ProfileError(f"{layers[0][0]}: profiles extend each other more than {MAX_EXTENDS} deep")
        source, table, folder = _read(wanted, folder)
        _require_known_keys(source, table)
        layers.append((source, table))
        parent = table.get("extends", None if source in BUILT_IN else "default")
        if parent is not None and not isinstance(parent, str):
            raise ProfileError(f"{source}: extends must be a name or a path, got {parent!r}")
        wanted = parent
    return layers


def _read(wanted: str, folder: Path) -> tuple[str, Mapping[str, Any], Path]:
    if wanted in BUILT_IN:
        text = resources.files("pipeline").joinpath("profiles", f"{wanted}.toml").read_text("utf-8")
        return wanted, tomllib.loads(text), folder
    path = folder / wanted
    shown = clean(str(path))
    if not path.is_file():
        hint = nearest(wanted, BUILT_IN) or f"; built in are {', '.join(BUILT_IN)}"
        raise ProfileError(f"there is no profile {shown!r}{hint}")
    try:
        return shown, tomllib.loads(path.read_text("utf-8")), path.parent
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as exc:
        raise ProfileError(f"{shown}: cannot be read as TOML ({exc})") from exc


def _require_known_keys(source: str, table: Mapping[str, Any]) -> None:
    for key in table:
        if key not in CHECKS and key not in ("extends", "description"):
            raise ProfileError(f"{source}: there is no check {clean(key)!r}{nearest(key, CHECKS)}")


def _override(source: str, check: str, base: CheckSettings, values: object) -> CheckSettings:
    if not isinstance(values, Mapping):
        raise ProfileError(f"{source}: {check} must be a table of settings, got {values!r}")
    known = type(base).model_fields
    for key in values:
        if key not in known:
            raise ProfileError(f"{source}: {check} has no setting {clean(key)!r}{nearest(key, known)}")
    try:
        return type(base).model_validate(base.model_dump() | dict(values))
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join([check, *map(str, first["loc"])])
        rule = first["msg"][:1].lower() + first["msg"][1:]
        raise ProfileError(f"{source}: {where}: {rule}, got {first['input']!r}") from exc
