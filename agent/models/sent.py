"""What a backend would send to its model about a case, letter by letter; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator

from agent.models.guidance_local import shipped_adapter
from agent.models.langchain_openai import remote_messages
from agent.triage.facts import facts_of
from agent.triage.questions import Question, answers, asked, shared
from agent.triage.telling import examples_of
from agent.verdict import Case
from pipeline.errors import UsageError

__all__ = ["sent_to"]

LOCAL = ("auto", "guidance_local", "guidance_transformers")


def sent_to(backend: str, case: Case) -> Iterator[tuple[str, str]]:
    """Each piece with a title: for a local model what all questions begin with, then each question.

    Raises:
        UsageError: the backend sends nothing by itself.
    """
    if backend in LOCAL:
        yield from _questions(case)
    elif backend == "langchain_openai":
        for message in remote_messages(case, facts_of(case)):
            yield str(message.type), str(message.content)
    else:
        raise UsageError(f"{backend} sends nothing itself: ask for {', '.join([*LOCAL, 'langchain_openai'])}")


def _questions(case: Case) -> Iterator[tuple[str, str]]:
    trained = shipped_adapter()[1] is not None
    before = "" if trained else examples_of(case.incident.cause)
    begun = shared(case, before=before)
    yield "for all questions", begun
    for question in Question:
        allowed = answers(case, question)
        if len(allowed) > 1:
            yield question.value, asked(case, question, before=before).removeprefix(begun)
        else:
            yield f"{question.value} (not asked)", allowed[0]
