"""Asks a remote endpoint again where that may help: how often, after how long, and when to leave it alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from agent.calls import CallOutcome

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["Attempts", "EndpointError"]

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 20.0
FAILURES_TO_REST, REST_S = 3, 60.0

_T = TypeVar("_T")


class EndpointError(Exception):
    """An endpoint gave no answer. The message holds neither address nor key.

    ``retry_after_s`` is how long it asked to be left alone; ``again`` says whether asking again may help,
    ``otherwise`` whether asking for the structure in another way may.
    """

    def __init__(
        self,
        told: str,
        outcome: CallOutcome,
        *,
        again: bool = False,
        otherwise: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(told)
        self.outcome = outcome
        self.again = again
        self.otherwise = otherwise
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Attempts:
    """Asks, waits with jitter and asks again; rests after several failures in a row.

    An endpoint that is gone must not cost each of fifty incidents its time-outs: after three failures it
    is left alone for a minute. ``sleep`` and ``clock`` are there for whoever has no time to wait.
    """

    retries: int
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _rests_until: float = field(default=0.0)

    def ask(self, question: Callable[[], _T]) -> tuple[_T, int]:
        """The answer, and how many further attempts it took.

        Raises:
            EndpointError: there is none, or the endpoint is resting.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt

        if self.clock() < self._rests_until:
            told = f"left alone after {FAILURES_TO_REST} failures in a row"
            raise EndpointError(told, CallOutcome.FAILED)
        again = Retrying(
            stop=stop_after_attempt(self.retries + 1),
            retry=retry_if_exception(_may_help),
            wait=_wait_s,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            answer = again(question)
        except EndpointError as exc:
            self._failed(exc)
            raise
        self._failures = 0
        return answer, int(again.statistics.get("attempt_number", 1)) - 1

    def _failed(self, error: EndpointError) -> None:
        """Count what tells of an endpoint in trouble: one that answers, if only junk, is there."""
        if error.outcome in (CallOutcome.FAILED, CallOutcome.TIMED_OUT, CallOutcome.RATE_LIMITED):
            self._failures += 1
            if self._failures >= FAILURES_TO_REST:
                self._rests_until = self.clock() + REST_S
                self._failures = 0


def _may_help(error: BaseException) -> bool:
    if not isinstance(error, EndpointError) or not error.again:
        return False
    return error.retry_after_s is None or error.retry_after_s <= LONGEST_WAIT_S


def _wait_s(state: RetryCallState) -> float:
    """As long as the endpoint asks for; else twice as long each time, give or take half."""
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, EndpointError) else None
    jitter = random.uniform(0.5, 1.5)  # noqa: S311 - it spreads attempts, and guards nothing
    if asked_s is not None:
        return asked_s + 0.1 * jitter
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (state.attempt_number - 1) * jitter))
