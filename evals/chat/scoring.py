"""What an answer is worth against its question: query, rows, refusal, citations."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from agent.query.answer import SHORT_ID, Answer
from agent.query.model import IncidentQuery, RefusalKind
from evals.chat.questions import Question
from evals.chat.truth import Rows
from evals.detect.scoring import Interval, wilson

__all__ = ["Graded", "Score", "grade", "score"]

_CITED = re.compile(rf"\b[0-9a-f]{{{SHORT_ID}}}\b")

EMPTY = frozenset((RefusalKind.UNKNOWN_ID, RefusalKind.UNKNOWN_INPUT, RefusalKind.AMBIGUOUS_INPUT))
"""Refusals that name what is wrong: another reason does not stand for them."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One question, its answer, and what was right about it.

    ``rows`` is None for a question that has to be refused, ``refused`` for one that has to be answered.
    ``foreign`` are incidents that the answer shows or cites and its own query does not return.
    """

    question: Question
    answer: Answer
    exact: bool | None
    rows: bool | None
    refused: bool | None
    foreign: tuple[str, ...]
    seconds: float

    @property
    def right(self) -> bool:
        """Whether it got what it asked for."""
        return bool(self.rows if self.rows is not None else self.refused)


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a run, each rate with its Wilson interval."""

    questions: int
    exact: Interval
    rows: Interval
    refused: Interval
    cited: Interval
    foreign: int
    by_rules: int
    p50_s: float
    p95_s: float
    p50_rules_s: float


def grade(question: Question, answer: Answer, truth: Rows | None, own: Rows | None, seconds: float) -> Graded:
    """Hold an answer against the truth.

    Args:
        truth: the rows of the expected query; None where a refusal is expected.
        own: the rows of the query that the answer carries; None where it carries none.
    """
    foreign = _foreign(answer, own)
    if truth is None:
        right = answer.refusal is not None and answer.refusal.kind in question.refusals
        return Graded(question, answer, None, None, right, foreign, seconds)
    exact = answer.query == question.query
    return Graded(question, answer, exact, _same_rows(question, answer, truth), None, foreign, seconds)


def _same_rows(question: Question, answer: Answer, truth: Rows) -> bool:
    """The same count; and the same incidents, groups or other count, where those were asked for."""
    found = answer.found
    if answer.refusal is not None or found is None or answer.query is None or question.query is None:
        return False
    same = found.total == truth.total and found.against == truth.against
    if not truth.total and not truth.against:
        # Many wrong queries find nothing as well: no rows are right only for what was asked.
        same &= _asked_of(answer.query) == _asked_of(question.query)
    if question.query.group_by is not None:
        wanted = sorted(truth.groups.items(), key=lambda item: -item[1])[: question.query.limit]
        counts = [count for _, count in wanted]
        told = dict(found.groups)
        same &= all(truth.groups.get(name) == count for name, count in told.items())
        return same and sorted(told.values(), reverse=True) == counts
    if question.query.shape.value in ("list", "longest"):
        return same and tuple(item.id for item in found.incidents) == truth.shown
    return same


def _asked_of(query: IncidentQuery) -> tuple[object, ...]:
    since = query.during.since if query.during else None
    named = (query.inputs, query.checks, query.causes, query.severities, query.routes, query.states)
    return (query.shape, since, query.ids, *(frozenset(names) for names in named))


def _foreign(answer: Answer, own: Rows | None) -> tuple[str, ...]:
    """What the answer shows or cites beyond the rows of its own query."""
    shown = [item.id for item in answer.found.incidents] if answer.found else []
    cited = _CITED.findall(answer.text) if answer.refusal is None else []
    allowed = own.shown if own else ()
    return (
        *(name for name in shown if name not in allowed),
        *(short for short in cited if not any(name.startswith(short) for name in allowed)),
    )


def score(graded: Sequence[Graded]) -> Score:
    """The figures of a run."""
    asked = [item for item in graded if item.rows is not None]
    refusals = [item for item in graded if item.refused is not None]
    answered = [item for item in asked if item.answer.found and item.answer.found.incidents]
    citing = [item for item in answered if _CITED.search(item.answer.text)]
    times = sorted(item.seconds for item in graded)
    rules = [item.seconds for item in graded if item.answer.read_by == "rules"]
    return Score(
        questions=len(graded),
        exact=wilson(sum(bool(item.exact) for item in asked), len(asked)),
        rows=wilson(sum(bool(item.rows) for item in asked), len(asked)),
        refused=wilson(sum(bool(item.refused) for item in refusals), len(refusals)),
        cited=wilson(len(citing), len(answered)),
        foreign=sum(bool(item.foreign) for item in graded),
        by_rules=len(rules),
        p50_s=statistics.median(times) if times else 0.0,
        p95_s=times[min(len(times) - 1, int(len(times) * 0.95))] if times else 0.0,
        p50_rules_s=statistics.median(rules) if rules else 0.0,
    )
