"""What flows through the suite: a clip in memory, a recipe for a fixture, what is expected of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.defects import Truth, span
from evals.writer import Picture

__all__ = [
    "LEVELS",
    "Allowed",
    "Clip",
    "Composer",
    "Fixture",
    "Found",
    "Injector",
    "Part",
    "Recipe",
    "Result",
    "Rewriter",
    "Truth",
]

LEVELS = ("clear", "moderate", "weak")
"""The strengths of a defect; the weak one should still be found."""


@dataclass(slots=True)
class Clip:
    """A clip in memory, changed in place by injectors.

    ``samples`` is (channels, n) float32, full scale 1.0. ``quarters`` says when each picture is shown,
    in quarters of a period; None means one picture a period.
    """

    pictures: list[Picture]
    rate: Fraction
    samples: NDArray[np.float32]
    rate_hz: int = 48_000
    layout: str | None = None
    quarters: list[int] | None = None

    @property
    def duration_s(self) -> float:
        """How long the pictures are."""
        return float(len(self.pictures) / self.rate)

    def frame_s(self, index: int) -> float:
        """When picture ``index`` is shown."""
        return float(Fraction(index) / self.rate)


@dataclass(frozen=True, slots=True)
class Part:
    """Where a defect goes: [start_s, end_s), how strong (0 clear .. 2 weak), and its own chance."""

    start_s: float
    end_s: float
    level: int
    rng: np.random.Generator

    def frames(self, clip: Clip) -> range:
        """The pictures whose time is inside."""
        return span(self.start_s, self.end_s, clip.rate)

    def samples(self, clip: Clip) -> slice:
        """The samples whose time is inside."""
        inside = span(self.start_s, self.end_s, clip.rate_hz)
        return slice(inside.start, inside.stop)

    def pick(self, *choices: float) -> float:
        """The choice for this strength."""
        return choices[min(self.level, len(choices) - 1)]


@dataclass(frozen=True, slots=True)
class Allowed:
    """An event that is legitimate beside the truth: it counts neither for nor against; "*" is any check."""

    check: str
    start_s: float
    end_s: float


Composer = Callable[[Clip, Part, Path, Callable[[Clip, Path, float], None]], list[Truth]]
"""Writes a file out of parts of a clip, with a function that writes a clip beginning at a time."""

Rewriter = Callable[[Path, Path, Part], list[Truth]]
"""Copies a coded file with a defect of the stream; gives the truth, in seconds from the input's start."""


@dataclass(frozen=True, slots=True)
class Injector:
    """One way to break a clip.

    ``apply`` changes a clip in memory and gives the truth; ``rewrite`` does so with the coded file.
    ``also`` names checks that may rightly fire as well, within ``near_s`` of the defect; ``anywhere``
    those that may fire at any time of the clip (what is measured over the whole programme).
    Without ``reorder`` the file has no B pictures; without ``to_end`` the clip always goes on after the
    defect. ``scenes`` are the tags of the scenes that show the defect at all, ``codings`` the ways of
    coding that carry it.
    """

    check: str
    length_s: tuple[float, float]
    apply: Callable[[Clip, Part], list[Truth]] | None = None
    rewrite: Rewriter | None = None
    compose: Composer | None = None
    also: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    near_s: float = 1.0
    clip_s: float = 9.0
    scenes: str = "any"
    codings: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    lead_s: float = 2.0
    levels: int = 3
    reorder: bool = True
    to_end: bool = True


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a fixture depends on, beside the code that makes it.

    ``scene_seed`` is the chance of the scene, ``seed`` that of what is done to it: fixtures of one scene
    share the work of making it.
    """

    id: str
    split: str
    family: str
    scene: str
    coding: str
    seed: int
    duration_s: float
    width: int
    height: int
    defect: str = ""
    level: int = 0
    scene_seed: int = 0


@dataclass(frozen=True, slots=True)
class Fixture:
    """A made clip: what must be found in it, what may be, and how long it is."""

    recipe: Recipe
    path: Path
    truths: tuple[Truth, ...]
    allowed: tuple[Allowed, ...]
    duration_s: float
    period_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """An event that a detector reported; ``floor`` is the severity that the policy gives its ``incident``."""

    check: str
    stream: str
    start_s: float
    end_s: float
    value: float = 0.0
    unit: str = ""
    confidence: float = 1.0
    floor: str = "minor"
    incident: str = ""
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A fixture and what was found in it; ``error`` where it could not be assessed at all."""

    fixture: Fixture
    found: tuple[Found, ...]
    error: str = ""
