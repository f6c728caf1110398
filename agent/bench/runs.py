"""Measured runs: interleaved, each in a fresh process, summed up as medians with their spread."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.bench.looping import COPYABLE, repeated
from agent.bench.media import sample
from pipeline.errors import InputError

__all__ = [
    "MemoryRun",
    "Run",
    "ScanComparison",
    "Spread",
    "compare_scan",
    "measure_memory",
    "run_module",
    "run_worker",
]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of the work, megabytes of its largest process, and what it wrote to files."""

    cpu_s: float
    wall_s: float
    start_s: float = 0.0
    frames: int = 0
    peak_rss_mb: float = 0.0
    rss_mb: tuple[float, ...] = ()
    written_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, lowest and highest of some runs."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class ScanComparison:
    """Scanning beside decoding alone; ``ratio`` is that of the CPU seconds, pair by pair."""

    clip: str
    repeats: int
    frames: int
    decode_cpu_s: Spread
    scan_cpu_s: Spread
    decode_wall_s: Spread
    scan_wall_s: Spread
    ratio: Spread
    scan_start_s: Spread
    scan_peak_rss_mb: Spread


@dataclass(frozen=True, slots=True)
class MemoryRun:
    """One scan of a long input: ``rss_mb`` is the peak so far at each tenth of it."""

    clip: str
    duration_s: float
    run: Run


def compare_scan(clip: Path, repeats: int, on_run: Callable[[int], None] | None = None) -> ScanComparison:
    """Decodes and scans ``clip`` in turn, ``repeats`` times each, and compares.

    The order changes from pair to pair, so that neither always runs on the warmer machine. A first
    pair is not counted: it fills the file cache and compiles the kernels.

    Raises:
        InputError: the clip cannot be decoded.
    """
    pairs: list[dict[str, Run]] = []
    warm_up = sample("city.mp4")
    for index in range(repeats + 1):
        order = ("decode", "scan") if index % 2 else ("scan", "decode")
        pairs.append({kind: run_worker(kind, clip, warm_up) for kind in order})
        if on_run:
            on_run(index)
    counted = pairs[1:]
    decodes, scans = ([pair[kind] for pair in counted] for kind in ("decode", "scan"))
    return ScanComparison(
        clip=clip.name,
        repeats=repeats,
        frames=scans[0].frames,
        decode_cpu_s=Spread.of([run.cpu_s for run in decodes]),
        scan_cpu_s=Spread.of([run.cpu_s for run in scans]),
        decode_wall_s=Spread.of([run.wall_s for run in decodes]),
        scan_wall_s=Spread.of([run.wall_s for run in scans]),
        ratio=Spread.of([pair["scan"].cpu_s / pair["decode"].cpu_s for pair in counted]),
        scan_start_s=Spread.of([run.start_s for run in scans]),
        scan_peak_rss_mb=Spread.of([run.peak_rss_mb for run in scans]),
    )


def measure_memory(clip: Path, duration_s: float) -> MemoryRun:
    """Repeats ``clip`` to ``duration_s`` by stream copy, scans that once, and watches the memory.

    Raises:
        InputError: the clip cannot be decoded.
        UsageError: the clip cannot be repeated.
    """
    with tempfile.TemporaryDirectory(prefix="vidette-bench-") as folder:
        suffix = clip.suffix if clip.suffix in COPYABLE else ".mkv"
        long = repeated(clip, Path(folder) / f"long{suffix}", duration_s)
        return MemoryRun(clip.name, duration_s, run_worker("scan", long))


def run_worker(kind: str, clip: Path, warm_up: Path | None = None) -> Run:
    """One run of a kind of ``agent.bench.worker.RUNS``, in a process of its own."""
    return run_module("agent.bench.worker", kind, str(clip), *([str(warm_up)] if warm_up else []))


def run_module(module: str, *arguments: str) -> Run:
    """Run ``python -m module`` and read the figures that it prints.

    Raises:
        InputError: it failed; the last line that it said is the reason.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise InputError(lines[-1] if lines else f"{module} ended with status {done.returncode}")
    figures = json.loads(done.stdout.splitlines()[-1])
    return Run(**{**figures, "rss_mb": tuple(figures.get("rss_mb", ()))})
