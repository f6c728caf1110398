"""A local model's answers to the questions of a case, one at a time over one evaluated prefix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.models.calibration import Answered, Calibration, shares
from agent.models.labels import LabelReader
from agent.models.note_reader import NoteReader
from agent.triage.passages import passages_of
from agent.triage.questions import CHATML, NO_REASON, Chat, Question, answers, asked
from agent.triage.reasons import ReasonKind, reasons_of
from agent.triage.telling import examples_of, tell_mildest, words
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
    its habit, and only what it says beyond that follows the case. With ``notes`` it is asked of the notes
    alone, and code combines what they say with the policy.
    """

    reader: LabelReader
    chat: Chat = CHATML
    calibration: Calibration | None = None
    notes: NoteReader | None = None
    _habits: dict[tuple[str, Question, tuple[str, ...]], list[float]] = field(default_factory=dict)

    def ask(self, case: Case, step: Callable[[], None] = lambda: None) -> dict[Question, Answered]:
        """All answers; where only one is allowed, the model is not asked.

        ``step`` is called after each question, and may raise to end it.
        """
        if self.notes is not None:
            found_in_notes = dict(self.notes.ask(case))
            step()
            return found_in_notes
        allowed = {question: answers(case, question) for question in Question}
        open_ones = [question for question, values in allowed.items() if len(values) > 1]
        # One telling after the other, and the case itself last: the engine holds one text, and what is
        # written next goes on from that of the case.
        habits: dict[Question, list[float]] = {}
        for question in open_ones if self.calibration is None else ():
            habits[question] = self._habit(case, question, allowed[question])
            step()
        told: dict[Question, list[float]] = {}
        for question in open_ones:
            text = asked(case, question, before=self.before(case), chat=self.chat)
            told[question] = self.reader.log_probabilities(text, allowed[question])
            step()
        found: dict[Question, Answered] = {}
        for question, values in allowed.items():
            kept = self._permitted(case, question, values, found)
            found[question] = Answered(kept[0], 1.0, {kept[0]: 1.0})
            if len(kept) > 1:
                found[question] = self._read(question, values, kept, told[question], habits.get(question))
        return found

    def quote(self, case: Case, reason: str) -> str:
        """The passage that was given as the reason, letter by letter; else what rules may go by."""
        if reason != NO_REASON:
            return passages_of(case)[int(reason) - 1].text
        structured = (r.text for r in reasons_of(case) if r.kind is not ReasonKind.NOTE)
        return next(structured, "")

    def before(self, case: Case) -> str:
        """The examples that are told before a case: none to a model that was made for the job."""
        made_for_it = self.calibration is not None or self.notes is not None
        return "" if made_for_it else examples_of(case.incident.cause)

    def _permitted(
        self, case: Case, question: Question, values: tuple[str, ...], found: Mapping[Question, Answered]
    ) -> tuple[str, ...]:
        """What may be answered after the answers before: nothing below the floor without a reason."""
        if question is not Question.SEVERITY or found[Question.REASON].value != NO_REASON:
            return values
        if any(reason.kind is not ReasonKind.NOTE for reason in reasons_of(case)):
            return values
        return tuple(value for value in values if Severity(value).rank >= case.floor.rank)

    def _habit(self, case: Case, question: Question, values: tuple[str, ...]) -> list[float]:
        """What the model says to the mildest telling of the same defect; kept, for cases share it."""
        mildest = tell_mildest(case)
        text = asked(case, question, before=self.before(case), chat=self.chat, told=mildest)
        key = (text, question, values)
        if key not in self._habits:
            self._habits[key] = self.reader.log_probabilities(text, values)
        return self._habits[key]

    def _read(
        self,
        question: Question,
        values: tuple[str, ...],
        kept: tuple[str, ...],
        told: Sequence[float],
        habit: Sequence[float] | None,
    ) -> Answered:
        """The answer that counts among those kept, by the calibration or beyond habit."""
        scores = dict(zip(values, told, strict=True))
        if self.calibration is not None:
            return self.calibration.of(question).read(kept, [scores[value] for value in kept])
        usual = dict(zip(values, habit or told, strict=True))
        margin = float(words()["habit"]["margin"])
        gains = [
            (scores[value] - scores[kept[0]]) - (usual[value] - usual[kept[0]]) - (margin if n else 0.0)
            for n, value in enumerate(kept)
        ]
        chances = shares(kept, gains)
        best = max(kept, key=lambda value: chances[value])
        return Answered(best, chances[best], chances)
