"""TOML files that people write: read, checked key by key, and complained about in one line."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import ProfileError
from pipeline.text import clean

__all__ = ["MAX_BYTES", "as_rows", "as_table", "read_toml", "require_known", "validated"]

MAX_BYTES = 1_000_000

_T = TypeVar("_T", bound=BaseModel)


def read_toml(path: Path, what: str, known: Iterable[str]) -> Mapping[str, Any]:
    """The tables of a file; ``what`` is its kind (``a policy``), ``known`` its top-level keys.

    Raises:
        ProfileError: it cannot be read, is too large, is no TOML, or has another key.
    """
    shown = clean(str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProfileError(f"{shown}: {what} must be at most {MAX_BYTES} bytes")
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise ProfileError(f"{shown}: cannot be read ({exc.strerror})") from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ProfileError(f"{shown}: cannot be read as TOML ({exc})") from exc
    require_known(shown, what, table, known)
    return table


def validated(kind: type[_T], source: str, where: str, values: Mapping[str, Any], *, show: bool = True) -> _T:
    """The values as a model; ``show`` says whether a wrong value may be printed.

    Raises:
        ProfileError: the first that is wrong, with the file, the place, the rule and the value.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as exc:
        first = exc.errors()[0]
        key = ".".join(map(str, first["loc"]))
        rule = first["msg"][:1].lower() + first["msg"][1:]
        shown = "" if first["type"] == "missing" or not show else f", got {clean(repr(first['input']), 60)}"
        place = f"{where}: {key}" if key else where
        raise ProfileError(f"{clean(source)}: {place}: {rule}{shown}") from exc


def as_table(source: str, values: object) -> Mapping[str, Any]:
    """``values``, if they are a table.

    Raises:
        ProfileError: they are something else.
    """
    if not isinstance(values, Mapping):
        raise ProfileError(f"{clean(source)}: must be a table, got {clean(repr(values), 60)}")
    return values


def as_rows(source: str, key: str, values: object) -> list[Any]:
    """``values``, if they are an array of tables.

    Raises:
        ProfileError: they are something else.
    """
    if not isinstance(values, list):
        name = key.rpartition(".")[2]
        raise ProfileError(
            f"{clean(source)}: {name} must be an array of tables: write [[{key}]], not [{key}]"
        )
    return values


def require_known(source: str, where: str, values: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a key that nobody reads.

    Raises:
        ProfileError: it names the key, and the nearest that is known.
    """
    names = list(known)
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it knows {', '.join(names)}"
            raise ProfileError(f"{clean(source)}: {where} has no key {clean(key)!r}{hint}")
