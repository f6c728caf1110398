"""A command in a process of its own, and what it and all its children used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent.bench.runs import Run
from pipeline.errors import InputError

__all__ = ["run_check", "run_command"]

FOUND_OR_NOT = (0, 1)
"""Exit statuses of ``vidette check`` for an input that could be assessed."""


def run_check(clip: Path, *options: str, cores: int | None = None) -> Run:
    """``vidette check`` on a clip as a user runs it, start-up and all; the rules judge, nothing is kept."""
    command = [sys.executable, "-m", "agent.cli", "check", str(clip)]
    whole = [*command, "--no-store", "--triage", "rules", "--quiet", *options]
    return run_command(whole, FOUND_OR_NOT, cores)


def run_command(command: Sequence[str], good: Collection[int] = (0,), cores: int | None = None) -> Run:
    """Run it and throw its output away; on no more than so many cores, where the system can be told that.

    Raises:
        InputError: it ended with another status than the ``good`` ones; its last line is the reason.
    """
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        with _limited(cores):
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603
        # The resources of this child and of those that it waited for, which no other call tells.
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in good:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            name = Path(command[0]).name
            raise InputError(f"{name} failed: {lines[-1] if lines else f'status {child.returncode}'}")
    wall_s = time.perf_counter() - began
    return Run(used.ru_utime + used.ru_stime, wall_s, peak_rss_mb=used.ru_maxrss / 1024)


@contextmanager
def _limited(cores: int | None) -> Iterator[None]:
    """Children that are started within inherit so many of this thread's cores."""
    if cores is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_cores)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)
