"""A picture's perceptual hash: much the same for one card at any size, depth and bit rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HASH_COLUMNS", "PictureHash", "hashes"]

HASH_COLUMNS: Mapping[str, str] = {"picture_hash": "bits"}

WAVES = 8
SURE_SHARE = 0.6
"""Of the waves of a card the strongest are sure: no encoder turns their signs."""
ALL_APART, SURE_APART = 12, 2
"""Bits that may differ of all 64, and of the sure ones. Cards encoded at a seventh of the size differ
in up to 11 and in 1; of 900 natural pictures none came nearer to a card than 15 and 6."""
PLAIN_STD = 3.0
"""Cells that differ by less than this have no shape to tell by: such a picture's hash is 0."""


@dataclass(frozen=True, slots=True)
class PictureHash:
    """What a picture is known again by: its 64 bits, and which of them are sure."""

    bits: int
    sure: int

    @classmethod
    def of(cls, thumb: NDArray[np.uint16]) -> PictureHash | None:
        """The hash of one thumbnail (3, 18, 32); None for a picture without a shape."""
        waves, plain = _waves_of(thumb[None])
        if plain[0]:
            return None
        strength = np.abs(waves[0])
        strength[0] = 0.0
        sure = strength > np.quantile(strength[1:], 1 - SURE_SHARE)
        return cls(int(_packed(waves)[0]), int(_packed(np.where(sure, 1.0, -1.0)[None], first=False)[0]))

    @classmethod
    def parse(cls, text: str) -> PictureHash:
        """The hash that ``str`` wrote.

        Raises:
            ValueError: it is none.
        """
        if len(text) != 32 or not text.isalnum():
            raise ValueError("must be the 32 hexadecimal digits that 'vidette slate' prints")
        return cls(int(text[:16], 16), int(text[16:], 16))

    def __str__(self) -> str:
        return f"{self.bits:016x}{self.sure:016x}"

    def matches(self, found: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each of the hashes (n,) is that of this picture."""
        apart = found ^ np.uint64(self.bits)
        near = np.bitwise_count(apart) <= ALL_APART
        near &= np.bitwise_count(apart & np.uint64(self.sure)) <= SURE_APART
        return np.asarray(near & (found != 0), np.bool_)


def hashes(thumbs: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """The signs of the 64 lowest waves of light of each thumbnail (n, 3, 18, 32), less the mean.

    The first wave is the mean, and its bit is always 1: only a picture without a shape has the hash 0,
    which is like no other.
    """
    waves, plain = _waves_of(thumbs)
    return np.where(plain, np.uint64(0), _packed(waves))


def _waves_of(thumbs: NDArray[np.uint16]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    light = thumbs[:, 0] / 256.0
    light = light - light.mean(axis=(1, 2), keepdims=True)
    tall, wide = (_basis(count) for count in light.shape[1:])
    return (tall @ light @ wide.T).reshape(len(light), WAVES * WAVES), light.std(axis=(1, 2)) < PLAIN_STD


def _basis(count: int) -> NDArray[np.float64]:
    """The lowest cosine waves over ``count`` cells: (8, count)."""
    middles = (np.arange(count) + 0.5) / count
    return np.asarray(np.cos(np.pi * np.arange(WAVES)[:, None] * middles[None, :]))


def _packed(waves: NDArray[np.float64], first: bool = True) -> NDArray[np.uint64]:
    bits = waves > 0
    bits[:, 0] = first
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)
