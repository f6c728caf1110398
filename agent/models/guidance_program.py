"""What every local model does with a case: the program writes the answer, the model chooses and fills.

The model never writes a number, a time or a name: those come from the facts. It answers closed
questions (read from its logits), chooses how the title begins (``select``), and fills a clause of the
summary that a regular expression bounds (``gen``).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from agent.calls import CallOutcome, ModelCall
from agent.models.base import Draft, ModelError, Opinion
from agent.models.calibration import Calibration
from agent.models.choices import Chooser, Chosen
from agent.models.labels import LabelReader
from agent.models.note_encoder import NoteEncoder
from agent.models.note_reader import NoteReader, ReadingCalibration
from agent.triage.facts import Facts
from agent.triage.phrases import Effect, phrases
from agent.triage.questions import Chat, Question, opening, shared
from agent.triage.reading import reading_prompt
from agent.triage.telling import questions_prompt, tell, words
from agent.triage.words import headlines, join_slots, summary_lead, title_tail
from agent.verdict import Action, Case

__all__ = ["DEFAULT_TIMEOUT_S", "SANITY", "GuidanceModel", "require_sane_tokenizer"]

SANITY = "Le caf\u00e9 est ferm\u00e9: the picture is black."

EFFECT_TOKENS = 40
DEFAULT_TIMEOUT_S = 60.0


def require_sane_tokenizer(model: Any, name: str) -> None:
    """Refuse a model whose tokenizer does not give back what it is given: it would write garbage.

    Raises:
        ModelError: it does not.
    """
    tokenizer = model.engine.tokenizer
    if tokenizer.decode(tokenizer.encode(SANITY.encode())).decode("utf-8", "replace") != SANITY:
        raise ModelError(f"the tokenizer of {name} does not give back what it is given")


@dataclass
class GuidanceModel:
    """A loaded model. One thread at a time: the key-value cache belongs to one text.

    ``timeout_s`` is looked at between questions: a run of the engine is not interrupted.
    """

    model: Any
    name: str
    note: str = ""
    calibration: Calibration | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    reading: ReadingCalibration | None = None
    encoder: NoteEncoder | None = None
    _chooser: Chooser = field(init=False)
    _begun: Any = field(init=False)

    def __post_init__(self) -> None:
        template = self.model.engine.get_chat_template()
        chat = Chat(template.get_role_start, template.get_role_end)
        reader = LabelReader(self.model.engine)
        notes = NoteReader(reader, self.reading, self.encoder) if self.reading else None
        self._chooser = Chooser(reader, chat, self.calibration, notes)
        self._begun = self.model + opening(chat)

    @property
    def prompt(self) -> str:
        """The prompt file and its hash."""
        return reading_prompt().source.reference if self.reading else questions_prompt().reference

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """An opinion; with complaints, in the program's own words only.

        Raises:
            ModelError: the model or its program failed on this case, or took too long.
        """
        began, evaluated = time.perf_counter(), self._chooser.reader.evaluated
        try:
            chosen = self._asked(case, began)
            title, effect = self._words(case) if not complaints else _plainest(case)
            draft = Draft.model_validate(_answer(case, facts, chosen, title, effect))
        except ValidationError as exc:
            told = f"what it wrote does not fit: {exc.errors()[0]['msg']}"
            raise ModelError(told, (self._call(case, began, evaluated, CallOutcome.JUNK, told),)) from exc
        except TimeoutError as exc:
            told = f"it took more than {self.timeout_s:g} s"
            raise ModelError(
                told, (self._call(case, began, evaluated, CallOutcome.TIMED_OUT, told),)
            ) from exc
        # Guidance raises bare Exception, and the engines whatever ctypes or torch make of it.
        except Exception as exc:
            told = f"{type(exc).__name__}: {exc}"
            raise ModelError(told, (self._call(case, began, evaluated, CallOutcome.FAILED, told),)) from exc
        call = self._call(case, began, evaluated, CallOutcome.ANSWERED, repaired=bool(complaints))
        sure = chosen.answers[Question.SEVERITY].probability
        return Opinion(
            draft,
            sure,
            quote=chosen.quote,
            calls=(call,),
            chances=_chances(chosen),
            read=self.reading is not None,
        )

    def _asked(self, case: Case, began: float) -> Chosen:
        def step() -> None:
            if time.perf_counter() - began > self.timeout_s:
                raise TimeoutError

        found = self._chooser.ask(case, step)
        return Chosen(found, self._chooser.quote(case, found[Question.REASON].value))

    def _words(self, case: Case) -> tuple[str, str]:
        """How the title begins and what it meant, chosen and filled in by the model."""
        from guidance import select

        titles, effect = headlines(case.incident), phrases().effect(case.incident)
        chat = self._chooser.chat
        # Where notes decide, words need no more than what was found: tokens cost time.
        found = tell(case).splitlines()[0] if self.reading else None
        told = shared(case, before=self._chooser.before(case), chat=chat, told=found)
        told = told.removeprefix(opening(chat))
        text = told + words()["writing"]["text"] + chat.closes("user") + chat.opens("assistant")
        # One node: each is a run of the engine. It goes on from a text that is there already, for to
        # an empty one Guidance adds a token, and the engine would have to evaluate everything anew.
        lm = self._begun + (text + select(list(titles), name="title") + ": " + _filled(effect))
        return str(lm["title"]), str(lm["effect"])

    def _call(
        self,
        case: Case,
        began: float,
        evaluated: int,
        outcome: CallOutcome,
        detail: str = "",
        *,
        repaired: bool = False,
    ) -> ModelCall:
        latency_s = time.perf_counter() - began
        text = shared(case, before=self._chooser.before(case), chat=self._chooser.chat)
        return ModelCall(
            incident=case.incident.id,
            backend=self.name,
            model=self.note,
            prompt=self.prompt,
            asked_sha256=hashlib.sha256(text.encode()).hexdigest(),
            at=datetime.now(UTC),
            latency_s=latency_s,
            tokens_in=self._chooser.reader.evaluated - evaluated,
            # An answer is one label; the words beside it are bounded by their grammar.
            tokens_out=len(Question) if outcome is CallOutcome.ANSWERED else 0,
            outcome=outcome,
            repaired=repaired,
            detail=detail,
        )


def _plainest(case: Case) -> tuple[str, str]:
    return headlines(case.incident)[0], join_slots(phrases().effect(case.incident))


def _answer(case: Case, facts: Facts, chosen: Chosen, title: str, effect: str) -> dict[str, str]:
    """The whole answer: the model's choices and words, with numbers, times and names by the program."""
    fields = {q.value: chosen.value(q) for q in Question if q is not Question.REASON}
    advice = phrases().actions[Action(fields["action"])]
    return {
        **fields,
        "title": title + title_tail(case.incident, facts),
        "summary": f"{summary_lead(case.incident, facts)}, so {effect}: {advice}.",
    }


def _chances(chosen: Chosen) -> Mapping[str, Mapping[str, float]]:
    return {
        question.value: dict(answered.probabilities)
        for question, answered in chosen.answers.items()
        if len(answered.probabilities) > 1
    }


def _filled(effect: Effect) -> Any:
    from guidance import gen

    return gen(name="effect", regex=_pattern(effect), max_tokens=EFFECT_TOKENS)


def _pattern(effect: Effect) -> str:
    """The clause as a regular expression: one choice of each slot. The words hold nothing to escape."""
    return " ".join(f"(?:{'|'.join(slot)})" for slot in effect)
