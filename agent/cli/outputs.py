"""Files that a check writes: asked about before the scan, written whole after it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.source import redact
from pipeline.text import clean

__all__ = ["require_writable", "series_folders", "write_file"]


def require_writable(option: str, path: Path | None) -> None:
    """Find out before a long scan what would go wrong after it.

    Raises:
        UsageError: the file cannot be written.
    """
    if path is None:
        return
    shown = clean(str(path))
    if path.is_dir():
        raise UsageError(f"{option} {shown}: this is a folder; name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {shown}: there is no folder {clean(str(path.parent))}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{option} {shown}: may not be written; check the permissions")


def write_file(path: Path, text: str) -> None:
    """Write all of it or leave what was there.

    Raises:
        UsageError: the file cannot be written.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a pipe or a device cannot be replaced
            return
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(data)
        part.replace(path)
    except OSError as exc:
        raise UsageError(f"{clean(str(path))}: cannot be written ({exc.strerror})") from exc


def series_folders(keep: Path | None, inputs: Sequence[str]) -> list[Path | None]:
    """Where the series of each input goes: ``keep`` itself, or a folder of its own beneath it."""
    if keep is None:
        return [None] * len(inputs)
    is_series = (keep / "series.json").is_file()
    if len(inputs) == 1 and (is_series or not keep.is_dir()):
        return [keep]
    seen: Counter[str] = Counter()
    folders: list[Path | None] = []
    for url in inputs:
        name = re.sub(r"[^\w.\-]+", "_", clean(redact(url).rstrip("/").rpartition("/")[2])) or "input"
        seen[name] += 1
        folders.append(keep / (f"{name}.series" if seen[name] == 1 else f"{name}-{seen[name]}.series"))
    return folders
