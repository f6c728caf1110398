"""A small model reads notes, and code combines what they say with the policy: one short question a note.

So small a model cannot weigh a case. It can tell, once trained for it, whether a note says that
something was meant, that more is at stake, or that a plan is off; an encoder is asked the same beside it,
and errs on other notes. Whether the note is of this channel,
this time, this length and this part of the signal is compared by code, before it is asked. What is
written of planned work and in the run book is read in the same way, and may say less (``Origin``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from agent.models.calibration import Answered, on_curve, shares
from agent.models.labels import LabelReader
from agent.models.note_encoder import NoteEncoder
from agent.policy_rules import Decision
from agent.triage.channels import of_other_channel
from agent.triage.note_words import stems_of
from agent.triage.passages import Origin, Passage, passages_of
from agent.triage.questions import NO_REASON, Question, answers
from agent.triage.reading import Reading, reading_prompt
from agent.verdict import Action, Case, Intent, Severity

__all__ = ["NoteReader", "ReadNote", "ReadingCalibration"]


class ReadingCalibration(BaseModel):
    """What the model's probabilities are worth, measured on families of ``tune`` that it was not trained on.

    ``scale``, ``encoder_scale`` and ``bias`` make probabilities of the log-probabilities of both readers; an
    ``encoder_scale`` of 0 asks the language model alone. A reading counts from ``count_from`` on; below,
    the policy stands. To excuse what the policy calls critical, it must be ``critical_from`` or more; to
    put back what plans of the context took off, a note must be ``worse`` or ``off`` with ``against_from``
    or more. ``sure`` gives points (probability of the reading that decided, share of severities that were
    right); ``alone`` is that share where no note could be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str
    prompt: str
    scale: float = Field(1.0, gt=0)
    encoder_scale: float = Field(0.0, ge=0)
    bias: Mapping[Reading, float] = Field(default_factory=dict)
    count_from: Mapping[Reading, float] = Field(default_factory=dict)
    critical_from: float = Field(0.5, ge=0, le=1)
    against_from: float = Field(0.5, ge=0, le=1)
    sure: tuple[tuple[float, float], ...] = ()
    alone: float = Field(1.0, ge=0, le=1)

    def probabilities(
        self, log_probabilities: Sequence[float], beside: Sequence[float] = (0.0,) * len(Reading)
    ) -> dict[Reading, float]:
        """How likely each reading is, by the language model and the encoder ``beside`` it.

        Both are in the order of ``Reading``.
        """
        scores = [
            self.scale * found + self.encoder_scale * other + self.bias.get(reading, 0.0)
            for reading, found, other in zip(Reading, log_probabilities, beside, strict=True)
        ]
        return shares(tuple(Reading), scores)

    def counts(self, reading: Reading, probability: float) -> bool:
        """Whether a reading is likely enough to move a verdict."""
        return probability >= self.count_from.get(reading, 0.5)

    def confidence(self, probability: float) -> float:
        """The share of right severities that such a probability came with."""
        return on_curve(self.sure, probability)


@dataclass(frozen=True, slots=True)
class ReadNote:
    """A passage, its number among those of the case, and how likely it says what."""

    number: int
    passage: Passage
    chances: Mapping[Reading, float]

    @property
    def text(self) -> str:
        """What it says, letter by letter."""
        return self.passage.text


