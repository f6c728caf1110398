"""What a reader of notes is asked about of a context: notes, planned work, breaks, the run book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from agent.context import Relation
from agent.triage.named_times import fits_in_time
from agent.triage.notes import readable
from agent.triage.reasons import ReasonKind, explains, reasons_of, tells_of_break
from agent.triage.telling import notes_of
from agent.verdict import Case

__all__ = ["MAX_RUN_BOOK", "MAX_WORKS", "Origin", "Passage", "passages_of"]

MAX_WORKS, MAX_RUN_BOOK = 2, 2
"""Beside four notes: each takes a question."""


class Origin(StrEnum):
    """Where a passage stands, and so what it may say.

    A note may say anything. What is written of planned work may say that it was meant: that work is off is
    said beside it. The run book may say that more is at stake, and excuses nothing: it is of no time, and
    instructions read like reasons to a small model.
    """

    NOTE = "note"
    WORK = "maintenance"
    RUN_BOOK = "run_book"


@dataclass(frozen=True, slots=True)
class Passage:
    """One text that somebody wrote, letter by letter; ``excuses`` where code lets it be given as a reason."""

    origin: Origin
    text: str
    excuses: bool = False


def passages_of(case: Case) -> tuple[Passage, ...]:
    """What may be read for a case, the notes first, as ``notes_of`` numbers them.

    All must be plain enough to be shown, and name no other time.
    """
    found: dict[str, Passage] = {}
    for passage in (*_notes(case), *_works(case), *_run_book(case)):
        found.setdefault(passage.text, passage)
    return tuple(found.values())


def _notes(case: Case) -> Iterator[Passage]:
    given = {reason.text for reason in reasons_of(case, read=True) if reason.kind is ReasonKind.NOTE}
    for text in notes_of(case):
        yield Passage(Origin.NOTE, text, text in given)


def _works(case: Case) -> list[Passage]:
    """Planned work that all of the incident lies within, and breaks that say what is seen or heard."""
    context = case.context
    told = [(work.period, work.what) for work in context.maintenance]
    told += [(slot.period, slot.title) for slot in context.schedule if tells_of_break(slot)]
    covering = [text for period, text in told if context.relation(period, case.incident) is Relation.COVERS]
    shown = [text for text in covering if _shown(text, case)]
    return [Passage(Origin.WORK, text, explains(text, case, read=True)) for text in shown][:MAX_WORKS]


def _run_book(case: Case) -> list[Passage]:
    shown = [entry.text for entry in case.context.run_book if _shown(entry.text, case)]
    return [Passage(Origin.RUN_BOOK, text) for text in shown][:MAX_RUN_BOOK]


def _shown(text: str, case: Case) -> bool:
    return bool(text) and readable(text) and fits_in_time(text, case.incident, case.context)
