"""What a worker is told at its start, and where the service keeps files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from agent.settings import Settings

__all__ = ["UPLOAD", "Places", "WorkPlan"]

UPLOAD = "sha256:"
"""What the identity of an upload begins with: the same bytes are the same input."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of the service below ``data_dir``."""

    data_dir: Path

    @property
    def uploads(self) -> Path:
        """Where uploads lie, each under its SHA-256."""
        return self.data_dir / "uploads"

    @property
    def clips(self) -> Path:
        """Where clips lie that were cut, for as long as they may be wanted again."""
        return self.data_dir / "clips"

    @property
    def all_series(self) -> Path:
        """Where kept measurements lie."""
        return self.data_dir / "series"

    def series(self, job_id: str) -> Path:
        """The kept series of one job."""
        return self.all_series / f"{job_id}.series"

    def upload(self, identity: str) -> Path | None:
        """The file of an upload, by the identity of the input; None for any other input."""
        digest = identity.removeprefix(UPLOAD)
        if not identity.startswith(UPLOAD) or not re.fullmatch("[0-9a-f]{64}", digest):
            return None
        return self.uploads / digest


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """Everything that a worker needs to know. ``store`` may hold a password: it goes through a pipe.

    A scan ends after ``scan_s`` with what it has covered; one that stands still for ``stall_s`` ends its
    worker. ``memory_mb`` is the address space and the memory that a worker may take.
    """

    store: str
    data_dir: str
    triage: str = "auto"
    model: str | None = None
    policy: str | None = None
    context: str | None = None
    allow_networks: tuple[str, ...] = ()
    memory_mb: int = 4096
    scan_s: float = 14_400.0
    stall_s: float = 300.0
    lease_s: float = 30.0
    threads: int = 1
    log_format: str = "text"

    @classmethod
    def of(cls, settings: Settings, store: str, threads: int = 1) -> WorkPlan:
        """The plan that the settings make."""
        return cls(
            store=store,
            data_dir=str(settings.data_dir),
            triage=settings.triage.value,
            model=None if settings.model is None else str(settings.model),
            policy=None if settings.policy is None else str(settings.policy),
            context=None if settings.context is None else str(settings.context),
            allow_networks=settings.allowed_networks,
            memory_mb=settings.worker_memory_mb,
            scan_s=settings.scan_timeout_s,
            stall_s=settings.scan_stall_s,
            threads=threads,
            log_format=settings.log_format.value,
        )

    @classmethod
    def read(cls, line: str) -> WorkPlan:
        """A plan from the line that ``line`` wrote."""
        return TypeAdapter(cls).validate_json(line)

    def line(self) -> str:
        """The plan as one line."""
        return TypeAdapter(WorkPlan).dump_json(self).decode() + "\n"

    @property
    def places(self) -> Places:
        """Where files are kept."""
        return Places(Path(self.data_dir))
