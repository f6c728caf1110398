"""A picture to one row: everything is read off the block maps, at a hundredth of the picture's size.

All figures are in levels of an 8-bit code (0..255), whatever the depth of the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.areas import Areas
from pipeline.decode.values import Picture
from pipeline.measure.basics import BASIC_COLUMNS, summarise_basics
from pipeline.measure.blocks import BLOCK
from pipeline.measure.fields import FIELD_COLUMNS, summarise_fields
from pipeline.measure.layout import LAYOUT_COLUMNS, summarise_layout
from pipeline.measure.levels import LEVEL_COLUMNS, summarise_levels
from pipeline.measure.mapping import Mapper
from pipeline.measure.motion import MOTION_COLUMNS, summarise_motion
from pipeline.measure.noise import NOISE_COLUMNS, summarise_noise
from pipeline.measure.seams import SEAM_COLUMNS, summarise_seams
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

NO_AREAS = Areas()


class PictureMeter:
    """Measures the pictures of one stream, in order; of those before, its ``Mapper`` keeps the last.

    ``areas`` says which blocks count: those of masks do not, and each region is a view of its own.
    """

    def __init__(self, areas: Areas = NO_AREAS) -> None:
        self._areas_wanted = areas
        self._counting: dict[tuple[object, ...], NDArray[np.bool_]] = {}
        self._mapper = Mapper()

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
        whole = self._mapper.view(picture)
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
            shift=self._mapper.shift_of(counts),
        )


def _summarise(view: BlockView, out: NDArray[np.float64]) -> None:
    at = 0
    for columns, summarise in SUMMARIES:
        summarise(view, out[at : at + len(columns)])
        at += len(columns)


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
