"""Which part of the picture counts: masks that hide a part from every check, regions for one check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.errors import ProfileError

__all__ = ["Areas", "Box", "Mask"]

HALF = 0.5
"""A block is of a region where at least so much of it lies within."""


class Box(BaseModel):
    """A part of the picture, from its upper left corner; shares of it, or pixels as they are coded."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    x: float = Field(ge=0, description="left edge")
    y: float = Field(ge=0, description="upper edge")
    width: float = Field(gt=0, description="width")
    height: float = Field(gt=0, description="height")
    pixels: bool = Field(False, description="whether these are pixels and no shares")

    @model_validator(mode="after")
    def _fits(self) -> Box:
        for name, at, size in (("x and width", self.x, self.width), ("y and height", self.y, self.height)):
            if not self.pixels and at + size > 1 + 1e-6:
                raise ValueError(f"{name} must reach no further than 1, or be marked 'pixels = true'")
        return self

    def shares(self, size: tuple[int, int], block: int) -> NDArray[np.float64]:
        """How much of each block of a plane of ``size`` (height, width) lies within: (rows, columns)."""
        tall = _overlap(size[0], block, *self._edges(self.y, self.height, size[0]))
        wide = _overlap(size[1], block, *self._edges(self.x, self.width, size[1]))
        return np.outer(tall, wide)

    def __str__(self) -> str:
        unit = " px" if self.pixels else ""
        return f"{self.width:g} x {self.height:g} at {self.x:g}, {self.y:g}{unit}"

    def _edges(self, at: float, length: float, whole: int) -> tuple[float, float]:
        scale = 1.0 if self.pixels else float(whole)
        return at * scale, (at + length) * scale


class Mask(Box):
    """A part that counts for no picture check: a logo, a clock, a ticker; always, or for a time."""

    name: str = Field("", max_length=80, description="what is there, for the reader of the profile")
    start_s: float = Field(0.0, ge=0, description="from when on")
    end_s: float | None = Field(None, gt=0, description="until when; without it, to the end")

    def hides(self, time_s: float) -> bool:
        """Whether it counts at this time."""
        return self.start_s <= time_s and (self.end_s is None or time_s < self.end_s)


@dataclass(frozen=True, slots=True)
class Areas:
    """The masks and regions of a profile: what has to be known to measure a picture.

    ``regions`` maps a name of a view to its box; the view of the whole picture has no name.
    """

    masks: tuple[Mask, ...] = ()
    regions: Mapping[str, Box] = field(default_factory=dict)

    def active(self, time_s: float) -> tuple[int, ...]:
        """The numbers of the masks that hide something at this time."""
        return tuple(n for n, mask in enumerate(self.masks) if mask.hides(time_s))

    def counting(
        self, view: str, masks: Sequence[int], size: tuple[int, int], block: int
    ) -> NDArray[np.bool_]:
        """Whether each block of a picture of ``size`` (height, width) counts: (rows, columns).

        A block that a mask touches does not; a block of a region lies in it by half at least, or is
        touched by it where none does.

        Raises:
            ProfileError: nothing is left.
        """
        shape = (-(-size[0] // block), -(-size[1] // block))
        counts = np.ones(shape, np.bool_)
        if view:
            within = self.regions[view].shares(size, block)
            counts &= within >= HALF if (within >= HALF).any() else within > 0
        for number in masks:
            counts &= self.masks[number].shares(size, block) <= 0
        if not counts.any():
            what = f"the region {self.regions[view]}" if view else "the picture"
            raise ProfileError(f"the masks of the profile leave nothing of {what} at {size[1]}x{size[0]}")
        return counts

    def __str__(self) -> str:
        """All of it in one line: what a kept series was measured with."""
        masks = [mask.model_dump_json(exclude={"name"}) for mask in self.masks]
        regions = [f"{name}={box.model_dump_json()}" for name, box in sorted(self.regions.items())]
        return " ".join([*masks, *regions])


def _overlap(whole: int, block: int, start: float, stop: float) -> NDArray[np.float64]:
    """Share of each block of a line of ``whole`` samples that lies between ``start`` and ``stop``."""
    edges = np.minimum(np.arange(-(-whole // block) + 1) * block, whole)
    shared = np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start)
    return np.asarray(np.clip(shared, 0, None) / np.diff(edges))
