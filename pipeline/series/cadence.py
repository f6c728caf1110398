"""How a picture follows the one before: shown again, a jump of what moves, or a hole in the stamps.

A picture can only be judged when some of those after it are known. So the columns of a row speak of
the picture ``AHEAD`` rows before it, whose time is in ``judged_s`` and ``judged_end_s``; the last few
pictures of a stream are not judged.

What is odd is told from what is usual by share, not by pattern: a telecined film, animation on twos,
25 pictures in 50 and a silent film at 16 a second all repeat pictures all the time, some of them in
no exact rhythm. Each shot learns its own share of repeats and of jumps, and only an excess is odd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.series.camera import (
    BEHIND,
    CHANGE,
    CUT,
    DOWN,
    FIELDS,
    FIT,
    HOLE,
    JUMP,
    JUMP_TIMES,
    MOTION,
    REPEAT,
    RIGHT,
    SEEN_AHEAD,
    SPEED,
    START,
    STEP,
    TELLS,
    TYPICAL,
    jump,
    stands,
    usual_speed,
)

__all__ = ["AHEAD", "CADENCE_COLUMNS", "Cadence"]

CADENCE_COLUMNS: Mapping[str, str] = {
    "judged_s": "s",
    "judged_end_s": "s",
    "repeat": "0 to 2",
    "jump": "steps",
    "hole": "pictures",
    "hole_s": "s",
    "repeat_excess": "share",
    "jump_excess": "share",
    "hole_excess": "share",
    "mean_step_s": "s",
}
"""``repeat``, ``jump`` and ``hole``: whether the picture is the one before again (2: and the next one goes
twice as far, to catch up); how many times as far as around it the camera goes at once (0: no jump); how
many pictures its stamp leaves out (0: none), and how long that is. Each has its ``_excess``: the share of
such pictures around it, less one and a half times what the shot had before; -1 while nothing moves, or
too little of the shot is known. ``mean_step_s`` is the mean step over the last ``MEAN_OF`` pictures, up to
the row's own; NaN while there are fewer."""

MEAN_OF = 48
AHEAD = 11
"""Rows after a picture that are known when it is judged: 5 to see it, and 6 more to see its company."""
KEPT = AHEAD + BEHIND + 4
REPEAT_OF_MOTION = 0.14
"""A repeat changes by less than this share of what moving pictures change by: coding noise alone."""
MOTION_RANK = 0.8
BESIDE_OF_MOTION = 0.5
LEAST_MOTION = 0.45
"""Levels a picture that moving pictures must change by before anything can be told among them."""
STILL_MOTION = 2.0
"""So many where the camera does not move: below, coders that refresh a still shot now and then look as if
it moved by fits and starts."""
STEADY_MOTION, MOTION_S = 0.2, 1.0
"""Motion must go on at this share of the shot's own: a scene that comes to rest does not stutter."""
CUT_LEVEL, CUT_OF_MOTION = 10.0, 3.5
"""A cut changes by this many levels, and this many times more than the pictures around it."""
EVEN_STEP, EVEN_SHARE, HOLE_STEPS = 0.2, 0.6, 1.6
OWN_S = 4.0
"""Time constant in which a shot's own share is learnt, four times slower where there is an excess."""
LEAST_KNOWN = 10.0
"""Moving pictures of a shot that must be known before any is odd."""
OWN_FACTOR = 1.5
ODD_EXCESS = 0.04
"""From here on the shot is in trouble, and what it does is hardly learnt."""
CAUGHT_UP = 2.0


@dataclass(slots=True)
class Cadence:
    """The state behind ``CADENCE_COLUMNS`` of one video stream; fed in order, in blocks of any size."""

    _rows: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, FIELDS)))
    _own: NDArray[np.float64] = field(default_factory=lambda: np.zeros(5))
    _starts: NDArray[np.float64] = field(default_factory=lambda: np.full(MEAN_OF, np.nan))
    _light: float = np.nan

    def columns(
        self,
        start_s: NDArray[np.float64],
        step_s: NDArray[np.float64],
        typical_s: NDArray[np.float64],
        cut: NDArray[np.bool_],
        measured: Mapping[str, NDArray[np.floating]],
    ) -> dict[str, NDArray[np.float64]]:
        """``CADENCE_COLUMNS``, each (n,), from columns (n,); of ``measured`` those of change and movement.

        What all of a picture changes by together, in a fade or a flash, is taken off: it is no motion.
        """
        light = np.asarray(measured["luma_mean"], np.float64)
        together = np.abs(np.diff(light, prepend=light[:1] if np.isnan(self._light) else self._light))
        change = np.nan_to_num(np.asarray(measured["change_mean"], np.float64), nan=255.0)
        rows = np.zeros((len(start_s), FIELDS))
        rows[:, START], rows[:, STEP], rows[:, TYPICAL] = start_s, step_s, typical_s
        rows[:, CHANGE] = np.maximum(change - together, 0.0)
        rows[:, RIGHT], rows[:, DOWN] = measured["shift_x"], measured["shift_y"]
        rows[:, SPEED] = np.hypot(rows[:, RIGHT], rows[:, DOWN])
        rows[:, FIT], rows[:, CUT] = measured["shift_fit"], cut
        seen = np.concatenate([self._rows, rows])
        out = np.zeros((len(CADENCE_COLUMNS), len(rows)))
        _judge(seen, len(rows), self._own, out)
        starts = np.concatenate([self._starts, start_s])
        out[9] = (starts[MEAN_OF:] - starts[:-MEAN_OF]) / MEAN_OF
        self._rows, self._starts, self._light = seen[-KEPT:], starts[-MEAN_OF:], float(light[-1])
        return dict(zip(CADENCE_COLUMNS, out, strict=True))


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _motion(change):  # type: ignore[no-untyped-def]
    """What moving pictures change by: high among ``change`` (n,), for on fours only a quarter moves."""
    return np.sort(change)[int(MOTION_RANK * (len(change) - 1))]


