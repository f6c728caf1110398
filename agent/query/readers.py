"""Which model says what unknown words mean: chosen as the backend of triage is."""

from __future__ import annotations

from agent.model_options import ModelOptions
from agent.query.guided import local_reader
from agent.query.remote import REMOTE, remote_reader
from agent.query.words import ReadWords

__all__ = ["question_reader"]


def question_reader(backend: str, options: ModelOptions) -> ReadWords | None:
    """The reader that goes with a triage backend: none for the rules, the endpoint where it was asked for.

    Every other backend leaves words to the embedded model: nothing is sent away that nobody chose to send.
    """
    if backend == "rules":
        return None
    return remote_reader(options) if backend == REMOTE else local_reader()
