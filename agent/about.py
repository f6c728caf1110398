"""Which vidette this is."""

from __future__ import annotations

from functools import cache
from importlib import metadata

__all__ = ["version"]


@cache
def version() -> str:
    """The version of the installed distribution; ``0+source`` when run from a bare checkout."""
    try:
        return metadata.version("vidette")
    except metadata.PackageNotFoundError:
        return "0+source"
