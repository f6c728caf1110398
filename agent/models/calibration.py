"""What a model's probabilities are worth: measured on the ``tune`` split, kept in a JSON file.

A small model has habits: it says ``critical`` to nearly everything. A calibration says, question by
question, how its log-probabilities become probabilities that mean something, and below which of them
its answer does not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.models.base import ModelError
from agent.triage.questions import Question

__all__ = ["Answered", "Calibration", "QuestionCalibration", "load_calibration", "on_curve", "shares"]


_Kind = TypeVar("_Kind", bound=BaseModel)
_Value = TypeVar("_Value")


def shares(values: Sequence[_Value], scores: Sequence[float]) -> dict[_Value, float]:
    """The softmax of the scores, by value: log-probabilities as shares of one."""
    highest = max(scores)
    weights = [math.exp(score - highest) for score in scores]
    total = sum(weights)
    return {value: weight / total for value, weight in zip(values, weights, strict=True)}


def on_curve(points: Sequence[tuple[float, float]], probability: float) -> float:
    """The share that was right, between points (probability, share); the probability where there are none."""
    if not points:
        return probability
    x, y = zip(*points, strict=True)
    return float(np.interp(probability, x, y))


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that counts, how likely it is, 0..1, and how likely each was.

    ``unsure`` says that none was likely enough, and that the policy's own stands.
    """

    value: str
    probability: float
    probabilities: Mapping[str, float]
    unsure: bool = False


class QuestionCalibration(BaseModel):
    """How the answers to one question are read.

    The log-probability of each answer is multiplied by ``scale``; ``bias`` of the answer, and ``own``
    for the policy's own, are added; a softmax makes probabilities. ``take_from``: an answer that is
    this likely is taken, asked in the order given, before the likeliest is. Below ``abstain_below``
    the policy's own stands. ``curve``: points (probability, share that was right), between which the
    confidence is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scale: float = Field(1.0, gt=0)
    bias: Mapping[str, float] = Field(default_factory=dict)
    own: float = 0.0
    take_from: Mapping[str, float] = Field(default_factory=dict)
    abstain_below: float = Field(0.0, ge=0, le=1)
    curve: tuple[tuple[float, float], ...] = ()

    def read(self, answers: Sequence[str], log_probabilities: Sequence[float]) -> Answered:
        """The answer that counts; ``answers`` begin with the policy's own."""
        pairs = list(zip(answers, log_probabilities, strict=True))
        scores = [
            self.scale * found + self.bias.get(answer, 0.0) + (self.own if answer == answers[0] else 0.0)
            for answer, found in pairs
        ]
        found = shares(answers, scores)
        best = next(
            (answer for answer, least in self.take_from.items() if found.get(answer, -1.0) >= least),
            max(answers, key=lambda answer: found[answer]),
        )
        sure = self._confidence(found[best])
        if sure < self.abstain_below and best not in self.take_from:
            return Answered(answers[0], self._confidence(found[answers[0]]), found, unsure=True)
        return Answered(best, sure, found)

    def _confidence(self, probability: float) -> float:
        return on_curve(self.curve, probability)


class Calibration(BaseModel):
    """The calibration of a model under one prompt, named as a verdict names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    prompt: str
    questions: Mapping[Question, QuestionCalibration]

    def of(self, question: Question) -> QuestionCalibration:
        """That of a question; one that changes nothing where none was made."""
        return self.questions.get(question) or QuestionCalibration.model_validate({})


def load_calibration(file: Path, kind: type[_Kind]) -> _Kind:
    """Read a calibration file of that kind.

    Raises:
        ModelError: it cannot be read, or is no calibration.
    """
    try:
        return kind.model_validate_json(file.read_bytes())
    except OSError as exc:
        raise ModelError(f"{file.name} cannot be read ({exc.strerror})") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(f"{file.name} is no calibration: {where}: {first['msg']}") from exc
