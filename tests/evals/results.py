"""Results made by hand: a clip of thirty seconds, what is true of it, what was found in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.detect.values import Allowed, Fixture, Found, Recipe, Result, Truth

__all__ = ["event", "result", "truth"]


def truth(start_s: float, end_s: float, check: str = "black", stream: str = "v:0") -> Truth:
    """A truth over [start_s, end_s)."""
    return Truth(check, stream, start_s, end_s, "made")


def event(start_s: float, end_s: float, check: str = "black", floor: str = "minor") -> Found:
    """An event over [start_s, end_s), in an incident of its own."""
    return Found(check, "v:0", start_s, end_s, floor=floor, incident=f"{check}{start_s}")


def result(
    name: str = "test/black/clear/h264/0",
    *,
    truths: Sequence[Truth] = (),
    found: Sequence[Found] = (),
    allowed: Sequence[Allowed] = (),
    duration_s: float = 30.0,
) -> Result:
    """A clip with its truth and its events."""
    recipe = Recipe(name, "test", "defect" if truths else "clean", "scene", "h264", 1, duration_s, 64, 36)
    fixture = Fixture(recipe, Path("none.mp4"), tuple(truths), tuple(allowed), duration_s, 0.04)
    return Result(fixture, tuple(found))
