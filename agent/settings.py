"""What the environment says: one place for every ``VIDETTE_`` variable.

An option on the command line wins over the variable, the variable over the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import UsageError

__all__ = ["PREFIX", "Settings", "TriageName", "load_settings", "unknown_variables"]

PREFIX = "VIDETTE_"


class TriageName(StrEnum):
    """The triage backends that can be asked for by name."""

    AUTO = "auto"
    RULES = "rules"
    GUIDANCE_LOCAL = "guidance_local"


class Settings(BaseSettings):
    """Settings from the environment; each field is ``VIDETTE_`` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("vidette"),
        description="Folder of the default store.",
    )
    db: str | None = Field(default=None, description="Store: a database URL, or the path of a SQLite file.")
    triage: TriageName = Field(default=TriageName.AUTO, description="Which backend judges incidents.")
    model: Path | None = Field(default=None, description="GGUF file for guidance_local.")
    policy: Path | None = Field(default=None, description="Policy (TOML) in place of the built-in one.")
    context: Path | None = Field(default=None, description="What is known of the inputs (TOML or JSON).")
    debug: bool = Field(default=False, description="Show the traceback of an unexpected error.")

    @property
    def store_url(self) -> str:
        """Where incidents are kept: ``db``, or ``vidette.db`` in the data folder."""
        return self.db or str(self.data_dir / "vidette.db")


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        UsageError: a variable has a value that its setting does not take.
    """
    try:
        return Settings()
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise UsageError(f"{name}: {first['msg']}, got {os.environ.get(name, '')!r}") from exc


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """``VIDETTE_`` variables that no setting reads -> the nearest name that one does."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1)), None) for name in strangers}
