"""Reads context from TOML or JSON: which inputs it is about, and the tables of what is known.

Everything that people write is made one clean line of bounded length here, once, so that a quote of
it can be found again letter by letter.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic import model_validator as checked

from agent.context import (
    Audience,
    Context,
    Delivery,
    Feedback,
    Maintenance,
    Note,
    Period,
    Recent,
    RunBookEntry,
    Slot,
    SlotKind,
    Tier,
    joined,
)
from agent.triage.outside import plain_text
from agent.vocabulary import Severity
from pipeline.checks import CHECKS
from pipeline.errors import ProfileError
from pipeline.model import Cause
from pipeline.text import clean

__all__ = [
    "EXAMPLE",
    "MAX_CONTEXT_BYTES",
    "ContextFile",
    "ContextTable",
    "InputContext",
    "load_context",
    "read_context",
]

MAX_FILE_BYTES = 5_000_000
MAX_CONTEXT_BYTES = 65_536
"""What somebody may tell of one input beside its scan, as JSON."""

MAX_NAME, MAX_TEXT = 80, 400
FIRST_YEAR, LAST_YEAR, MAX_SECONDS = 1970, 2199, 1_000_000_000
"""Within these, nothing that is added to a time runs out of the calendar."""


def _aware(value: object) -> object:
    """A wall-clock time with its zone, or seconds; a JSON file has strings for the first."""
    if isinstance(value, bool):
        raise ValueError("must be a time or seconds")
    if isinstance(value, int):
        value = float(min(max(value, -MAX_SECONDS), MAX_SECONDS + 1))
    if isinstance(value, float) and abs(value) > MAX_SECONDS:
        raise ValueError(f"seconds must be within {MAX_SECONDS:.0e} of the start")
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("needs a time zone: write 2026-11-25T18:00:00Z")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValueError(f"the year must be within {FIRST_YEAR}..{LAST_YEAR}")
        return value.astimezone(UTC)
    return value


def _number(time: datetime | float) -> float:
    return time.timestamp() if isinstance(time, datetime) else time


def _known_check(name: str) -> str:
    if name not in CHECKS:
        raise ValueError("there is no such check")
    return name


def _something(text: str) -> str:
    if not text:
        raise ValueError("must hold something that can be read")
    return text


_Time = Annotated[datetime | float, BeforeValidator(_aware)]
_Clock = Annotated[datetime, BeforeValidator(_aware)]
_Name = Annotated[str, AfterValidator(lambda text: plain_text(text, MAX_NAME))]
_Text = Annotated[str, AfterValidator(lambda text: plain_text(text, MAX_TEXT))]
_Words = Annotated[_Text, Field(min_length=1), AfterValidator(_something)]
_Checks = tuple[Annotated[str, AfterValidator(_known_check)], ...]


EXAMPLE: dict[str, Any] = {
    "service": "Channel One",
    "tier": "premium",
    "delivery": "live",
    "starts_at": "2026-11-25T18:00:00Z",
    "schedule": [{"kind": "break", "start": "2026-11-25T18:30:00Z", "end": "2026-11-25T18:34:00Z"}],
    "note": [{"text": "Black between the two parts is meant, about 4 s", "at": "2026-11-25T17:50:00Z"}],
}


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_T = TypeVar("_T", bound=_Table)


class _Timed(_Table):
    start: _Time | None = None
    end: _Time | None = None

    @checked(mode="after")
    def _in_order(self) -> _Timed:
        start, end = self.start, self.end
        if start is None or end is None:
            return self
        if isinstance(start, datetime) is not isinstance(end, datetime):
            raise ValueError("start and end must both be wall-clock times or both be seconds")
        if _number(start) >= _number(end):
            raise ValueError("end must be after start")
        return self

    @property
    def period(self) -> Period:
        return Period(self.start, self.end)


class _SlotTable(_Timed):
    kind: SlotKind
    title: _Name = ""


class _MaintenanceTable(_Timed):
    what: _Text = ""


class _NoteTable(_Timed):
    text: _Words
    author: _Name = ""
    at: _Time | None = None

    def value(self) -> Note:
        said = self.start is not None or self.end is not None
        return Note(self.text, self.author, self.at, self.period if said else None)


class _RunBookTable(_Table):
    text: _Words
    causes: tuple[Cause, ...] = ()
    checks: _Checks = ()


class _RecentTable(_Table):
    at: _Time
    cause: Cause
    severity: Severity
    feedback: Feedback = Feedback.NONE
    checks: _Checks = ()


class ContextTable(_Table):
    """What is known of one input; times are wall-clock with a zone, or seconds from its start."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    service: _Name = ""
    tier: Tier | None = None
    delivery: Delivery | None = None
    audience: Audience | None = None
    starts_at: _Clock | None = None
    schedule: tuple[_SlotTable, ...] = ()
    maintenance: tuple[_MaintenanceTable, ...] = ()
    note: tuple[_NoteTable, ...] = ()
    run_book: tuple[_RunBookTable, ...] = ()
    recent: tuple[_RecentTable, ...] = ()

    def value(self) -> Context:
        """The same as a value."""
        return Context(
            service=self.service,
            tier=self.tier,
            delivery=self.delivery,
            audience=self.audience,
            starts_at=self.starts_at,
            schedule=tuple(Slot(row.kind, row.period, row.title) for row in self.schedule),
            maintenance=tuple(Maintenance(row.period, row.what) for row in self.maintenance),
            notes=tuple(row.value() for row in self.note),
            run_book=tuple(RunBookEntry(row.text, row.causes, row.checks) for row in self.run_book),
            recent=tuple(Recent(r.at, r.cause, r.severity, r.feedback, r.checks) for r in self.recent),
        )


