"""A picture as maps of its blocks: the only stage that reads its samples, and the one before's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.decode.values import Picture, Plane
from pipeline.measure.blocks import (
    BLOCK,
    CHROMA_SUMS,
    LUMA_SUMS,
    chroma_maps,
    field_maps,
    grid,
    luma_maps,
)
from pipeline.measure.motion import NO_SHIFT, Profiles, profiles_of, shift_between
from pipeline.measure.seams import seam_maps
from pipeline.measure.view import BlockView

__all__ = ["Mapper"]

LEGAL_LUMA, LEGAL_CHROMA = (14, 241), (16, 240)
"""Codes of the limited range that are legal: EBU R103 allows luma of -1 % to 103 %."""
DARK_OF_RANGE = 0.10
"""FFmpeg blackdetect's pix_th: a sample is dark up to a tenth of the legal range."""
GREY_LIMIT = 8
"""Chroma within this many levels of the centre counts as colourless."""

_Chroma = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float32]]


@dataclass(slots=True)
class _Previous:
    luma: Plane
    maps: NDArray[np.uint32]
    bits: int
    profiles: Profiles


class Mapper:
    """Makes the view of each picture of one stream, in order; remembers only the one before."""

    def __init__(self) -> None:
        self._previous: _Previous | None = None
        self._luma: tuple[Plane, Plane] | None = None
        self._areas: dict[tuple[float, ...], tuple[NDArray[np.int64], NDArray[np.float32]]] = {}

    def shift_of(self, counts: NDArray[np.bool_]) -> tuple[float, float, float]:
        """How far that part of the last picture moved whose blocks count."""
        if self._luma is None or self._previous is None:
            return NO_SHIFT
        before, now = (profiles_of(luma, self._previous.bits, counts) for luma in self._luma)
        return shift_between(before, now)

    def view(self, picture: Picture) -> BlockView:
        """The maps of the whole picture; the first, and one of another size, has nothing before it."""
        luma, bits = picture.luma, picture.bits
        shape = grid(*luma.shape)
        previous = self._previous
        if previous is not None and (previous.luma.shape != luma.shape or previous.bits != bits):
            previous = None
        scale = float(1 << (bits - 8))
        black, white = (0, 255) if picture.full_range else (16, 235)
        dark_max = int((black + DARK_OF_RANGE * (white - black)) * scale)
        maps = np.empty((len(LUMA_SUMS), *shape), np.uint32)
        legal = _codes(LEGAL_LUMA if not picture.full_range else (0, 255), bits)
        luma_maps(luma, luma if previous is None else previous.luma, dark_max, legal, maps)
        chroma, chroma_area, chroma_share = self._chroma(picture, shape, scale)
        area, share = self._area(luma.shape, (BLOCK, BLOCK), shape, scale)
        means = np.empty((5, *shape), np.float32)
        _means(maps, share, scale, chroma, chroma_share, means)
        before = None if previous is None else (previous.maps[0] * share).astype(np.float32)
        fields = None if previous is None else field_maps(luma, previous.luma)
        profiles = profiles_of(luma, bits)
        shift = NO_SHIFT if previous is None else shift_between(previous.profiles, profiles)
        self._luma = None if previous is None else (previous.luma, luma)
        self._previous = _Previous(luma, maps, bits, profiles)
        return BlockView(
            area=area,
            share=share,
            chroma_area=chroma_area,
            chroma_share=chroma_share,
            luma=maps,
            chroma=chroma,
            mean=means[0],
            variance=means[1],
            change=means[2],
            u=means[3],
            v=means[4],
            before=before,
            past=None if previous is None else previous.maps,
            black=float(black),
            white=float(white),
            interlaced=picture.interlaced,
            top_first=picture.top_first,
            matrix=picture.matrix,
            fields=fields,
            shift=shift,
            seams=seam_maps(luma, bits),
        )

    def _chroma(self, picture: Picture, shape: tuple[int, int], scale: float) -> _Chroma:
        """Chroma maps on the grid of the luma blocks, with samples a block and their reciprocal."""
        centre = 1 << (picture.bits - 1)
        if picture.u is None or picture.v is None:
            area, share = self._area(picture.luma.shape, (BLOCK, BLOCK), shape, scale)
            grey = [area * centre, area * centre, area, np.zeros_like(area)]
            return np.stack(grey).astype(np.uint32), area, share
        height, width = picture.u.shape
        # 4:2:0 halves both ways, 4:2:2 only across, 4:1:1 to a quarter: read it off the planes.
        step = (
            max(1, BLOCK // -(-picture.luma.shape[0] // height)),
            max(1, BLOCK // -(-picture.luma.shape[1] // width)),
        )
        maps = np.zeros((len(CHROMA_SUMS), *shape), np.uint32)
        legal = _codes(LEGAL_CHROMA if not picture.full_range else (0, 255), picture.bits)
        limit = GREY_LIMIT << (picture.bits - 8)
        chroma_maps(picture.u, picture.v, step, centre, limit, legal, maps)
        return maps, *self._area((height, width), step, shape, scale)

    def _area(
        self, size: tuple[int, ...], step: tuple[int, int], shape: tuple[int, int], scale: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Samples in each block of a plane of ``size``, and what a sum is multiplied by for a mean."""
        key = (*size, *step, scale)
        if key not in self._areas:
            tall = np.diff(np.minimum(np.arange(shape[0] + 1) * step[0], size[0]))
            wide = np.diff(np.minimum(np.arange(shape[1] + 1) * step[1], size[1]))
            area = np.maximum(np.outer(tall, wide), 1).astype(np.int64)
            self._areas[key] = area, (1.0 / (area * scale)).astype(np.float32)
        return self._areas[key]


def _codes(levels: tuple[int, int], bits: int) -> tuple[int, int]:
    """Lowest and highest code of ``bits`` whose level is within these, in levels of 8 bits."""
    return levels[0] << (bits - 8), ((levels[1] + 1) << (bits - 8)) - 1


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _means(maps, share, scale, chroma, chroma_share, out):  # type: ignore[no-untyped-def]
    rows, columns = share.shape
    for y in range(rows):
        for x in range(columns):
            level = maps[0, y, x] * share[y, x]
            out[0, y, x] = level
            out[1, y, x] = max(maps[1, y, x] * share[y, x] / scale - level * level, 0.0)
            out[2, y, x] = maps[3, y, x] * share[y, x]
            out[3, y, x] = chroma[0, y, x] * chroma_share[y, x]
            out[4, y, x] = chroma[1, y, x] * chroma_share[y, x]
