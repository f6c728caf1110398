"""Fields: combing where something moves, and which field of an interlaced picture came first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.blocks import field_stride
from pipeline.measure.view import BlockView

__all__ = ["FIELD_COLUMNS", "summarise_fields"]

FIELD_COLUMNS: Mapping[str, str] = {
    "comb_share": "share",
    "order_score": "ratio",
    "order_blocks": "blocks",
    "declared_order": "sign",
    "interlaced": "flag",
}
"""Of the blocks that move, the share that is combed. ``order_score`` is how much better the top field
fits behind the picture before than the bottom field does: -1..1, positive where the top field is first,
about 0 where both are of one time, and 0 where nothing that moves has teeth; ``order_blocks`` is how
many blocks were asked: those that move, in some of the rows. ``declared_order`` is 1 for top first, -1 for
bottom first, 0 where nothing is said or the picture is progressive; ``interlaced`` is 1 where the picture
is declared to be two fields."""

MOVED_LEVEL = 3.0
"""A block whose samples change by less on average does not move: lines that stand are a pattern."""
COMB_RATIO, COMB_LEVEL = 1.3, 1.5
"""In a combed block neighbouring lines differ by more than lines of one field do, and by some levels."""
TEETH = 0.62
"""Where the order of fields is seen, neighbouring lines differ by more than this share of what lines of
one field do: 0.65 to 2 with fields, 0.5 to 0.58 in letters of doubled lines, which show an order, too."""


def summarise_fields(view: BlockView, out: NDArray[np.float64]) -> None:
    """Fill ``out`` with ``FIELD_COLUMNS``; the first picture of a stream has nothing that moves."""
    out[:] = 0.0
    out[4] = view.interlaced
    if view.interlaced and view.top_first is not None:
        out[3] = 1.0 if view.top_first else -1.0
    if view.before is None:
        return
    teeth = _comb(view.area, view.share, view.luma[8], view.luma[11], view.change, out)
    if view.fields is not None:
        _order(view.area, view.share, view.change, view.fields, field_stride(len(view.area)), out)
        if teeth < TEETH:
            out[1] = 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _comb(area, share, step_y, step_field, change, out):  # type: ignore[no-untyped-def]
    """Fill ``out[0]``; what neighbouring lines of moving blocks differ by, to what lines of one field do."""
    rows, columns = area.shape
    moving = combed = 0
    all_near = all_field = 0.0
    for y in range(rows):
        for x in range(columns):
            if area[y, x] == 0 or change[y, x] < MOVED_LEVEL:
                continue
            moving += area[y, x]
            near, field = step_y[y, x] * share[y, x], step_field[y, x] * share[y, x]
            all_near += near
            all_field += field
            if near > COMB_RATIO * field + COMB_LEVEL:
                combed += area[y, x]
    out[0] = combed / max(moving, 1)
    return all_near / max(all_field, 1e-6)


@njit(nogil=True, cache=True, error_model="numpy")
def _order(area, share, change, fields, stride, out):  # type: ignore[no-untyped-def]
    top = bottom = 0.0
    asked = 0
    for band in range(fields.shape[1]):
        y = band * stride
        for x in range(fields.shape[2]):
            if area[y, x] > 0 and change[y, x] >= MOVED_LEVEL:
                asked += 1
                top += fields[0, band, x] * share[y, x]
                bottom += fields[1, band, x] * share[y, x]
    out[1] = (bottom - top) / max(top + bottom, 1e-6)
    out[2] = asked
