"""How likely a local model holds each of several answers, from the logits of its engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.models.base import ModelError

__all__ = ["LabelReader"]

_Rows = dict[tuple[int, ...], NDArray[np.float64]]


@dataclass(slots=True)
class LabelReader:
    """Reads answers off a Guidance engine, and counts the tokens that it had to evaluate.

    The engine keeps the state of the text that it saw last: texts that begin alike cost only what is
    different at their end.
    """

    engine: Any
    evaluated: int = 0

    def log_probabilities(self, text: str, answers: Sequence[str]) -> list[float]:
        """The log-probability that each of the answers follows the text, token by token.

        Raises:
            ModelError: the tokenizer joins an answer to the text before it.
        """
        before = self._tokens(text)
        # By what stands between the text and the next token: answers that begin alike share rows.
        rows: _Rows = {(): _log_softmax(self._logits(before)[-1:])[0]}
        return [self._follows(before, self._tokens(text + answer), rows) for answer in answers]

    def _follows(self, before: list[int], whole: list[int], rows: _Rows) -> float:
        """How likely the rest of ``whole`` is after ``before``; rows that are missing are added."""
        rest = whole[len(before) :]
        if whole[: len(before)] != before or not rest:
            raise ModelError("its tokenizer joins an answer to the text before it")
        starts = [tuple(rest[:count]) for count in range(len(rest))]
        if any(start not in rows for start in starts):
            # Only what the engine does not hold comes back: the rows of the last tokens.
            found = _log_softmax(self._logits(whole[:-1]))
            rows.update(zip(reversed(starts), reversed(found), strict=False))
        return float(sum(rows[start][token] for start, token in zip(starts, rest, strict=True)))

    def _logits(self, tokens: list[int]) -> NDArray[np.float32]:
        found = self.engine.get_logits(tokens, include_all_uncached_tokens=True)
        self.evaluated += found["n_tokens"] - found["n_cached"]
        logits: NDArray[np.float32] = found["logits"]
        return logits

    def _tokens(self, text: str) -> list[int]:
        tokens: list[int] = self.engine.tokenizer.encode(text.encode())
        return tokens


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logits (positions, tokens) as log-probabilities."""
    centred = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    normed: NDArray[np.float64] = centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
    return normed
