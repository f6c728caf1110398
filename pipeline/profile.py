"""What is checked and where the lines are drawn: TOML on top of built-in defaults."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.areas import Areas, Box, Mask
from pipeline.checks import CHECKS, CheckSettings
from pipeline.errors import ProfileError
from pipeline.planned import Planned
from pipeline.series.table import Kind
from pipeline.text import clean

__all__ = ["BUILT_IN", "Profile", "load_profile", "nearest"]

BUILT_IN = ("default", "ebu-r128", "ebu-r128-s1", "atsc-a85")
MAX_EXTENDS = 8
OTHER_KEYS = ("extends", "description", "mask", "planned")
"""What a profile can hold beside the checks."""

_Entry = TypeVar("_Entry", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings of every check, by its id; the part of the picture that counts; what is planned."""

    name: str
    description: str
    settings: Mapping[str, CheckSettings]
    masks: tuple[Mask, ...] = ()
    regions: Mapping[str, Box] = field(default_factory=dict)
    planned: tuple[Planned, ...] = ()

    @property
    def areas(self) -> Areas:
        """What has to be known to measure a picture; checks of one region share a view."""
        return Areas(self.masks, {str(box): box for box in self.regions.values()})

    def view_of(self, check: str) -> str:
        """The view that a check looks at: empty for the whole picture."""
        box = self.regions.get(check)
        return str(box) if box else ""

    def __getitem__(self, check: str) -> CheckSettings:
        return self.settings[check]


def load_profile(name_or_path: str = "default") -> Profile:
    """A built-in profile by name, or a TOML file on top of the one that it ``extends``.

    Raises:
        ProfileError: there is no such profile, or it holds a wrong key or value.
    """
    layers = _layers(name_or_path)
    settings = {check_id: CHECKS[check_id].settings() for check_id in CHECKS}
    regions: dict[str, Box] = {}
    masks: list[Mask] = []
    planned: list[Planned] = []
    for source, table in reversed(layers):
        for key, values in table.items():
            if key in CHECKS:
                own, region = _divided(source, key, values)
                settings[key] = _override(source, key, settings[key], own)
                regions |= {key: region} if region else {}
        masks += _entries(source, "mask", table, Mask)
        planned += _entries(source, "planned", table, Planned)
        _require_known_checks(source, planned)
    source, table = layers[0]
    description = str(table.get("description", ""))
    return Profile(source, description, settings, tuple(masks), regions, tuple(planned))


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
        if key not in CHECKS and key not in OTHER_KEYS:
            hint = nearest(key, [*CHECKS, *OTHER_KEYS])
            raise ProfileError(f"{source}: there is no check {clean(key)!r}{hint}")


def _divided(source: str, check: str, values: object) -> tuple[object, Box | None]:
    """The settings of a check, and the region that it looks at."""
    if not isinstance(values, Mapping) or "region" not in values:
        return values, None
    if Kind.PICTURES not in CHECKS[check].reads:
        raise ProfileError(f"{source}: {check} looks at no picture and can have no region")
    region = _validated(source, f"{check}.region", values["region"], Box)
    return {key: value for key, value in values.items() if key != "region"}, region


def _entries(source: str, key: str, table: Mapping[str, Any], kind: type[_Entry]) -> list[_Entry]:
    rows = table.get(key, [])
    if not isinstance(rows, list):
        raise ProfileError(f"{source}: {key} must be an array of tables: write [[{key}]], not [{key}]")
    return [_validated(source, f"{key} {number}", row, kind) for number, row in enumerate(rows, 1)]


def _validated(source: str, where: str, values: object, kind: type[_Entry]) -> _Entry:
    if not isinstance(values, Mapping):
        raise ProfileError(f"{source}: {where} must be a table, got {values!r}")
    for key in values:
        if key not in kind.model_fields:
            raise ProfileError(
                f"{source}: {where} has no key {clean(key)!r}{nearest(key, kind.model_fields)}"
            )
    try:
        return kind.model_validate(dict(values))
    except ValidationError as exc:
        raise _refused(source, [where], exc) from exc


def _require_known_checks(source: str, planned: Iterable[Planned]) -> None:
    for entry in planned:
        for check in entry.checks if "checks" in entry.model_fields_set else ():
            if check not in CHECKS:
                what = f"planned {entry.what!r}: there is no check {clean(check)!r}"
                raise ProfileError(f"{source}: {what}{nearest(check, CHECKS)}")


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
        raise _refused(source, [check], exc) from exc


def _refused(source: str, at: list[str], error: ValidationError) -> ProfileError:
    """What is wrong first, in one line: where, the rule, and the value that was found."""
    first = error.errors()[0]
    where = ".".join([*at, *map(str, first["loc"])])
    rule = first["msg"].removeprefix("Value error, ")
    rule = rule[:1].lower() + rule[1:]
    whole = isinstance(first["input"], Mapping)
    shown = "" if whole or first["type"] == "missing" else f", got {clean(repr(first['input']), 80)}"
    return ProfileError(f"{source}: {where}: {rule}{shown}")
