"""The record of a call of a model: who was asked, what it cost, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["CallOutcome", "ModelCall"]


class CallOutcome(StrEnum):
    """What became of a call."""

    ANSWERED = "answered"
    JUNK = "junk"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    TIMED_OUT = "timed_out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call. ``at`` is UTC, ``latency_s`` wall time with all retries of it.

    ``prompt`` is the prompt file's name and hash, ``asked_sha256`` the hash of what was sent, whole.
    ``tokens_in`` are those that had to be evaluated or paid for; a cached prefix is not among them.
    ``repaired`` says that it was asked again because of what it had written before; ``detail`` why it
    failed, without address or key.
    """

    incident: str
    backend: str
    model: str
    prompt: str
    asked_sha256: str
    at: datetime
    latency_s: float
    tokens_in: int
    tokens_out: int
    outcome: CallOutcome
    repaired: bool = False
    retries: int = 0
    detail: str = ""
