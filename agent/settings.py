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
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.logs import LogFormat
from agent.model_options import ModelOptions
from pipeline.errors import UsageError

__all__ = ["PREFIX", "Settings", "TriageName", "load_settings", "model_options", "unknown_variables"]

PREFIX = "VIDETTE_"


class TriageName(StrEnum):
    """The triage backends that can be asked for by name."""

    AUTO = "auto"
    RULES = "rules"
    GUIDANCE_LOCAL = "guidance_local"
    GUIDANCE_TRANSFORMERS = "guidance_transformers"
    LANGCHAIN_OPENAI = "langchain_openai"
    CASCADE = "cascade"


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
    model: Path | None = Field(default=None, description="GGUF file, or folder of guidance_transformers.")
    adapter: Path | None = Field(default=None, description="LoRA adapter (GGUF) of that model.")
    calibration: Path | None = Field(default=None, description="Calibration (JSON) of model and adapter.")
    remote_url: str | None = Field(default=None, description="OpenAI-compatible endpoint, up to /v1.")
    remote_model: str = Field(default="gpt-4o-mini", description="The name of its model.")
    api_key: SecretStr = Field(default=SecretStr(""), description="Its key; OPENAI_API_KEY otherwise.")
    model_timeout_s: float = Field(default=60.0, gt=0, le=600, description="Seconds that one call may take.")
    model_retries: int = Field(default=2, ge=0, le=10, description="Further attempts of a remote call.")
    remote_calls_an_hour: int = Field(default=60, ge=0, description="Remote calls of the cascade in an hour.")
    remote_tokens_an_hour: int = Field(default=200_000, ge=0, description="Its tokens in an hour.")
    policy: Path | None = Field(default=None, description="Policy (TOML) in place of the built-in one.")
    context: Path | None = Field(default=None, description="What is known of the inputs (TOML or JSON).")
    notify: Path | None = Field(default=None, description="Who is told what: the notification file (TOML).")
    log_format: LogFormat = Field(default=LogFormat.TEXT, description="Logs of the service: text or json.")
    debug: bool = Field(default=False, description="Show the traceback of an unexpected error.")
    workers: int = Field(default=2, ge=1, le=64, description="Processes of the service that scan.")
    worker_memory_mb: int = Field(default=4096, ge=512, description="Memory that one of them may take, MiB.")
    scan_timeout_s: float = Field(default=14_400.0, gt=0, description="How long a scan may take.")
    scan_stall_s: float = Field(default=300.0, gt=0, description="How long a scan may stand still.")
    scan_files: str = Field(
        default="", description="Folders whose files the API may scan, with a colon between them."
    )
    allow_networks: str = Field(
        default="",
        description="Networks that a scan may reach beside public ones: 10.1.0.0/16,192.168.1.20",
    )
    upload_max_mb: int = Field(default=4096, ge=1, description="The largest upload, MiB.")
    upload_timeout_s: float = Field(default=3600.0, gt=0, description="How long an upload may take.")
    queue_max: int = Field(default=10_000, ge=1, description="Scans that may wait.")
    rate_reads: float = Field(default=500.0, gt=0, description="Reads a second of one token.")
    rate_writes: float = Field(default=100.0, gt=0, description="Changes a second of one token.")
    retention_days: float | None = Field(default=None, gt=0, description="Days that what was found is kept.")
    retention_mb: int | None = Field(default=None, ge=1, description="Size at which the oldest goes, MiB.")
    files_days: float = Field(default=7.0, gt=0, description="Days that uploads, series and clips are kept.")
    files_mb: int = Field(default=20_480, ge=1, description="Size of them at which the oldest go, MiB.")

    @property
    def store_url(self) -> str:
        """Where incidents are kept: ``db``, or ``vidette.db`` in the data folder."""
        return self.db or str(self.data_dir / "vidette.db")

    @property
    def allowed_networks(self) -> tuple[str, ...]:
        """``allow_networks``, one by one."""
        return tuple(item.strip() for item in self.allow_networks.split(",") if item.strip())

    @property
    def file_folders(self) -> tuple[Path, ...]:
        """``scan_files``, one by one, resolved."""
        return tuple(Path(item).resolve() for item in self.scan_files.split(os.pathsep) if item.strip())


def model_options(settings: Settings, *, model: Path | None = None) -> ModelOptions:
    """What backends are opened with; ``model`` wins over the setting."""
    key = settings.api_key.get_secret_value() or os.environ.get("OPENAI_API_KEY", "")
    return ModelOptions(
        model=model or settings.model,
        adapter=settings.adapter,
        calibration=settings.calibration,
        cache=settings.data_dir / "models",
        remote_url=settings.remote_url,
        remote_model=settings.remote_model,
        api_key=SecretStr(key),
        timeout_s=settings.model_timeout_s,
        retries=settings.model_retries,
        calls_an_hour=settings.remote_calls_an_hour,
        tokens_an_hour=settings.remote_tokens_an_hour,
    )


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
        raise UsageError(f"{name}: {first['msg']}, got {_shown(name)!r}") from exc


def _shown(name: str) -> str:
    """A variable's value, as it may be told."""
    return "(a secret)" if name.endswith("KEY") else os.environ.get(name, "")


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    """``VIDETTE_`` variables that no setting reads -> the nearest name that one does."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1)), None) for name in strangers}
