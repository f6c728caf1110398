"""A picture to one row: everything is read off the block maps, at a hundredth of the picture's size.

All figures are in levels of an 8-bit code (0..255), whatever the depth of the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.areas import Areas
from pipeline.decode.values import Picture, Plane
from pipeline.measure.basics import BASIC_COLUMNS, summarise_basics
from pipeline.measure.blocks import (
    BLOCK,
    CHROMA_SUMS,
    LUMA_SUMS,
    chroma_maps,
    field_maps,
    grid,
    luma_maps,
)
from pipeline.measure.fields import FIELD_COLUMNS, summarise_fields
from pipeline.measure.layout import LAYOUT_COLUMNS, summarise_layout
from pipeline.measure.levels import LEVEL_COLUMNS, summarise_levels
from pipeline.measure.motion import (
    MOTION_COLUMNS,
    NO_SHIFT,
    Profiles,
    profiles_of,
    shift_between,
    summarise_motion,
)
from pipeline.measure.noise import NOISE_COLUMNS, summarise_noise
from pipeline.measure.seams import SEAM_COLUMNS, seam_maps, summarise_seams
from pipeline.measure.texture import TEXTURE_COLUMNS, summarise_texture
from pipeline.measure.view import BlockView

__all__ = ["PICTURE_COLUMNS", "SUMMARIES", "THUMB_SHAPE", "PictureMeter"]

SUMMARIES: tuple[tuple[Mapping[str, str], Callable[[BlockView, NDArray[np.float64]], None]], ...] = (
    (BASIC_COLUMNS, summarise_basics),
    (FIELD_COLUMNS, summarise_fields),
    (LEVEL_COLUMNS, summarise_levels),
    (TEXTURE_COLUMNS, summarise_texture),
    (SEAM_COLUMNS, summarise_seams),
    (NOISE_COLUMNS, summarise_noise),
    (LAYOUT_COLUMNS, summarise_layout),
    (MOTION_COLUMNS, summarise_motion),
)
"""The summaries in the order of their columns: each fills its own from one view of the picture."""
PICTURE_COLUMNS: Mapping[str, str] = {
    name: unit for columns, _ in SUMMARIES for name, unit in columns.items()
}
"""Column -> unit of all summaries. The shares are of the picture's samples, or of its blocks."""

THUMB_SHAPE = (18, 32)
"""Rows and columns of the thumbnail of cell means that each row carries."""

LEGAL_LUMA, LEGAL_CHROMA = (14, 241), (16, 240)
"""Codes of the limited range that are legal: EBU R103 allows luma of -1 % to 103 %."""
DARK_OF_RANGE = 0.10
"""FFmpeg blackdetect's pix_th: a sample is dark up to a tenth of the legal range."""
GREY_LIMIT = 8
"""Chroma within this many levels of the centre counts as colourless."""

NO_AREAS = Areas()

_Chroma = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float32]]


@dataclass(slots=True)
class _Previous:
    luma: Plane
    maps: NDArray[np.uint32]
    bits: int
    profiles: Profiles


class PictureMeter:
    """Measures the pictures of one stream, in order; remembers only the one before.

    ``areas`` says which blocks count: those of masks do not, and each region is a view of its own.
    """

    def __init__(self, areas: Areas = NO_AREAS) -> None:
        self._areas_wanted = areas
        self._counting: dict[tuple[object, ...], NDArray[np.bool_]] = {}
        self._previous: _Previous | None = None
        self._luma: tuple[Plane, Plane] | None = None
        self._areas: dict[tuple[float, ...], tuple[NDArray[np.int64], NDArray[np.float32]]] = {}

    def row(self, picture: Picture) -> tuple[NDArray[np.float64], NDArray[np.uint16]]:
        """The figures of ``PICTURE_COLUMNS``, in that order, and the thumbnail, of the whole picture.

        The thumbnail is (3, 18, 32) uint16: mean Y, U and V of each cell, 256 to a level; cells of which
        no block counts are 0. The first picture, and one of another size than the last, has
        ``change_mean`` NaN and ``moved_share`` 1.
        """
        values, thumbs = self.rows(picture)
        return values[0], thumbs[0]

    def rows(self, picture: Picture) -> tuple[NDArray[np.float64], NDArray[np.uint16]]:
        """The same for each view, the whole picture first: (views, columns) and (views, 3, 18, 32).

        Raises:
            ProfileError: the masks leave nothing of a view.
        """
        whole = self._view(picture)
        wanted = self._areas_wanted
        masks = wanted.active(picture.start_s)
        names = ("", *wanted.regions)
        values = np.empty((len(names), len(PICTURE_COLUMNS)))
        thumbs = np.empty((len(names), 3, *THUMB_SHAPE), np.uint16)
        for n, name in enumerate(names):
            view = self._limited(whole, name, masks, picture.luma.shape) if name or masks else whole
            _summarise(view, values[n])
            for plane, thumb in zip((view.mean, view.u, view.v), thumbs[n], strict=True):
                _shrink(plane, view.area, thumb)
        return values, thumbs

    def _limited(
        self, whole: BlockView, name: str, masks: tuple[int, ...], size: tuple[int, ...]
    ) -> BlockView:
        """The view with an area in those blocks only that count."""
        key = (name, masks, size)
        if key not in self._counting:
            self._counting[key] = self._areas_wanted.counting(name, masks, (size[0], size[1]), BLOCK)
        counts = self._counting[key]
        return replace(
            whole,
            area=np.where(counts, whole.area, 0),
            chroma_area=np.where(counts, whole.chroma_area, 0),
            shift=self._shift_of(counts),
        )

    def _shift_of(self, counts: NDArray[np.bool_]) -> tuple[float, float, float]:
        """How far that part of the picture moved whose blocks count."""
        if self._luma is None or self._previous is None:
            return NO_SHIFT
        before, now = (profiles_of(luma, self._previous.bits, counts) for luma in self._luma)
        return shift_between(before, now)

    def _view(self, picture: Picture) -> BlockView:
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


def _summarise(view: BlockView, out: NDArray[np.float64]) -> None:
    at = 0
    for columns, summarise in SUMMARIES:
        summarise(view, out[at : at + len(columns)])
        at += len(columns)


def _codes(levels: tuple[int, int], bits: int) -> tuple[int, int]:
    """Lowest and highest code of ``bits`` whose level is within these, in levels of 8 bits."""
    return levels[0] << (bits - 8), ((levels[1] + 1) << (bits - 8)) - 1


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _shrink(mean, area, thumb):  # type: ignore[no-untyped-def]
    rows, columns = mean.shape
    for i in range(thumb.shape[0]):
        top = i * rows // thumb.shape[0]
        bottom = max(top + 1, (i + 1) * rows // thumb.shape[0])
        for j in range(thumb.shape[1]):
            left = j * columns // thumb.shape[1]
            right = max(left + 1, (j + 1) * columns // thumb.shape[1])
            total, blocks = np.float32(0.0), 0
            for y in range(top, bottom):
                for x in range(left, right):
                    if area[y, x]:
                        total += mean[y, x]
                        blocks += 1
            level = 256 * total / (blocks if blocks else 1)
            thumb[i, j] = np.uint16(level if level < 65535.0 else 65535.0)


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
