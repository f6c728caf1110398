"""What a backend is opened with: files, address, key, limits. Nothing here is printed with its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

__all__ = ["ModelOptions"]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Every backend takes from it what it needs.

    ``model`` is a GGUF file, or a folder of ``guidance_transformers``; ``adapter`` and ``calibration``
    belong to it. ``remote_url`` is the base of an OpenAI-compatible endpoint (``.../v1``),
    ``remote_model`` the name that it knows its model by. ``timeout_s`` is of one attempt, ``retries``
    so many more. ``calls_an_hour`` and ``tokens_an_hour`` bound the remote model.
    """

    model: Path | None = None
    adapter: Path | None = None
    calibration: Path | None = None
    cache: Path | None = None
    remote_url: str | None = None
    remote_model: str = "gpt-4o-mini"
    api_key: SecretStr = field(default_factory=lambda: SecretStr(""))
    timeout_s: float = 60.0
    retries: int = 2
    calls_an_hour: int = 60
    tokens_an_hour: int = 200_000
