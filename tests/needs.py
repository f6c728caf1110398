"""What a test needs that may be absent. Under ``CI=true`` an absent part is a failure."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

__all__ = ["SHARED_MEDIA", "need", "needs", "needs_extra", "needs_program", "shared_media"]

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


def need(present: object, what: str) -> None:
    """Skips the test, or fails it under CI, unless ``present`` is true; ``what`` is the reason."""
    if present:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"needed under CI: {what}")
    pytest.skip(what)


def needs_extra(extra: str, *modules: str) -> None:
    """The test needs an extra that is too heavy to be installed for every run: it skips, under CI as well."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)}: pip install 'vidette[{extra}]'")


def needs(*modules: str) -> None:
    """The test needs these importable modules."""
    for module in modules:
        need(importlib.util.find_spec(module), f"module {module} is not installed")


def needs_program(*names: str) -> str:
    """The test needs one of these programs; hands back the path of the first one found."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    need(found, f"none of {', '.join(names)} is on the PATH")
    return str(found)


def shared_media(name: str) -> Path:
    """A file of the media made by others that lie beside the project; skips where it is absent.

    They may not be redistributed, so their absence is no failure anywhere.
    """
    path = SHARED_MEDIA / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the project (media that may not be redistributed)")
    return path
