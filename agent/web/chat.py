"""Chat for people: questions, answers with links to incidents, and each answer's query as a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from agent.api.ask import MAX_QUESTION, AskBody, answered
from agent.api.auth import Reader
from agent.api.problems import Problem
from agent.api.state import api_of
from agent.query.answer import SHORT_ID, Answer
from agent.query.model import IncidentQuery
from agent.web.claims import Piece
from agent.web.render import PageRoute, asked_by_htmx, page

__all__ = ["router"]

MAX_QUERY = 8000
EXAMPLES = (
    "critical incidents last night",
    "how many per channel this week?",
    "the longest freeze today",
    "compare this week with last week",
)

router = APIRouter(prefix="/ask", route_class=PageRoute, include_in_schema=False)


@router.get("")
def chat(
    request: Request,
    token: Reader,
    query: Annotated[str, Query(max_length=MAX_QUERY)] = "",
    question: Annotated[str, Query(max_length=MAX_QUESTION)] = "",
    zone: Annotated[str, Query(max_length=60)] = "UTC",
) -> Response:
    """The talk, empty; or with the answer to the query or the question of a link."""
    shown = None
    if query:
        shown = _answer(request, {"query": _query(query)})
    elif question.strip():
        shown = _answer(request, {"question": question.strip(), "zone": zone})
    return page(request, "chat.html.j2", exchange=shown, zone=zone, examples=EXAMPLES)


@router.post("")
def ask(
    request: Request,
    token: Reader,
    question: Annotated[str, Form(max_length=MAX_QUESTION)] = "",
    previous: Annotated[str, Form(max_length=MAX_QUERY)] = "",
    zone: Annotated[str, Form(max_length=60)] = "UTC",
) -> Response:
    """The next answer of the talk; it carries the query that the next question goes on from."""
    if not question.strip():
        raise Problem(422, "ask something, such as: critical incidents last night")
    asked = {
        "question": question.strip(),
        "zone": zone or "UTC",
        "previous": _query(previous) if previous else None,
    }
    exchange = _answer(request, asked)
    if not exchange["carried"]:
        exchange["carried"] = previous
    if asked_by_htmx(request):
        return page(request, "exchange.html.j2", exchange=exchange)
    return page(request, "chat.html.j2", exchange=exchange, zone=zone, examples=EXAMPLES)


def _answer(request: Request, asked: Mapping[str, object]) -> dict[str, object]:
    """What was asked, the answer, and what it carries."""
    body = AskBody.model_validate(asked)
    answer = answered(api_of(request), request.app.state.chat, body)
    carried = answer.query.model_dump_json(exclude_defaults=True) if answer.query else ""
    return {
        "question": body.question or "",
        "answer": answer,
        "pieces": _cited(answer),
        "rows": answer.found.incidents if answer.found else (),
        "groups": answer.found.groups if answer.found else (),
        "carried": carried,
        "link": f"/ask?{urlencode({'query': carried})}" if carried else "",
    }


def _cited(answer: Answer) -> list[Piece]:
    """The text, with each id that it cites leading to its incident."""
    ids = {item.id[:SHORT_ID]: item.id for item in (answer.found.incidents if answer.found else ())}
    known = "|".join(map(re.escape, ids)) or "(?!)"
    parts = re.split(rf"(?<!\w)({known})(?!\w)", answer.text)
    return [Piece(part, ids.get(part, "")) for part in parts if part]


def _query(text: str) -> IncidentQuery:
    try:
        return IncidentQuery.model_validate_json(text)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"])) or "query"
        raise Problem(422, f"query: {where}: {first['msg']}") from exc
