"""A local model's answers to the questions of a case, one at a time over one evaluated prefix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.models.calibration import Answered, Calibration
from agent.models.labels import LabelReader
from agent.triage.questions import CHATML, NO_REASON, Chat, Question, answers, asked
from agent.triage.reasons import ReasonKind, reasons_of
from agent.triage.telling import examples_of, notes_of, tell_mildest, words
from agent.verdict import Case, Severity

__all__ = ["Chooser", "Chosen"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a model says of a case, and the words of the context that it gives as its reason."""

    answers: Mapping[Question, Answered]
    quote: str

    def value(self, question: Question) -> str:
        """The answer to a question."""
        return self.answers[question].value


@dataclass(slots=True)
class Chooser:
    """Asks the questions.

    With a calibration the model's own probabilities decide. Without one, they are compared with what
    it says of the same defect in its mildest telling, with nothing known: what it says to anything is
    its habit, and only what it says beyond that follows the case.
    """

    reader: LabelReader
    chat: Chat = CHATML
    calibration: Calibration | None = None
    _habits: dict[tuple[str, Question, tuple[str, ...]], list[float]] = field(default_factory=dict)

    def ask(self, case: Case) -> Iterator[tuple[Question, Answered]]:
        """One answer after the other; where only one is allowed, the model is not asked."""
        excused = False
        for question in Question:
            allowed = answers(case, question)
            if question is Question.SEVERITY and not excused:
                allowed = tuple(a for a in allowed if Severity(a).rank >= case.floor.rank)
            found = Answered(allowed[0], 1.0, {allowed[0]: 1.0})
            if len(allowed) > 1:
                found = self._answered(case, question, allowed)
            if question is Question.REASON:
                structured = any(r.kind is not ReasonKind.NOTE for r in reasons_of(case))
                excused = structured or found.value != NO_REASON
            yield question, found

    def quote(self, case: Case, reason: str) -> str:
        """The note that was given as the reason, letter by letter; else what rules may go by."""
        if reason != NO_REASON:
            return notes_of(case)[int(reason) - 1]
        structured = (r.text for r in reasons_of(case) if r.kind is not ReasonKind.NOTE)
        return next(structured, "")

    def before(self, case: Case) -> str:
        """The examples that are told before a case: none to a model that was made for the job."""
        return "" if self.calibration is not None else examples_of(case.incident.cause)

    def _answered(self, case: Case, question: Question, allowed: Sequence[str]) -> Answered:
        text = asked(case, question, before=self.before(case), chat=self.chat)
        found = self.reader.log_probabilities(text, allowed)
        if self.calibration is not None:
            return self.calibration.of(question).read(allowed, found)
        return self._beyond_habit(case, question, tuple(allowed), found)

    def _beyond_habit(
        self, case: Case, question: Question, allowed: tuple[str, ...], found: Sequence[float]
    ) -> Answered:
        """The answer that the case speaks for more than its mildest telling; the policy's where none does."""
        mildest = asked(case, question, before=self.before(case), chat=self.chat, told=tell_mildest(case))
        key = (mildest, question, allowed)
        if key not in self._habits:
            self._habits[key] = self.reader.log_probabilities(mildest, allowed)
        habit = self._habits[key]
        gains = [(found[n] - found[0]) - (habit[n] - habit[0]) for n in range(len(allowed))]
        margin = float(words()["habit"]["margin"])
        scores = [gain - (margin if n else 0.0) for n, gain in enumerate(gains)]
        weights = [math.exp(score - max(scores)) for score in scores]
        shares = {answer: weight / sum(weights) for answer, weight in zip(allowed, weights, strict=True)}
        best = max(allowed, key=lambda answer: shares[answer])
        return Answered(best, shares[best], shares)
