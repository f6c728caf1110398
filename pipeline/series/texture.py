"""Damage that stands until it is drawn over, and sharpness against what the shot had a moment ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["TEXTURE_DERIVED", "TextureDerivation"]

TEXTURE_DERIVED: Mapping[str, str] = {
    "damage_share": "share",
    "sharp_part": "ratio",
    "edge_part": "ratio",
}

MARKED_CHANGE, MARKED_LEAST = 2.0, 0.01
"""A picture that the decoder marks is damaged to this share at least, if anything moves in it or did so in
the one before, which it may repeat: what is concealed in a still is not seen."""
UNMARKED_LEAST = 0.0115
"""Where the decoder says nothing, fewer torn blocks than this are content or coarse coding."""
BURST_PART, BURST_RISE, LIGHT_RISE = 0.2, 0.15, 20.0
"""Unmarked damage comes at once: blocks burst, a part of those torn; and either more do than in the picture
before, by a part of those torn, or the mean change rises by these levels times the share torn. Pictures
that are coded more coarsely than their neighbours are torn as well, but as much moves as before."""
CALM_TIMES, CALM_LEVEL = 2.0, 4.0
"""A picture after one that changed by more than so many times this one's change comes out of a flash."""
MENDED_PART = 0.5
STANDS_MOST_S = 5.0
"""Damage stands until the next key frame; where none comes, content has covered it after this long."""

MEMORY_S = 0.4
"""Time constant of the sharpness that the shot had: what softens more slowly is focus or a dissolve."""
SOFT_PART, SHARP_PART = 0.75, 0.85
"""Below the one the norm is kept as it was, until the picture is above the other again."""
OTHER_LEVEL = 16.0
"""Mean difference of thumbnails, in levels, between a picture and those of the norm that says: another. Where
it is not so far from the picture just before, the camera came there, and that picture is the norm."""


@dataclass(slots=True)
class TextureDerivation:
    """The state behind the columns that tell how long damage stands and how soft a shot became.

    ``damage_share``: the largest share of blocks found damaged since the last key frame or cut;
    ``sharp_part`` and ``edge_part``: ``bend_ratio`` and ``edge_step`` as parts of what they were in
    this shot before they fell; 1 where there is no edge to judge by. Fed in blocks of any size, the
    result is the same.
    """

    _state: NDArray[np.float64] = field(default_factory=lambda: np.zeros(8))
    _before: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    _norm: NDArray[np.float64] | None = None
    """Thumbnails (2, 18, 32): of the norm, and the last."""

    def columns(
        self,
        start_s: NDArray[np.float64],
        columns: Mapping[str, NDArray[Any]],
        thumbs: NDArray[np.uint16],
    ) -> dict[str, NDArray[np.float64]]:
        """The columns, each (n,), from times (n,), the columns of the same rows, and thumbnails."""
        out = np.empty((3, len(start_s)))
        if len(start_s) == 0:
            return dict(zip(TEXTURE_DERIVED, out, strict=True))
        light = thumbs[:, 0].astype(np.float64) / 256.0
        if self._norm is None:
            self._norm = np.stack([light[0], light[0]])
            self._state[2:5] = np.nan, np.nan, start_s[0]
        found = self._found(columns)
        fresh = np.asarray(columns["cut"]) | np.asarray(columns["key_frame"])
        mended = np.asarray(columns["mended_share"], np.float64)
        _stand(start_s, found, mended, fresh, self._state, out[0])
        bend, edge = (np.asarray(columns[name], np.float64) for name in ("bend_ratio", "edge_step"))
        _compare(start_s, bend, edge, np.asarray(columns["cut"]), light, self._state, self._norm, out[1:])
        return dict(zip(TEXTURE_DERIVED, out, strict=True))

    def _found(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Share of the blocks that each picture (n,) adds as damaged: what is marked, or comes at once."""
        torn, burst = (np.asarray(columns[name], np.float64) for name in ("torn_share", "burst_share"))
        change = np.nan_to_num(np.asarray(columns["change_mean"], np.float64))
        flashes = np.asarray(columns["flash_count"], np.float64)
        now = np.stack([burst, change, flashes])
        had_burst, had_change, had_flashes = np.concatenate([self._before[:, None], now[:, :-1]], axis=1)
        self._before = now[:, -1]
        more = (burst - had_burst >= BURST_RISE * torn) | (change - had_change >= LIGHT_RISE * torn)
        # Much damage looks like a cut; of a true one more blocks burst than are torn.
        lit = np.asarray(columns["cut"], bool) & (torn < burst)
        # A flash of a moment ago says nothing of this picture; one that is new does, and so does a strobe.
        lit |= (flashes > had_flashes) | (flashes > 1)
        lit |= had_change >= CALM_TIMES * change + CALM_LEVEL
        sudden = (torn >= UNMARKED_LEAST) & (burst >= BURST_PART * torn) & more & ~lit
        moves = np.maximum(change, had_change) > MARKED_CHANGE
        seen = np.where(moves | (burst > 0) | (torn > 0), MARKED_LEAST, 0.0)
        marked = np.maximum(np.maximum(torn, burst), seen)
        return np.where(columns["corrupt"], marked, np.where(sudden, torn, 0.0))


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _stand(start_s, found, mended, fresh, state, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (n,) with what stands; ``state`` keeps the share and since when."""
    for n in range(start_s.size):
        over = fresh[n] or start_s[n] - state[1] > STANDS_MOST_S or mended[n] > MENDED_PART * state[0]
        if over:
            state[0] = 0.0
        if found[n] > state[0]:
            state[0], state[1] = found[n], start_s[n]
        out[n] = state[0]


@_fast
def _apart(light, other):  # type: ignore[no-untyped-def]
    """Mean difference of two thumbnails."""
    away = 0.0
    for y in range(other.shape[0]):
        for x in range(other.shape[1]):
            away += abs(light[y, x] - other[y, x])
    return away / other.size


@_fast
def _compare(start_s, bend, edge, cut, light, state, norm, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (2, n); ``state`` keeps the norms, the time, whether the shot is soft, and the figures of
    the last picture."""
    for n in range(start_s.size):
        known = bend[n] > 0.0
        soft = state[5] > 0.0
        # A shot that is as soft as the one before, which fell within its own, fell as well.
        still = soft and known and bend[n] < SOFT_PART * state[2]
        new = cut[n] and not still
        if not soft and not cut[n] and _apart(light[n], norm[0]) > OTHER_LEVEL:
            if state[6] > 0.0 and _apart(light[n], norm[1]) <= OTHER_LEVEL:
                state[2], state[3] = state[6], state[7]
                norm[0] = norm[1]
            else:
                new = True
        if new:
            state[2], state[3], state[5] = np.nan, np.nan, 0.0
            norm[0] = light[n]
            soft = False
        if np.isnan(state[2]) and known:
            state[2], state[3] = bend[n], edge[n]
            norm[0] = light[n]
        sharp = bend[n] / state[2] if state[2] > 0.0 else 1.0
        soft = state[2] > 0.0 and (sharp < SHARP_PART if soft else known and sharp < SOFT_PART)
        state[5] = 1.0 if soft else 0.0
        out[0, n] = sharp if soft or known else 1.0
        out[1, n] = edge[n] / state[3] if soft else 1.0
        if not soft and known:
            weight = min(1.0, max(start_s[n] - state[4], 0.0) / MEMORY_S)
            state[2] += weight * (bend[n] - state[2])
            state[3] += weight * (edge[n] - state[3])
            norm[0] += weight * (light[n] - norm[0])
        state[4], state[6], state[7] = start_s[n], bend[n], edge[n]
        norm[1] = light[n]
