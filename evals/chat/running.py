"""Asks every question over the stored month, one after the other, as a person would."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from agent.query.answer import Answer
from agent.query.chat import Chat, QuestionReader
from agent.query.model import IncidentQuery
from agent.store import Store
from evals.chat.month import NOW, ZONE, Happened, store_month
from evals.chat.questions import Question
from evals.chat.scoring import Graded, grade
from evals.chat.truth import rows_of

__all__ = ["Asker", "ask_all", "over_chat"]


class Asker(Protocol):
    """Whatever answers questions: the chat, or a control that should score badly."""

    def __call__(self, question: Question, previous: IncidentQuery | None) -> Answer:
        """The answer to a question that goes on from ``previous``."""


def ask_all(questions: Sequence[Question], asker: Asker, happened: Sequence[Happened]) -> list[Graded]:
    """Ask each question, with the expected query of the one before it where it goes on from one.

    Args:
        happened: what is in the store that is asked.
    """
    expected = {question.id: question.query for question in questions}
    graded = []
    for question in questions:
        began = time.perf_counter()
        answer = asker(question, expected.get(question.follows))
        seconds = time.perf_counter() - began
        truth = rows_of(question.query, happened) if question.query else None
        own = rows_of(answer.query, happened) if answer.query else None
        graded.append(grade(question, answer, truth, own, seconds))
    return graded


def over_chat(questions: Sequence[Question], reader: QuestionReader | None = None) -> list[Graded]:
    """Ask the chat, over a store of its own."""
    with TemporaryDirectory() as folder, Store.open(str(Path(folder) / "month.db")) as store:
        happened = store_month(store)
        chat = Chat(store, reader)
        return ask_all(
            questions,
            lambda question, previous: chat.ask(question.text, now=NOW, zone=ZONE, previous=previous),
            happened,
        )
