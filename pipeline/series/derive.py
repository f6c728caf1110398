"""Columns that need more than the frame before: made in order, when rows are joined.

They cost a thumbnail a frame, not a picture, so that measuring itself can be done in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.measure.picture import THUMB_SHAPE
from pipeline.series.borders import BORDER_COLUMNS, BorderDerivation
from pipeline.series.cadence import CADENCE_COLUMNS, Cadence
from pipeline.series.cuts import CUT_COLUMNS, CutDerivation
from pipeline.series.flash import FLASH_COLUMNS, FlashDerivation
from pipeline.series.flicker import FLICKER_COLUMNS, FlickerDerivation
from pipeline.series.grain import GRAIN_COLUMNS, GrainDerivation
from pipeline.series.hashes import HASH_COLUMNS, hashes
from pipeline.series.onsets import JOLT_COLUMNS, Jolts
from pipeline.series.seams import SEAM_DERIVED, SeamDerivation
from pipeline.series.texture import TEXTURE_DERIVED, TextureDerivation

__all__ = ["DERIVED_COLUMNS", "PictureDerivation"]

DERIVED_COLUMNS = {
    "drift_share": "share",
    "roamed_share": "share",
    "step_s": "s",
    "typical_step_s": "s",
    "steady_share": "share",
    **CUT_COLUMNS,
    **HASH_COLUMNS,
    **SEAM_DERIVED,
    **TEXTURE_DERIVED,
    **GRAIN_COLUMNS,
    **CADENCE_COLUMNS,
    **JOLT_COLUMNS,
    **FLASH_COLUMNS,
    **FLICKER_COLUMNS,
    **BORDER_COLUMNS,
}

DRIFT_LEVEL = 1.5
"""A cell of the thumbnail has drifted when its mean is this far from the anchor's."""
DRIFT_RESET = 0.04
"""With more cells than this adrift the picture is another one, and becomes the anchor."""
ROAM_LEVEL, ROAM_RESET = 5.0, 0.03
"""So it does when so many were farther off than that at one time or another, key frames aside: a clock of
1 % takes up to 2.6 %. A coder that refines a still moves its cells by less."""
HISTORY = 32
SHORT_HISTORY = 8
STEADY_WITHIN = 0.25


@dataclass(slots=True)
class PictureDerivation:
    """The state behind the derived columns of one video stream.

    ``drift_share`` is the share of thumbnail cells that differ from the anchor: the picture with
    which the present stillness began. A slow pan that moves nothing from frame to frame drifts.
    ``roamed_share`` is the share of those that differed in any picture since then, key frames aside.
    ``typical_step_s`` is the median of the steps before, ``steady_share`` how many of them are
    near it: 1.0 for a constant rate, 0.0 while there are too few to tell. ``cut`` marks the first
    picture of a shot, ``picture_hash`` is what a known card is told by.
    """

    period_s: float
    _anchor: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(THUMB_SHAPE, np.uint16))
    _roamed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(THUMB_SHAPE, np.bool_))
    _steps: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _last_s: float | None = None
    _cuts: CutDerivation = field(default_factory=CutDerivation)
    _cadence: Cadence = field(default_factory=Cadence)
    _jolts: Jolts = field(default_factory=Jolts)
    _flash: FlashDerivation = field(default_factory=FlashDerivation)
    _flicker: FlickerDerivation = field(default_factory=FlickerDerivation)
    _borders: BorderDerivation = field(default_factory=BorderDerivation)
    _seams: SeamDerivation = field(default_factory=SeamDerivation)
    _texture: TextureDerivation = field(default_factory=TextureDerivation)
    _grain: GrainDerivation = field(default_factory=GrainDerivation)

    def columns(
        self,
        start_s: NDArray[np.float64],
        thumbs: NDArray[np.uint16],
        measured: Mapping[str, NDArray[np.floating]],
    ) -> dict[str, NDArray[Any]]:
        """Derived columns, each (n,), from start times (n,), thumbnails (n, 3, 18, 32) and the
        columns of the same rows.
        """
        light = thumbs[:, 0]
        if self._last_s is None and len(thumbs):
            self._anchor = light[0].copy()
        drift = np.empty((2, len(thumbs)))
        _drift(light, np.asarray(measured["key_frame"], np.bool_), self._anchor, self._roamed, drift)
        steps = np.diff(start_s, prepend=start_s[0] - self.period_s if self._last_s is None else self._last_s)
        typical, steady = self._regularity(steps)
        self._last_s = float(start_s[-1])
        cuts = self._cuts.columns(thumbs)
        flash = self._flash.columns(start_s, thumbs, measured["full_range"] > 0)
        return {
            "drift_share": drift[0],
            "roamed_share": drift[1],
            "step_s": steps,
            "typical_step_s": typical,
            "steady_share": steady,
            "picture_hash": hashes(thumbs),
            **cuts,
            **self._jolts.columns(thumbs),
            **self._cadence.columns(start_s, steps, typical, cuts["cut"], measured),
            **flash,
            **self._flicker.columns(start_s, light),
            **self._borders.columns(measured),
            **self._seams.columns(start_s, measured["seam_rise"], measured["seam_at"]),
            **self._texture.columns(start_s, {**measured, **cuts, **flash}, thumbs),
            **self._grain.columns(measured["texture_floor"], measured["grain_floor"], thumbs),
        }

    def _regularity(self, steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        known = np.concatenate([np.full(HISTORY, np.nan), self._steps, steps])[-len(steps) - HISTORY :]
        windows = np.lib.stride_tricks.sliding_window_view(known, HISTORY)[: len(steps)]
        seen = np.isfinite(windows).sum(axis=1)
        filled = np.where(np.isfinite(windows), windows, self.period_s)
        typical = np.median(filled, axis=1)
        near = np.abs(windows - typical[:, None]) <= STEADY_WITHIN * typical[:, None]
        steady = np.where(seen >= SHORT_HISTORY, near.sum(axis=1) / np.maximum(seen, 1), 0.0)
        self._steps = known[-HISTORY:][np.isfinite(known[-HISTORY:])]
        return typical, steady


@njit(nogil=True, cache=True, error_model="numpy")
def _drift(thumbs, key_frame, anchor, roamed, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (2, n) with the cells adrift now, and since; ``anchor`` and ``roamed`` move in place."""
    rows, columns = anchor.shape
    limit, far = np.int32(DRIFT_LEVEL * 256), np.int32(ROAM_LEVEL * 256)
    for n in range(thumbs.shape[0]):
        adrift = since = 0
        for y in range(rows):
            for x in range(columns):
                away = abs(np.int32(thumbs[n, y, x]) - np.int32(anchor[y, x]))
                adrift += int(away > limit)
                roamed[y, x] |= away > far and not key_frame[n]
                since += int(roamed[y, x])
        out[0, n], out[1, n] = adrift / (rows * columns), since / (rows * columns)
        if out[0, n] > DRIFT_RESET or out[1, n] > ROAM_RESET:
            anchor[:, :] = thumbs[n]
            roamed[:, :] = False
