"""What every backend is: a case and its facts in, an opinion out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints

from agent.calls import ModelCall
from agent.triage.facts import Facts
from agent.triage.verify import MAX_SUMMARY, MAX_TITLE
from agent.verdict import Action, Case, Intent, Route, Severity, Source
from pipeline.model import Cause

__all__ = ["Draft", "ModelError", "Opinion", "TriageModel"]


class ModelError(Exception):
    """A backend could not answer a case, or cannot be loaded; the message says why.

    ``calls`` are the calls that were made all the same.
    """

    def __init__(self, message: str, calls: tuple[ModelCall, ...] = ()) -> None:
        super().__init__(message)
        self.calls = calls


class Draft(BaseModel):
    """What a model may say, and nothing beside it. The text is not yet verified."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity
    intent: Intent
    cause: Cause
    action: Action
    route: Route
    title: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)]
    summary: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SUMMARY)]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A draft, and how sure the model is of its severity, 0..1, from its own probabilities.

    ``source`` is whose words they are: the model's, or the template's where there is no model.
    ``quote`` is what of the context it gives as its reason for a severity below the floor; ``read`` says
    that a calibrated reader took it for one: of any other backend it must hold a word that gives a reason.
    ``model`` and ``prompt`` say whose opinion it is where a backend has asked others; ``notes`` what there
    is to tell of that. ``calls`` are what was asked; ``chances`` how likely each answer to a question was.
    """

    draft: Draft
    confidence: float
    source: Source = Source.MODEL
    quote: str = ""
    model: str = ""
    prompt: str = ""
    calls: tuple[ModelCall, ...] = ()
    chances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    read: bool = False


class TriageModel(Protocol):
    """One backend."""

    @property
    def name(self) -> str:
        """What the verdict calls it."""

    @property
    def prompt(self) -> str:
        """The prompt that it is told, with its hash; empty where there is none."""

    @property
    def note(self) -> str:
        """What a reader should know of it: which model it runs, or why another one did not."""

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """An opinion on a case; ``complaints`` say what was wrong with the one before.

        Raises:
            ModelError: there is none for this case.
        """
