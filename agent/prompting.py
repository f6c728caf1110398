"""Prompts are files: what a model is told, with a hash that every verdict carries."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.errors import UsageError

__all__ = ["Prompt", "load_prompt"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file; ``sha256`` is of its bytes, in hexadecimal."""

    name: str
    text: str
    sha256: str

    @property
    def reference(self) -> str:
        """``triage@sha256:`` and the first 12 digits, as a verdict names it."""
        return f"{self.name}@sha256:{self.sha256[:12]}"


@cache
def load_prompt(name: str) -> Prompt:
    """The shipped prompt of that name, ``prompts/NAME.toml``.

    Raises:
        UsageError: there is none.
    """
    file = resources.files("prompts").joinpath(f"{name}.toml") if _NAME.fullmatch(name) else None
    if file is None or not file.is_file():
        raise UsageError(f"there is no prompt {name!r}")
    data = file.read_bytes()
    return Prompt(name, data.decode(), hashlib.sha256(data).hexdigest())
