"""A sentence encoder that reads notes beside the language model: it sees a note from both its ends at once.

Two readers that were made in different ways are wrong about different notes. Their answers are put
together by the calibration (``ReadingCalibration``), which knows what each is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from agent.models.base import ModelError
from agent.models.calibration import load_calibration
from agent.triage.reading import Reading

__all__ = ["Head", "NoteEncoder", "load_note_encoder"]

LONGEST = 512
"""Tokens of a note that are read."""


class Head(BaseModel):
    """What is made of a sentence: a score for each reading, ``weights`` times its place and ``bias``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weights: Mapping[Reading, tuple[float, ...]]
    bias: Mapping[Reading, float]

    @model_validator(mode="after")
    def _complete(self) -> Head:
        told = set(Reading)
        if (
            set(self.weights) != told
            or set(self.bias) != told
            or len(set(map(len, self.weights.values()))) != 1
        ):
            raise ValueError("there must be as many weights for each reading")
        return self


@dataclass(frozen=True, slots=True)
class NoteEncoder:
    """An encoder of llama.cpp with its head."""

    model: Any
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def log_probabilities(self, text: str) -> list[float]:
        """How likely a note says each of ``Reading``, in their order."""
        place = np.asarray(self.model.embed(text, truncate=True), np.float64)
        scores = self.weights @ place + self.bias
        found: list[float] = (scores - np.logaddexp.reduce(scores)).tolist()
        return found


def load_note_encoder(file: Path, head: Path) -> NoteEncoder:
    """Load an encoder and its head.

    Raises:
        ModelError: a file does not load, or they do not fit each other.
    """
    read = load_calibration(head, Head)
    try:
        import llama_cpp
    except ImportError as exc:
        raise ModelError("notes are read with llama-cpp-python: pip install 'vidette[local]'") from exc
    if not file.is_file():
        raise ModelError(f"there is no model file {file}")
    try:
        model = llama_cpp.Llama(
            str(file),
            embedding=True,
            pooling_type=llama_cpp.LLAMA_POOLING_TYPE_MEAN,
            n_ctx=LONGEST,
            n_batch=LONGEST,
            n_ubatch=LONGEST,
            n_threads=1,
            n_threads_batch=1,
            verbose=False,
        )
    # llama-cpp-python raises bare ValueError and RuntimeError.
    except Exception as exc:
        raise ModelError(f"{file.name} does not load ({exc})") from exc
    weights = np.array([read.weights[reading] for reading in Reading])
    if weights.shape[1] != model.n_embd():
        raise ModelError(f"{head.name} is not of {file.name}")
    return NoteEncoder(model, weights, np.array([read.bias[reading] for reading in Reading]))
