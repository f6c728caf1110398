"""How a sending ends when it does not end well."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import VidetteError

__all__ = ["NotifyError", "Rejected", "Retryable"]


class NotifyError(VidetteError):
    """A message was not taken. ``memory`` is what was achieved before that, to be kept."""

    def __init__(self, told: str, *, memory: Mapping[str, str] | None = None) -> None:
        super().__init__(told)
        self.memory = memory


class Retryable(NotifyError):
    """It may go through later; not before ``after_s`` seconds, where the destination said so."""

    def __init__(
        self, told: str, *, after_s: float | None = None, memory: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(told, memory=memory)
        self.after_s = after_s


class Rejected(NotifyError):
    """It will never go through as it is: a wrong channel, a wrong key, a payload that is refused."""
