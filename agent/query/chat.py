"""One way from a question to an answer, for the command line, the API, the page and Slack alike.

question -> rules -> sure? -> else a model fills what the rules left -> query -> rows -> answer
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from agent.models.base import ModelError
from agent.query.answer import Answer, answer_of, refused
from agent.query.known import KnownInputs
from agent.query.model import IncidentQuery, Refusal, RefusalKind
from agent.query.reading import Reading, Setting, read
from agent.query.running import run
from agent.store import Store
from pipeline.errors import UsageError
from pipeline.text import clean

__all__ = ["Chat", "QuestionReader", "zone_of"]

MAX_UNREAD = 5


class QuestionReader(Protocol):
    """A model that reads what the rules could not."""

    @property
    def name(self) -> str:
        """What the answer calls it."""

    def read(self, question: str, setting: Setting, reading: Reading) -> Reading:
        """A better reading of the question, or the same one where it has none."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Answers questions over one store; ``reader`` is None where only the rules read."""

    store: Store
    reader: QuestionReader | None = None
    known: KnownInputs = field(default_factory=KnownInputs, compare=False)

    def ask(
        self, question: str, *, now: datetime, zone: ZoneInfo, previous: IncidentQuery | None = None
    ) -> Answer:
        """Answer a question, or say in one sentence why not.

        Args:
            now: the time that it is asked at, aware.
            zone: the asker's time zone, of which ``yesterday`` and ``at 14:00`` are.
            previous: the query before it, for ``only the critical ones`` and ``and the day before?``.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.store.reading() as session:
            setting = Setting(now, zone, self.known.of(session), previous)
        # A model may think for long: no transaction waits for it.
        reading, read_by = self._read(question, setting)
        if reading.refusal is not None:
            return refused(reading.refusal, read_by=read_by)
        if reading.query is None or reading.unread:
            return refused(_not_understood(reading), read_by=read_by)
        with self.store.reading() as session:
            found = run(session, reading.query)
        return answer_of(reading.query, found, read_by=read_by, taken=reading.taken)

    def again(self, query: IncidentQuery) -> Answer:
        """Run a query that an earlier answer carried.

        Raises:
            StoreError: the database cannot be read.
        """
        with self.store.reading() as session:
            return answer_of(query, run(session, query), read_by="query")

    def _read(self, question: str, setting: Setting) -> tuple[Reading, str]:
        """The rules' reading, and a model's where they are not sure."""
        reading = read(question, setting)
        if reading.sure or reading.query is None or self.reader is None:
            return reading, "rules"
        try:
            return self.reader.read(question, setting, reading), self.reader.name
        except ModelError:
            return reading, "rules"


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in available_timezones():
        raise UsageError(f"no time zone is called {clean(name, 60)!r}; give one like Europe/Berlin or UTC")
    return ZoneInfo(name)


def _not_understood(reading: Reading) -> Refusal:
    words = ", ".join(repr(clean(word, 40)) for word in reading.unread[:MAX_UNREAD])
    said = f"I do not know what {words} means here" if words else "I could not read that as a question"
    told = f"{said}; ask for incidents by time, input, check, cause, severity or state."
    return Refusal(kind=RefusalKind.NOT_UNDERSTOOD, text=told)