@_fast
def _see(rows, at):  # type: ignore[no-untyped-def]
    """Fill the fields of the row ``at`` that hang on its company: ``REPEAT`` to ``TELLS``."""
    first = max(0, at - BEHIND)
    change = rows[first : at + SEEN_AHEAD + 1, CHANGE]
    motion = _motion(change)
    here = at - first
    rows[at, MOTION] = motion
    if change[here] > max(CUT_LEVEL, CUT_OF_MOTION * motion):
        rows[at, CUT] = 1.0
    if motion < LEAST_MOTION or here < 4:
        return
    moves = change >= REPEAT_OF_MOTION * motion
    usual = usual_speed(rows, at, moves)
    times = jump(rows, at, usual)
    if rows[at, CUT] > 0:
        # Where the camera goes on in its direction, there is a jump and no other shot.
        if times == 0.0:
            return
        rows[at, CUT] = 0.0
    # Pictures that move must stand on both sides, or the scene only begins or ends to move.
    left, right = change[max(0, here - SEEN_AHEAD) : here].max(), change[here + 1 :].max()
    if min(left, right) < BESIDE_OF_MOTION * motion:
        return
    rows[at, TELLS] = 1.0 if usual > 0.0 or motion >= STILL_MOTION else 0.0
    if not moves[here] or stands(rows, at, usual):
        rows[at, REPEAT] = CAUGHT_UP if usual > 0.0 and rows[at + 1, SPEED] >= JUMP_TIMES * usual else 1.0
        return
    # Behind a repeat the picture only catches up.
    if rows[at - 1, REPEAT] == 0.0:
        rows[at, JUMP] = times
    steps = rows[first : at + SEEN_AHEAD + 1, STEP] / rows[at, TYPICAL]
    if steps[here] > HOLE_STEPS and (np.abs(steps - 1.0) <= EVEN_STEP).mean() >= EVEN_SHARE:
        rows[at, HOLE] = steps[here] - 1.0


@_fast
def _compare(rows, at, own, excess):  # type: ignore[no-untyped-def]
    """Fill ``excess`` (3,) for the picture of row ``at``, and learn from it.

    ``own`` holds what the shot has shown: its weight, its share of repeats, jumps and holes, its motion.
    """
    excess[:] = -1.0
    if rows[at, CUT] > 0:
        own[:] = 0.0
        return
    if rows[at, MOTION] < LEAST_MOTION:
        return
    first = max(0, at - BEHIND)
    near = rows[first : at + AHEAD - SEEN_AHEAD + 1]
    odd = False
    if own[0] >= LEAST_KNOWN and near[:, CHANGE].mean() >= STEADY_MOTION * own[4]:
        for n in range(3):
            excess[n] = (near[:, REPEAT + n] > 0).mean() - OWN_FACTOR * own[1 + n]
            odd = odd or excess[n] >= ODD_EXCESS
    limit = OWN_S / max(rows[at, TYPICAL], 0.001)
    rate = (0.25 if odd else 1.0) / min(limit, own[0] + 1.0)
    for n in range(3):
        own[1 + n] += rate * ((1.0 if rows[at, REPEAT + n] > 0 else 0.0) - own[1 + n])
    own[4] += max(rate, rows[at, TYPICAL] / MOTION_S) * (rows[at, CHANGE] - own[4])
    own[0] = min(own[0] + 1.0, limit)
    if rows[at, TELLS] == 0.0:
        excess[0] = -1.0


@_fast
def _judge(rows, count, own, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (10, count) for the last ``count`` of ``rows`` (n, FIELDS)."""
    for n in range(count):
        last = len(rows) - count + n
        if last >= SEEN_AHEAD:
            _see(rows, last - SEEN_AHEAD)
        at = last - AHEAD
        if at < 0:
            out[:2, n] = rows[0, START]
            out[6:9, n] = -1.0
            continue
        out[0, n], out[1, n] = rows[at, START], rows[at + 1, START]
        out[2, n], out[3, n], out[4, n] = rows[at, REPEAT], rows[at, JUMP], rows[at, HOLE]
        out[5, n] = rows[at, HOLE] * rows[at, TYPICAL]
        _compare(rows, at, own, out[6:9, n])
