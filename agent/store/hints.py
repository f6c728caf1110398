"""A hint for SQLite's planner, which knows nothing of how many rows a value has."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

__all__ = ["Walked"]

T = TypeVar("T")


class Walked(ColumnElement[T]):
    """A column that is looked at row by row: the index is to serve the order of the list, not this filter.

    A third of all incidents may have a severity; to find them all and sort them for the first twenty takes
    SQLite a thousand times as long as to walk in order until there are twenty. PostgreSQL has statistics.
    """

    inherit_cache = True
    _traverse_internals = (("column", InternalTraversal.dp_clauseelement),)  # type: ignore[assignment]

    def __init__(self, column: ColumnElement[T]) -> None:
        self.column, self.type = column, column.type


@compiles(Walked)
def _plain(element: Walked[Any], compiler: SQLCompiler, **given: Any) -> str:
    return compiler.process(element.column, **given)


@compiles(Walked, "sqlite")
def _without_index(element: Walked[Any], compiler: SQLCompiler, **given: Any) -> str:
    """A term with a unary plus uses no index (sqlite.org/optoverview.html, 4)."""
    return "+" + compiler.process(element.column, **given)
