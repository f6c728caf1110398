"""``POST /v1/ask``: a question over the stored incidents, and its answer with the query to run it again."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from agent.api.auth import Reader
from agent.api.bodies import Body
from agent.api.documents import json_answer
from agent.api.problems import PROBLEMS, responses
from agent.api.state import Api, api_of
from agent.query.answer import Answer
from agent.query.chat import Chat, QuestionReader, zone_of
from agent.query.document import answer_document
from agent.query.model import IncidentQuery, Refusal
from agent.query.readers import question_reader
from agent.query.reading import Reading, Setting
from agent.settings import Settings, model_options
from agent.store import Store

__all__ = ["MAX_QUESTION", "AskBody", "answered", "open_chat", "router"]

MAX_QUESTION = 1000

router = APIRouter(prefix="/v1/ask", tags=["ask"])

Question = Annotated[str, StringConstraints(min_length=1, max_length=MAX_QUESTION)]


class AskBody(Body):
    """A question, or the query of an earlier answer to run again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"question": "critical incidents last night", "zone": "Europe/Berlin"},
                {
                    "question": "only those on news-1",
                    "zone": "Europe/Berlin",
                    "previous": {"severities": ["critical"], "zone": "Europe/Berlin"},
                },
                {"query": {"shape": "count", "severities": ["critical"], "states": ["open"]}},
            ]
        },
    )

    question: Question | None = Field(None, description="In plain English; see `refusal` of the answer.")
    zone: str = Field("UTC", max_length=60, description="The asker's time zone, of which `yesterday` is.")
    previous: IncidentQuery | None = Field(None, description="`query` of the answer that it goes on from.")
    query: IncidentQuery | None = Field(None, description="In place of a question: run this again.")

    @model_validator(mode="after")
    def _one(self) -> AskBody:
        if (self.question is None) == (self.query is None):
            raise ValueError("give a question, or a query; not both")
        return self


class AnswerGroup(BaseModel):
    """How many incidents are of one name."""

    name: str
    count: int


class AnswerIncident(BaseModel):
    """An incident that the answer rests on."""

    id: str
    input: str
    severity: str | None
    cause: str
    title: str
    start_s: float
    end_s: float | None
    first_seen_at: datetime


class AskAnswer(BaseModel):
    """The answer in words, what was asked of the store, and the rows. `query` is null where it is refused."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "schema": "vidette.answer/1",
                    "text": "1 incident: bda25483.",
                    "asked": "Critical incidents, that are open; counted.",
                    "read_by": "rules",
                    "refusal": None,
                    "query": {"shape": "count", "severities": ["critical"], "states": ["open"]},
                    "total": 1,
                    "against": None,
                    "groups": [],
                    "incidents": [],
                }
            ]
        }
    )

    schema_: str = Field(alias="schema")
    text: str
    asked: str
    read_by: str
    refusal: Refusal | None
    query: dict[str, Any] | None
    total: int | None
    against: int | None
    groups: list[AnswerGroup]
    incidents: list[AnswerIncident]


@router.post("", response_model=AskAnswer, responses={**PROBLEMS, **responses(415)})
def ask(body: AskBody, request: Request, token: Reader) -> Response:
    """Answer from what is stored, as `vidette ask` does. Nothing that is asked can change anything."""
    return json_answer(answer_document(answered(api_of(request), request.app.state.chat, body)))


def answered(api: Api, chat: Chat, body: AskBody) -> Answer:
    """The answer to a question of the API or of the page.

    Raises:
        UsageError: there is no such time zone.
        StoreError: the database cannot be read.
    """
    if body.query is not None:
        return chat.again(body.query)
    return chat.ask(body.question or "", now=api.clock(), zone=zone_of(body.zone), previous=body.previous)


def open_chat(settings: Settings, store: Store) -> Chat:
    """The chat of the service; its model, if there is one, is loaded at the first word that no rule knows."""
    reader = question_reader(settings.triage.value, model_options(settings))
    return Chat(store, None if reader is None else _InTurn(reader))


class _InTurn:
    """A reader that takes one question at a time, for a local model has one memory."""

    def __init__(self, reader: QuestionReader) -> None:
        self._reader, self._turn = reader, threading.Lock()

    @property
    def name(self) -> str:
        return self._reader.name

    def read(self, question: str, setting: Setting, reading: Reading) -> Reading:
        with self._turn:
            return self._reader.read(question, setting, reading)
