"""What a sender is: one method, and the settings that it is opened from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from agent.page import Message, Receipt
from pipeline.errors import UsageError
from pipeline.text import clean

__all__ = ["Notifier", "Secret", "SecretPlace", "Sender", "hidden"]


class Notifier(Protocol):
    """Sends messages to one destination. One at a time, in the order of their pages."""

    def send(self, message: Message) -> Receipt:
        """Tell the newest state of a page: post it, or edit what ``message.memory`` remembers.

        Raises:
            Retryable: it may go through later.
            Rejected: it never will.
        """
        ...


class Secret(BaseModel):
    """Where a secret is: a variable of the environment, or a file. Never the secret itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Secret:
        if (self.env is None) == (self.file is None):
            raise ValueError('must be either { env = "NAME" } or { file = "PATH" }')
        return self

    def read(self, where: str, environ: Mapping[str, str] = os.environ) -> SecretStr:
        """The secret, without the line break of a file.

        Raises:
            UsageError: it is not there; the message names the place, never a value.
        """
        if self.env is not None:
            found = environ.get(self.env, "")
            place = f"the variable {self.env}"
        else:
            place = f"the file {clean(str(self.file))}"
            try:
                found = Path(str(self.file)).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as exc:
                raise UsageError(f"{where}: {place} cannot be read") from exc
        if not found.strip():
            raise UsageError(f"{where}: {place} is not set")
        return SecretStr(found.strip())


def _no_literal(value: object) -> object:
    if isinstance(value, str):
        raise ValueError('must say where it is: { env = "NAME" } or { file = "PATH" }')
    return value


SecretPlace = Annotated[Secret, BeforeValidator(_no_literal)]


class Sender(BaseModel):
    """Settings of a destination; a kind adds its own and says how to open it.

    ``digests`` says whether it can tell a digest, ``edits`` whether it edits what it sent.
    ``pace_s`` is how far apart its messages must be, in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    digests: ClassVar[bool] = True
    edits: ClassVar[bool] = False
    pace_s: float = Field(0.0, ge=0, le=60)

    def open(self, name: str) -> Notifier:
        """A notifier, with its secrets read; ``name`` is the destination's, for messages.

        Raises:
            UsageError: a secret is not there, or a library is not installed.
        """
        raise NotImplementedError


def hidden(text: str, *secrets: SecretStr | None) -> str:
    """One line of ``text`` without the secrets that are in it."""
    for secret in secrets:
        if secret is not None and secret.get_secret_value():
            text = text.replace(secret.get_secret_value(), "***")
    return clean(text, 300)
