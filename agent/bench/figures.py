"""What a piece of work took, told by the process that did it as one JSON object."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import VidetteError

__all__ = ["peak_rss_mb", "print_figures"]


def print_figures(work: Callable[[], Mapping[str, object]]) -> int:
    """Do the work, print the figures of a ``runs.Run`` and those that it gives itself; the exit status.

    ``cpu_s`` and ``wall_s`` are seconds of the work alone, ``start_s`` CPU seconds of all before it.
    ``written_mb`` is what was written meanwhile, page cache or not; 0 where the system does not tell.
    """
    start_s, wall_s, written_mb = time.process_time(), time.perf_counter(), _written_mb()
    try:
        told = work()
    except VidetteError as exc:
        print(exc, file=sys.stderr)
        return 3
    figures = {
        "cpu_s": time.process_time() - start_s,
        "wall_s": time.perf_counter() - wall_s,
        "start_s": start_s,
        "peak_rss_mb": peak_rss_mb(),
        "written_mb": _written_mb() - written_mb,
        **told,
    }
    print(json.dumps(figures))
    return 0


def peak_rss_mb() -> float:
    """Peak of this process's resident set; Linux counts kilobytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _written_mb() -> float:
    try:
        rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text("ascii").splitlines())
    except OSError:
        return 0.0
    return int(rows["wchar"]) / 1e6
