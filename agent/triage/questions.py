"""The questions that a local model is asked of a case, letter by letter, and the answers it may give.

The text of a case comes first and is the same for all of its questions, so that an engine evaluates
it once. A training script must take its texts from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from string import Template

from agent.triage.allowed import allowed_of
from agent.triage.reasons import ReasonKind, reasons_of
from agent.triage.telling import notes_of, tell, words
from agent.verdict import Case

__all__ = ["CHATML", "NO_REASON", "Chat", "Question", "answers", "asked", "opening", "shared"]

NO_REASON = "none"


class Question(StrEnum):
    """What a model is asked, in this order."""

    REASON = "reason"
    SEVERITY = "severity"
    INTENT = "intent"
    CAUSE = "cause"
    ACTION = "action"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class Chat:
    """How a chat is written down: what opens and closes a turn of each role."""

    opens: Callable[[str], str]
    closes: Callable[[str], str]

    def turn(self, role: str, text: str) -> str:
        """A whole turn."""
        return self.opens(role) + text + self.closes(role)


CHATML = Chat(lambda role: f"<|im_start|>{role}\n", lambda role: "<|im_end|>\n")
"""What the embedded model, and the adapter, were trained on."""


def asked(
    case: Case, question: Question, *, before: str = "", chat: Chat = CHATML, told: str | None = None
) -> str:
    """The whole text, up to where the answer begins; the answer follows without a space.

    Args:
        case: with its context.
        question: one that has several answers.
        before: examples to be told before the case, for a model without an adapter.
        chat: how the model writes a chat.
        told: another telling of the case, to compare with.
    """
    put = Template(words()["question"][question]).substitute(answers=", ".join(answers(case, question)))
    begun = shared(case, before=before, chat=chat, told=told)
    return begun + put + chat.closes("user") + chat.opens("assistant")


def shared(case: Case, *, before: str = "", chat: Chat = CHATML, told: str | None = None) -> str:
    """What the texts of all questions of a case begin with."""
    case_told = tell(case) if told is None else told
    return opening(chat) + before + case_told + "\n"


def opening(chat: Chat = CHATML) -> str:
    """What the texts of all cases begin with."""
    return chat.turn("system", words()["system"]) + chat.opens("user")


def answers(case: Case, question: Question) -> tuple[str, ...]:
    """What may be answered, the policy's own first. A single answer is not asked for.

    A reason is answered by the number of its note.
    """
    if question is Question.REASON:
        shown = notes_of(case)
        given = [r.text for r in reasons_of(case) if r.kind is ReasonKind.NOTE]
        return (NO_REASON, *(str(number) for number, text in enumerate(shown, 1) if text in given))
    allowed = allowed_of(case)
    values = {
        Question.SEVERITY: allowed.severities,
        Question.INTENT: allowed.intents,
        Question.CAUSE: allowed.causes,
        Question.ACTION: allowed.actions,
        Question.ROUTE: allowed.routes,
    }[question]
    return tuple(value.value for value in values)
