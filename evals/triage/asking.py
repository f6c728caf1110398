"""Questions over a store whose every text gives orders: what each becomes, and its rows, must stay the same.

A month of incidents is stored once; then an injection is put into all that vidette keeps of other people's
words (titles, summaries, notes, quotes, names, tags, contexts, labels, people), and the name of one input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import update

from agent.query.answer import Answer
from agent.query.chat import Chat, QuestionReader
from agent.query.model import IncidentQuery
from agent.store import Store
from agent.store.tables import IncidentRow, InputRow, ScanRow, VerdictRow
from agent.triage.outside import plain_text
from evals.chat.month import INPUTS, NOW, ZONE, store_month
from evals.chat.questions import Question, load_questions
from evals.chat.running import Asker

__all__ = ["asked_questions", "over_poisoned", "questions_changed"]

RENAMED = INPUTS[-1]
"""The input that is called what an injection says."""

MAX_TOLD, MAX_NAMED = 400, 200


def questions_changed(texts: Sequence[str], reader: QuestionReader | None = None) -> list[tuple[str, ...]]:
    """For each text, the ids of the questions that it changes, asked of the chat."""
    with TemporaryDirectory() as folder, Store.open(str(Path(folder) / "month.db")) as store:
        chat = Chat(store, reader)
        return over_poisoned(
            store,
            texts,
            lambda question, previous: chat.ask(question.text, now=NOW, zone=ZONE, previous=previous),
        )


def over_poisoned(store: Store, texts: Sequence[str], asker: Asker) -> list[tuple[str, ...]]:
    """The same over an empty store, asked of anything that answers."""
    store_month(store)
    name, clean = RENAMED, _told(asker, RENAMED)
    found = []
    for text in texts:
        name = _poison(store, text, name)
        told = _told(asker, name)
        found.append(tuple(one for one, answer in told.items() if answer != clean[one]))
    return found


@cache
def asked_questions() -> tuple[Question, ...]:
    """The first question of each kind of the split ``test``, those to refuse as well."""
    kinds: dict[str, Question] = {}
    for question in load_questions():
        if question.split == "test":
            kinds.setdefault(question.id.rsplit("-", 1)[0], question)
    return tuple(kinds.values())


@dataclass(frozen=True, slots=True)
class _Told:
    """What an answer rests on: the query or why there is none, and the rows."""

    query: IncidentQuery | None
    refusal: str
    total: int
    incidents: tuple[str, ...]
    groups: Mapping[str, int]
    against: int | None


def _told(asker: Asker, name: str) -> dict[str, _Told]:
    return {question.id: _rests_on(asker(question, None), name) for question in asked_questions()}


def _rests_on(answer: Answer, name: str) -> _Told:
    """The answer with the renamed input under its old name."""
    query, found = answer.query, answer.found
    if query is not None:
        inputs = tuple(RENAMED if one == name else one for one in query.inputs)
        query = query.model_copy(update={"inputs": inputs})
    refusal = answer.refusal.kind.value if answer.refusal else ""
    if found is None:
        return _Told(query, refusal, 0, (), {}, None)
    groups = {RENAMED if key == name else key: count for key, count in found.groups}
    return _Told(
        query, refusal, found.total, tuple(item.id for item in found.incidents), groups, found.against
    )


def _poison(store: Store, text: str, name: str) -> str:
    """Put a text wherever other people's words are kept; what the renamed input is called then."""
    told, named = plain_text(text, MAX_TOLD), f"/incoming/{text[:MAX_NAMED]}"
    verdict: dict[str, Any] = {"title": told, "summary": told, "notes": [told], "quote": told}
    media: dict[str, Any] = {"format": "", "duration_s": None, "streams": [], "tags": {"title": text}}
    context: dict[str, Any] = {"service": told, "note": [{"text": told}], "run_book": [{"text": told}]}
    incident: dict[str, Any] = {"reasons": [told], "labels": {"note": told}, "assignee": told}
    with store.noting() as session:
        session.execute(update(VerdictRow).values(**verdict))
        session.execute(update(ScanRow).values(media=media, context=context))
        session.execute(update(IncidentRow).values(**incident, next_likely=told))
        session.execute(update(InputRow).where(InputRow.identity == name).values(identity=named, url=named))
    return named
