"""What a small model prefers, freed of its habits: odds from its own logits, against a baseline.

A small model says ``critical`` and ``fault`` to nearly everything. What it says *more* of a case than
of the same defect in its mildest telling does follow the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.models.base import ModelError
from agent.triage.allowed import Allowed, Weight
from agent.triage.asking import triage_prompt
from pipeline.model import Cause

__all__ = ["Calibrated"]

_Scores = Mapping[str, Mapping[str, float]]
"""For each field, the log-probability of each of its values."""

_Rows = dict[tuple[int, ...], NDArray[np.float64]]


@dataclass
class Calibrated:
    """Reads choices from the logits of a Guidance engine; what was read once is kept."""

    engine: Any
    _worse: dict[tuple[Cause, Weight], float] = field(default_factory=dict)
    _habits: dict[tuple[str, Allowed], _Scores] = field(default_factory=dict)

    def worse(self, cause: Cause, weight: Weight) -> float:
        """The probability that it is worse than usual, against the same defect in its mildest telling."""
        if (cause, weight) not in self._worse:
            asked = triage_prompt().severity
            # One telling after the other: the forms begin alike, and the engine's cache helps.
            here, mildest = (self._odds(cause, told) for told in (weight, triage_prompt().mildest))
            log_odds = asked.scale * (here - mildest - asked.offset)
            self._worse[cause, weight] = 1.0 / (1.0 + math.exp(-log_odds))
        return self._worse[cause, weight]

    def chosen(self, here: str, mildest: str, allowed: Allowed) -> dict[str, str]:
        """For each field the value that the case speaks for; the policy's own where it does not.

        Args:
            here: the prompt of the case, up to the first field.
            mildest: the same for the same defect in its mildest telling.
            allowed: the values of each field, the policy's own first.
        """
        if here == mildest:
            return {name: values[0] for name, values in _fields(allowed).items()}
        if (mildest, allowed) not in self._habits:
            self._habits[mildest, allowed] = self._scores(mildest, allowed)
        # The case itself last: what is written next goes on from what the engine still holds of it.
        told, habit, found = self._scores(here, allowed), self._habits[mildest, allowed], {}
        for name, values in _fields(allowed).items():
            own = values[0]
            gains = [(_gain(told[name], habit[name], value, own), value) for value in values[1:]]
            gain, best = max(gains, default=(0.0, own))
            found[name] = best if gain >= triage_prompt().margin else own
        return found

    def _odds(self, cause: Cause, weight: Weight) -> float:
        """The mean log-odds of ``worse`` over ``usual`` after each form."""
        prompt = triage_prompt()
        told, total = prompt.weighed(cause, weight), 0.0
        for form in prompt.severity.forms:
            text = Template(form.text).substitute(case=told)
            worse, usual = self._log_probabilities(text, (form.worse, form.usual))
            total += worse - usual
        return total / len(prompt.severity.forms)

    def _scores(self, text: str, allowed: Allowed) -> _Scores:
        """How likely each value of each field is, where the fields before it are the policy's own."""
        found: dict[str, dict[str, float]] = {}
        for name, values in _fields(allowed).items():
            text += f', "{name}": "'
            if len(values) > 1:
                found[name] = dict(zip(values, self._log_probabilities(text, values), strict=True))
            text += f'{values[0]}"'
        return found

    def _log_probabilities(self, text: str, answers: Sequence[str]) -> list[float]:
        """The log-probability that each of the answers follows the text."""
        before = self._tokens(text)
        # By what stands between the text and the next token: answers that begin alike share rows.
        rows: _Rows = {(): _log_softmax(self.engine.get_logits(before)["logits"][-1:])[0]}
        return [self._follows(before, self._tokens(text + answer), rows) for answer in answers]

    def _follows(self, before: list[int], whole: list[int], rows: _Rows) -> float:
        """How likely the rest of ``whole`` is after ``before``; rows that are missing are added."""
        rest = whole[len(before) :]
        if whole[: len(before)] != before or not rest:
            raise ModelError("its tokenizer joins an answer to the text before it")
        starts = [tuple(rest[:count]) for count in range(len(rest))]
        if any(start not in rows for start in starts):
            # Only what the engine does not hold comes back: the rows of the last tokens.
            found = _log_softmax(
                self.engine.get_logits(whole[:-1], include_all_uncached_tokens=True)["logits"]
            )
            rows.update(zip(reversed(starts), reversed(found), strict=False))
        return float(sum(rows[start][token] for start, token in zip(starts, rest, strict=True)))

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self.engine.tokenizer.encode(text.encode())
        return tokens


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits (positions, tokens) as log-probabilities."""
    centred = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    normed: NDArray[np.float64] = centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
    return normed


def _fields(allowed: Allowed) -> dict[str, tuple[str, ...]]:
    return {
        "intent": tuple(allowed.intents),
        "cause": tuple(allowed.causes),
        "action": tuple(allowed.actions),
        "route": tuple(allowed.routes),
    }


def _gain(here: Mapping[str, float], habit: Mapping[str, float], value: str, own: str) -> float:
    """How much more the case speaks for a value than for the policy's own, beyond habit, in nats."""
    return (here[value] - here[own]) - (habit[value] - habit[own])
