"""``vidette ask``: a question over what is stored, or a talk of several."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import RenderableType
from rich.text import Text

from agent.cli.options import DbOption, JsonOption, open_store, state_of
from agent.cli.terminal import print_json, results_console, status_console
from agent.query.answer import Answer
from agent.query.chat import Chat, zone_of
from agent.query.document import answer_document
from agent.query.model import IncidentQuery
from agent.query.readers import question_reader
from agent.report.document import render_json
from agent.report.table import safe
from agent.settings import model_options
from pipeline.errors import UsageError
from pipeline.text import clean

__all__ = ["ask"]

WELCOME = (
    "Ask about stored incidents; 'only the critical ones' goes on from the question before. Ctrl-D ends."
)


def ask(
    context: typer.Context,
    question: Annotated[
        str | None, typer.Argument(help="The question; without one, a talk begins.", show_default=False)
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", metavar="NAME", help="Time zone of 'yesterday' and of the answer.")
    ] = "UTC",
    query: Annotated[
        str | None,
        typer.Option(
            "--query",
            metavar="JSON",
            help="Run the query of an earlier answer instead.",
            show_default=False,
        ),
    ] = None,
    json_document: JsonOption = False,
    db: DbOption = None,
) -> None:
    """Answer a question such as 'critical incidents last night' from what is stored."""
    place = zone_of(zone)
    if query is not None and question is not None:
        raise UsageError("give a question or --query, not both")
    state = state_of(context)
    with open_store(state, db) as store:
        chat = Chat(store, question_reader(state.settings.triage.value, model_options(state.settings)))
        if query is not None:
            _print(chat.again(_query(query)), json_document)
            return
        previous: IncidentQuery | None = None
        for asked in [question] if question is not None else _typed():
            answer = chat.ask(asked, now=datetime.now(UTC), zone=place, previous=previous)
            previous = answer.query or previous
            _print(answer, json_document)


def _query(text: str) -> IncidentQuery:
    try:
        return IncidentQuery.model_validate_json(text)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"])) or "query"
        raise UsageError(f"--query: {clean(where, 60)}: {first['msg']}") from exc


def _typed() -> Iterator[str]:
    """The lines that a person types, or that a pipe brings."""
    talks = sys.stdin.isatty()
    if talks:
        status_console().print(WELCOME, style="dim")
    while True:
        if talks:
            status_console().print("> ", end="")
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _print(answer: Answer, json_document: bool) -> None:
    if json_document:
        print_json(render_json(answer_document(answer)))
    else:
        results_console().print(_view(answer))


def _view(answer: Answer) -> RenderableType:
    told = safe(answer.text)
    if answer.asked:
        told.append_text(Text("\n")).append_text(safe(f"Asked: {answer.asked}", "dim"))
    return told