@dataclass(slots=True)
class NoteReader:
    """Decides a case by its notes; where none speaks, the policy's own stands."""

    reader: LabelReader
    calibration: ReadingCalibration
    encoder: NoteEncoder | None = None

    def read(self, case: Case) -> list[ReadNote]:
        """What each note says that may be shown, and what is written of planned work and in the run book."""
        return [
            ReadNote(number, passage, self.chances(passage.text))
            for number, passage in enumerate(passages_of(case), 1)
        ]

    def chances(self, text: str) -> dict[Reading, float]:
        """How likely a note says what."""
        asked = reading_prompt()
        told = self.reader.log_probabilities(asked.asked(text), asked.answers)
        if self.encoder is None:
            return self.calibration.probabilities(told)
        return self.calibration.probabilities(told, self.encoder.log_probabilities(text))

    def ask(self, case: Case) -> Iterator[tuple[Question, Answered]]:
        """The answers to the questions of a case, as a ``Chooser`` gives them."""
        chosen, sure, reason = self._decided(case, self.read(case))
        for question in Question:
            value = chosen.get(question) or (
                reason if question is Question.REASON else answers(case, question)[0]
            )
            probability = sure if question in (Question.SEVERITY, Question.REASON) else 1.0
            yield question, Answered(value, probability, {value: probability})

    def _decided(self, case: Case, read: Sequence[ReadNote]) -> tuple[dict[Question, str], float, str]:
        """Answers that are not the policy's own, how sure the severity is, and the note to quote."""
        own = [note for note in read if not of_other_channel(note.text, case.context.service)]
        notes = [note for note in own if note.passage.origin is Origin.NOTE]
        stakes = [note for note in own if note.passage.origin is not Origin.WORK]
        meant = _likeliest([note for note in own if note.passage.excuses], Reading.EXPECTED)
        worse, off = _likeliest(stakes, Reading.WORSE), _likeliest(notes, Reading.OFF)
        if meant and self._excuses(case, meant) and not self._contradicted(meant, worse, off, notes):
            sure = self.calibration.confidence(meant.chances[Reading.EXPECTED])
            return _excused(case), sure, str(meant.number)
        against = max((_against(note) for note in notes), default=0.0)
        if case.without_plans and against >= self.calibration.against_from:
            sure = self.calibration.confidence(against)
            more = worse is not None and self._speaks(worse, Reading.WORSE)
            return _restored(case, case.without_plans, worse=more), sure, NO_REASON
        if case.intent is Intent.UNCERTAIN and off and self._speaks(off, Reading.OFF):
            # Nothing of the context says that it was meant, and a note that it was not.
            return _raised(case), self.calibration.confidence(off.chances[Reading.OFF]), NO_REASON
        if worse and self._speaks(worse, Reading.WORSE):
            sure = self.calibration.confidence(worse.chances[Reading.WORSE])
            return _raised(case), sure, NO_REASON
        if all(note.passage.origin is not Origin.NOTE for note in read):
            return {}, self.calibration.alone, NO_REASON
        doubt = meant.chances[Reading.EXPECTED] if meant else 0.0
        doubt = max(doubt, worse.chances[Reading.WORSE] if worse else 0.0)
        return {}, self.calibration.confidence(1.0 - doubt), NO_REASON

    def _excuses(self, case: Case, note: ReadNote) -> bool:
        """Whether a note is read surely enough; of what is critical, more surely."""
        enough = self.calibration.critical_from if case.floor is Severity.CRITICAL else 0.0
        return self._speaks(note, Reading.EXPECTED) and note.chances[Reading.EXPECTED] >= enough

    def _speaks(self, note: ReadNote, reading: Reading) -> bool:
        return self.calibration.counts(reading, note.chances[reading])

    def _changes(self, later: ReadNote, plan: ReadNote) -> bool:
        """Whether a note is of the same matter as an earlier one, and does not say that it holds."""
        holds = self._speaks(later, Reading.EXPECTED)
        return not holds and bool(stems_of(later.text) & stems_of(plan.text))

    def _contradicted(
        self, meant: ReadNote, worse: ReadNote | None, off: ReadNote | None, notes: Sequence[ReadNote]
    ) -> bool:
        """Whether another note says that a plan is off, changes it or, more surely, is serious."""
        if off and off.number != meant.number and self._speaks(off, Reading.OFF):
            return True
        if any(self._changes(later, meant) for later in notes if later.number > meant.number):
            return True
        if worse is None or worse.number == meant.number:
            return False
        return self._speaks(worse, Reading.WORSE) and (
            worse.chances[Reading.WORSE] > meant.chances[Reading.EXPECTED]
        )


def _likeliest(notes: Sequence[ReadNote], reading: Reading) -> ReadNote | None:
    return max(notes, key=lambda note: note.chances[reading], default=None)


def _excused(case: Case) -> dict[Question, str]:
    """Meant, or missed by nobody: told, and nobody is woken."""
    severity = Severity.INFO if Severity.INFO.rank < case.floor.rank else case.floor
    return {
        Question.SEVERITY: severity.value,
        Question.INTENT: Intent.PLANNED.value,
        Question.ACTION: Action.NONE.value,
    }


def _against(note: ReadNote) -> float:
    """How likely a note speaks against a plan: it is off, or more is at stake than a plan knows."""
    return note.chances[Reading.OFF] + note.chances[Reading.WORSE]


def _restored(case: Case, plans: Decision, *, worse: bool) -> dict[Question, str]:
    """What the policy says if no plan holds; where more is at stake, at least what it says of the defect."""
    floors = (plans.floor, case.plain_floor) if worse else (plans.floor,)
    return {
        Question.SEVERITY: max(floors, key=lambda s: s.rank).value,
        Question.INTENT: plans.intent.value,
        Question.ACTION: plans.action.value,
        Question.ROUTE: plans.route.value,
    }


def _raised(case: Case) -> dict[Question, str]:
    """One step above the floor, or to where it would be without the context; and no matter of doubt."""
    step = next((s for s in Severity if s.rank == case.floor.rank + 1), case.floor)
    worst = max(step, case.plain_floor, key=lambda s: s.rank)
    lowered = case.plain_floor.rank > case.floor.rank
    ceiling = max(case.ceiling, case.plain_floor, key=lambda s: s.rank)
    severity = min(worst, ceiling, key=lambda s: s.rank)
    fault = lowered or Intent.FAULT in case.intents
    return {Question.SEVERITY: severity.value} | ({Question.INTENT: Intent.FAULT.value} if fault else {})
