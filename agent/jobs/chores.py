"""What has to be done now and then while the service runs: retention of the store and of files."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from agent.jobs.plan import Places
from agent.settings import Settings
from agent.store import Store, StoreError
from agent.store.prune import prune

__all__ = ["Chores", "prune_files"]

log = logging.getLogger(__name__)

EVERY_S = 3600.0


class Chores:
    """A thread that does the chores once an hour, from ``start`` on."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="chores")

    def __enter__(self) -> Chores:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._once()
            except (StoreError, OSError) as exc:
                log.warning("retention: %s", exc)
            self._stopping.wait(EVERY_S)

    def _once(self) -> None:
        settings = self._settings
        days, size_mb = settings.retention_days, settings.retention_mb
        prune(
            self._store,
            datetime.now(UTC),
            older_than=None if days is None else timedelta(days=days),
            max_bytes=None if size_mb is None else size_mb << 20,
        )
        prune_files(Places(settings.data_dir), settings.files_days, settings.files_mb << 20)


def prune_files(places: Places, days: float, max_bytes: int) -> int:
    """Delete uploads, series and clips that are too old, and the oldest of too many; how many went."""
    cutoff = time.time() - days * 86_400
    found = sorted((path.stat().st_mtime, path) for path in _items(places))
    sizes = {path: _bytes(path) for _, path in found}
    total, gone = sum(sizes.values()), 0
    for modified, path in found:
        if modified >= cutoff and total <= max_bytes:
            break
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        total -= sizes[path]
        gone += 1
    return gone


def _items(places: Places) -> Iterator[Path]:
    for folder in (places.uploads, places.all_series, places.clips):
        if folder.is_dir():
            yield from folder.iterdir()


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(item.stat().st_size for item in path.rglob("*") if item.is_file())
    return path.stat().st_size