class _InputTable(ContextTable):
    match: tuple[str, ...] = Field(min_length=1)


class _FileTable(_Table):
    input: tuple[_InputTable, ...] = ()


@dataclass(frozen=True, slots=True)
class InputContext:
    """What is known of the inputs whose address or file name matches one of the globs."""

    match: tuple[str, ...]
    context: Context

    def about(self, url: str) -> bool:
        """Whether it is about an input, by its whole address or the last part of it."""
        last = PurePosixPath(url.partition("?")[0]).name
        return any(fnmatchcase(url, glob) or fnmatchcase(last, glob) for glob in self.match)


@dataclass(frozen=True, slots=True)
class ContextFile:
    """All tables of a context file, in their order."""

    inputs: tuple[InputContext, ...] = ()

    def of(self, url: str) -> Context:
        """All that is known of an input: of single facts the first that is said, of lists all."""
        return joined([entry.context for entry in self.inputs if entry.about(url)])


def load_context(path: Path) -> ContextFile:
    """Read a context file: TOML, or JSON where its name ends so.

    Raises:
        ProfileError: it cannot be read, or holds a wrong key or value.
    """
    shown = clean(str(path))
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ProfileError(f"{shown}: a context file must be at most {MAX_FILE_BYTES} bytes")
        text = path.read_text("utf-8")
        table = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as exc:
        raise ProfileError(f"{shown}: cannot be read ({exc.strerror})") from exc
    except (ValueError, RecursionError) as exc:
        raise ProfileError(f"{shown}: cannot be read as TOML or JSON ({clean(str(exc), 120)})") from exc
    rows = _validated(_FileTable, shown, table).input
    return ContextFile(tuple(InputContext(row.match, row.value()) for row in rows))


def read_context(table: Mapping[str, Any], source: str) -> Context:
    """The context that one table tells, without ``match``; ``source`` names it in errors.

    Raises:
        ProfileError: it holds a wrong key or value.
    """
    return _validated(ContextTable, source, table).value()


def _validated(kind: type[_T], source: str, table: object) -> _T:
    try:
        return kind.model_validate(table)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = _place(first["loc"])
        rule = first["msg"].removeprefix("Value error, ")
        told = first["type"] not in ("missing", "extra_forbidden") and not isinstance(first["input"], Mapping)
        shown = f", got {clean(repr(first['input']), 60)}" if told else ""
        raise ProfileError(f"{clean(source)}: {where}: {rule[:1].lower() + rule[1:]}{shown}") from exc


def _place(path: Iterable[int | str]) -> str:
    """``input 2.schedule 1.start``: tables of a list are counted from 1."""
    told = ""
    for part in path:
        if isinstance(part, int):
            told += f" {part + 1}"
        elif part not in ("datetime", "float") and not part.startswith("function-"):
            told += f".{clean(part, 40)}" if told else clean(part, 40)
    return told or "the file"
