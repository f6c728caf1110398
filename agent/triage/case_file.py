"""Reads a case from a file: events and a context, made an incident as a scan would make it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agent.config import validated
from agent.context_file import read_context
from agent.policy import Policy
from agent.triage.judge import case_of
from agent.verdict import Case
from pipeline.checks import CHECKS
from pipeline.correlate import correlate
from pipeline.errors import ProfileError
from pipeline.model import DefectEvent, EventState, MediaInfo, ScanResult, ScanStatus, fingerprint

__all__ = ["case_of_table"]


class _EventTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    check: str
    stream: str = Field(pattern=r"^([va]:\d{1,3}|\*)$")
    start_s: float = Field(ge=0)
    end_s: float | None = Field(None, ge=0)
    value: float = 0.0
    confidence: float = Field(0.95, ge=0, le=1)
    kind: str = ""

    def event(self) -> DefectEvent:
        state = EventState.ONGOING if self.end_s is None else EventState.RESOLVED
        return DefectEvent(
            id=fingerprint(self.check, self.stream, self.start_s),
            check=self.check,
            stream=self.stream,
            start_s=self.start_s,
            end_s=self.end_s,
            state=state,
            value=self.value,
            unit=CHECKS[self.check].unit,
            confidence=self.confidence,
            evidence={"kind": self.kind} if self.kind else {},
        )


class _CaseTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = "case"
    duration_s: float | None = Field(None, gt=0)
    event: tuple[_EventTable, ...] = Field(min_length=1)
    context: dict[str, Any] = Field(default_factory=dict)


def case_of_table(table: object, source: str, policy: Policy) -> Case:
    """The case that a table tells: the first incident that its events make.

    Raises:
        ProfileError: it holds a wrong key or value; ``source`` names it.
    """
    if not isinstance(table, Mapping):
        raise ProfileError(f"{source}: must be a table")
    read = validated(_CaseTable, source, "case", table)
    for row in read.event:
        if row.check not in CHECKS:
            raise ProfileError(f"{source}: there is no check {row.check[:40]!r}")
    events = [row.event() for row in read.event]
    media = MediaInfo("", read.duration_s, ())
    incidents = tuple(correlate(events, read.name, read.duration_s or 0.0))
    scan = ScanResult(read.name, ScanStatus.OK, media=media, events=tuple(events), incidents=incidents)
    return case_of(incidents[0], scan, policy, read_context(read.context, source))
