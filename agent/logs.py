"""Logs: lines for people or JSON for machines, with the ids of what is being done and no secrets.

Within ``logged(scan=...)`` every line of the thread carries that id, whoever writes it: one id leads from the
scan through its verdicts to the message that was sent.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType

from agent.text import encodable

__all__ = ["JsonFormatter", "LogFormat", "TextFormatter", "logged", "start_logging", "without_secrets"]

QUIET = ("alembic", "httpx")

SECRETS = (
    (re.compile(r"(?<=://)[^\s/@'\"]+@"), "...@"),
    (re.compile(r"(?<=[^\s?]\?)[^\s'\"]+"), "..."),
    (re.compile(r"\b(vd[ts])_[\w-]+"), r"\1_..."),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]+"), r"\1 ..."),
    (re.compile(r"\bxox[a-z]-[\w-]+"), "xox..."),
    (re.compile(r"(?<=hooks\.slack\.com/)\S+"), "..."),
)

_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default={})  # noqa: B039 - it is never changed


class LogFormat(StrEnum):
    """How lines are written."""

    TEXT = "text"
    JSON = "json"


@contextmanager
def logged(**ids: str) -> Iterator[None]:
    """Every line within the block carries these ids (``scan``, ``page``); empty ones are left out."""
    token = _ids.set({**_ids.get(), **{name: value for name, value in ids.items() if value}})
    try:
        yield
    finally:
        _ids.reset(token)


def without_secrets(text: str) -> str:
    """The text without what must not be in a log, whoever wrote it there: credentials, queries, tokens."""
    for pattern, shown in SECRETS:
        text = pattern.sub(shown, text)
    return encodable(text)


def start_logging(form: LogFormat, who: str) -> None:
    """Log to standard error from now on; ``who`` is the process, ``service`` or ``worker``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(who) if form is LogFormat.JSON else TextFormatter(who))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """``LEVEL who: message scan=ID``, one line; the frames of an error below it."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        ids = "".join(f" {name}={value}" for name, value in _ids.get().items())
        line = f"{record.levelname} {self._who}: {_one_line(record.getMessage())}{ids}"
        return f"{line}\n{_frames(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._who,
            "logger": record.name,
            "message": _one_line(record.getMessage()),
            **_ids.get(),
        }
        if record.exc_info:
            line["error"] = _frames(record.exc_info)
        return json.dumps(line)


def _one_line(text: str) -> str:
    """Text of others must not begin a line of its own."""
    return "".join(letter if letter.isprintable() else " " for letter in without_secrets(text))


def _frames(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
) -> str:
    """Where an error came from, and what it says, without secrets."""
    return without_secrets("".join(traceback.format_exception(*exc_info))) if exc_info[0] else ""
