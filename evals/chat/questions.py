"""The questions, and what each should become: ``evals/cases/chat/*.toml``.

A question has the split that its phrasing belongs to, and either a ``refusal`` or a query. Times are of
the asker's zone; what a query does not name is the default of ``IncidentQuery``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.query.model import IncidentQuery, RefusalKind
from evals.chat.month import INPUTS, ZONE

__all__ = ["CASES", "Question", "load_questions"]

CASES = Path(__file__).parent.parent / "cases" / "chat"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; ``follows`` is the id of the one before it in a talk."""

    id: str
    split: str
    text: str
    why: str
    query: IncidentQuery | None
    refusals: tuple[RefusalKind, ...]
    follows: str = ""


def load_questions(folder: Path = CASES) -> tuple[Question, ...]:
    """Every question, in the order of the files.

    Raises:
        ValueError: a question is not as it has to be.
    """
    rows = [row for file in sorted(folder.glob("*.toml")) for row in _rows(file)]
    found = tuple(_question(row) for row in rows)
    ids = [question.id for question in found]
    if len(set(ids)) != len(ids):
        raise ValueError("two questions have the same id")
    return found


def _rows(file: Path) -> Iterable[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = tomllib.loads(file.read_text("utf-8"))["question"]
    return rows


def _question(row: Mapping[str, Any]) -> Question:
    try:
        refusals = row.get("refusal", ())
        kinds = (refusals,) if isinstance(refusals, str) else tuple(refusals)
        if bool(kinds) == ("query" in row):
            raise ValueError("needs a query or a refusal, and not both")
        return Question(
            id=row["id"],
            split=row["split"],
            text=row["text"],
            why=row.get("why", ""),
            query=_query(row["query"]) if "query" in row else None,
            refusals=tuple(RefusalKind(kind) for kind in kinds),
            follows=row.get("follows", ""),
        )
    except (KeyError, ValueError) as exc:
        raise ValueError(f"question {row.get('id', '?')}: {exc}") from exc


def _query(row: Mapping[str, Any]) -> IncidentQuery:
    """``during`` and ``against`` are pairs of local times; ``inputs`` are ends of stored names."""
    values = dict(row) | {"zone": ZONE.key}
    for name in ("during", "against"):
        if name in row:
            since, until = (_instant(text) for text in row[name])
            values[name] = {"since": since, "until": until}
    if "inputs" in row:
        values["inputs"] = tuple(_stored(name) for name in row["inputs"])
    return IncidentQuery.model_validate(values)


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE) if text else None


def _stored(name: str) -> str:
    fitting = [stored for stored in INPUTS if name in stored]
    if len(fitting) != 1:
        raise ValueError(f"{name!r} is the name of {len(fitting)} inputs")
    return fitting[0]
