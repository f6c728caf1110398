"""What requests bring, checked; what is not asked for is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from agent.context_file import EXAMPLE, MAX_CONTEXT_BYTES, ContextTable
from agent.store.life import FeedbackKind
from agent.verdict import Severity
from pipeline.model import Cause, Mode

__all__ = [
    "AssignBody",
    "Body",
    "CommentBody",
    "FeedbackBody",
    "KnownContext",
    "NoteBody",
    "ReplayBody",
    "ScanBody",
    "SessionBody",
    "WaiverBody",
]

Note = Annotated[str, StringConstraints(max_length=4000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
LabelValue = Annotated[str, StringConstraints(max_length=200)]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


def _of_some_size(table: ContextTable) -> ContextTable:
    size = len(table.model_dump_json(exclude_defaults=True).encode())
    if size > MAX_CONTEXT_BYTES:
        raise ValueError(f"must be at most {MAX_CONTEXT_BYTES} bytes of JSON, has {size}")
    return table


KnownContext = Annotated[ContextTable, AfterValidator(_of_some_size)]
"""What is known of the input of a scan, of a bounded size."""


class Body(BaseModel):
    """What a request brings: nothing that is not asked for."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ScanBody(Body):
    """A scan that is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://media.example.com/programme.mp4",
                    "labels": {"channel": "one"},
                    "context": EXAMPLE,
                }
            ]
        },
    )

    url: Annotated[str, StringConstraints(min_length=1, max_length=4096)] = Field(
        description="An http or https address, or a file in a folder that VIDETTE_SCAN_FILES names."
    )
    profile: ProfileName = Field("default", description="A built-in profile.")
    mode: Mode = Mode.FULL
    keep_series: bool = Field(True, description="Keep the measurements for `replay` (not of a patrol).")
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, max_length=16, description="What its incidents are labelled with."
    )
    context: KnownContext | None = Field(
        None,
        description="What an operator knows of the input: its incidents are judged with what concerns them. "
        f"At most {MAX_CONTEXT_BYTES} bytes.",
    )


class NoteBody(Body):
    """A few words, which may be none."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "encoder restarted"}]})

    note: Note = ""


class CommentBody(Body):
    """Something to remember."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "seen at the desk"}]})

    text: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class AssignBody(Body):
    """Whose it is; null for nobody's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"assignee": "anna"}]})

    assignee: Name | None


class FeedbackBody(Body):
    """What is right or wrong with a verdict, with the right answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "wrong_severity", "severity": "minor", "note": "a fade"}]},
    )

    kind: FeedbackKind
    severity: Severity | None = Field(None, description="The right severity; asked for by wrong_severity.")
    cause: Cause | None = Field(None, description="The right cause; asked for by wrong_cause.")
    note: Note = ""


class WaiverBody(Body):
    """What is to be let through; for one incident, or for checks on inputs that match a pattern."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {
                    "input": "/archive/1962/*",
                    "checks": ["noise", "flicker"],
                    "reason": "film of its time",
                    "expires_at": "2027-06-30T00:00:00Z",
                }
            ]
        },
    )

    incident: str | None = Field(None, max_length=16, description="What it is made of, where it is.")
    input: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = Field(
        None, description="A pattern for the whole path or URL: `*`, `?`."
    )
    checks: list[Name] = Field(default_factory=list, max_length=100)
    start_s: float | None = Field(None, ge=0, le=1e9)
    end_s: float | None = Field(None, gt=0, le=1e9)
    reason: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    expires_at: datetime

    @field_validator("expires_at")
    @classmethod
    def _aware(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("needs a time zone: 2027-06-30T00:00:00Z")
        return value


class ReplayBody(Body):
    """A profile to decide again under."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"profile": "ebu-r128"}]})

    profile: ProfileName


class SessionBody(Body):
    """A token to open a session of the page with."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
