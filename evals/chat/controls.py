"""Askers that must score badly: they show that the suite can tell a good one from a bad one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from agent.query.answer import Answer, answer_of, refused
from agent.query.model import IncidentQuery, Refusal, RefusalKind
from agent.query.running import Found, run
from agent.store import Store
from evals.chat.month import ZONE
from evals.chat.questions import Question
from evals.chat.scoring import Graded, grade
from evals.chat.truth import Rows

__all__ = ["ListsEverything", "inventing", "refuses_everything", "shuffled"]


def refuses_everything(question: Question, previous: IncidentQuery | None) -> Answer:
    """Understands nothing, whatever is asked."""
    return refused(Refusal(kind=RefusalKind.NOT_UNDERSTOOD, text="I do not know what that means."))


class ListsEverything:
    """Answers each question with the newest incidents of all."""

    def __init__(self, store: Store) -> None:
        """``store`` is the one that is asked."""
        self._store = store

    def __call__(self, question: Question, previous: IncidentQuery | None) -> Answer:
        query = IncidentQuery(zone=ZONE.key)
        with self._store.reading() as session:
            return answer_of(query, run(session, query))


def shuffled(graded: Sequence[Graded], truths: Sequence[Rows | None]) -> list[Graded]:
    """The same answers, each to another question; ``truths`` are the rows that each question asks for."""
    answers = [item.answer for item in graded]
    random.Random(5).shuffle(answers)  # noqa: S311
    return [
        grade(item.question, answer, truth, None, item.seconds)
        for item, answer, truth in zip(graded, answers, truths, strict=True)
    ]


def inventing(answer: Answer) -> Answer:
    """The answer with an incident that its query does not return."""
    found = answer.found or Found(0)
    foreign = [replace(item, id="f" * 16) for item in found.incidents[:1]]
    return replace(answer, found=replace(found, incidents=(*found.incidents, *foreign)))
