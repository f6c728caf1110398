"""How long clips of the shapes of a published table take, scanned in full and on patrol."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agent.bench.child import run_check
from agent.bench.looping import repeated
from agent.bench.media import Shape, natural_clip

__all__ = ["ShapeRun", "measure_shape"]


@dataclass(frozen=True, slots=True)
class ShapeRun:
    """One shape: seconds of wall clock and of CPU by all cores, in both modes."""

    shape: Shape
    jobs: int
    full_wall_s: float
    full_cpu_s: float
    patrol_wall_s: float
    patrol_cpu_s: float


def measure_shape(shape: Shape) -> ShapeRun:
    """Repeat a natural clip of this shape to its length by stream copy, and check it twice."""
    jobs = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="vidette-bench-") as folder:
        clip = repeated(natural_clip(shape), Path(folder) / f"clip{shape.suffix}", shape.duration_s)
        full = run_check(clip, "--jobs", str(jobs))
        patrol = run_check(clip, "--jobs", str(jobs), "--mode", "patrol")
    return ShapeRun(shape, jobs, full.wall_s, full.cpu_s, patrol.wall_s, patrol.cpu_s)
