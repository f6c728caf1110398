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

__all__ = ["AHEAD", "CADENCE_COLUMNS", "Cadence"]

CADENCE_COLUMNS: Mapping[str, str] = {
    "judged_s": "s",
    "judged_end_s": "s",
    "repeat": "0 or 1",
    "jump": "steps",
    "hole": "pictures",
    "hole_s": "s",
    "repeat_excess": "share",
    "jump_excess": "share",
    "hole_excess": "share",
    "mean_step_s": "s",
}
"""``repeat``, ``jump`` and ``hole``: whether the picture is the one before again; how many times the change
of the pictures around it makes at once (0: no jump); how many pictures its stamp leaves out (0: none), and
how long that is. Each has its ``_excess``: the share of such pictures around it, less one and a half times
what the shot had before; -1 while nothing moves, or too little of the shot is known. ``mean_step_s`` is the
mean step over the last ``MEAN_OF`` pictures, up to the row's own; NaN while there are fewer."""

MEAN_OF = 48
AHEAD = 11
"""Rows after a picture that are known when it is judged: 5 to see it, and 6 more to see its company."""
SEEN_AHEAD = 5
BEHIND = 12
KEPT = AHEAD + BEHIND + 4
FIELDS = 12
REPEAT_OF_MOTION = 0.14
"""A repeat changes by less than this share of what moving pictures change by: coding noise alone."""
MOTION_RANK = 0.8
BESIDE_OF_MOTION = 0.5
LEAST_MOTION = 0.45
"""Levels a picture that moving pictures must change by before repeats can be told among them."""
STEADY_MOTION, MOTION_S = 0.2, 1.0
"""Motion must go on at this share of the shot's own: a scene that comes to rest does not stutter."""
CUT_LEVEL, CUT_OF_MOTION = 10.0, 3.5
"""A cut changes by this many levels, and this many times more than the pictures around it."""
STANDS_CHANGE, STANDS_STEPS, STANDS_ALIKE = 0.6, 0.3, 0.4
"""A repeat that is coded anew changes by less than this share of its neighbours, and goes less than this
share of their steps; the two steps beside it are alike (cosine)."""
JUMP_CHANGE, JUMP_MOST = 1.35, 4.0
"""A jump changes by this many times what the pictures around it do: two steps at once make 1.4 to 2."""
JUMP_BEHIND = 7
EVEN, EVEN_SHARE = 0.2, 0.6
"""That is telling where motion is even: this share of the pictures around within 20 % of their median."""
JUMP_ALIKE = 0.2
"""Cosine between the step of a jump and the steps beside it: what jumps goes on in its direction."""
LEAST_THUMB = 0.08
"""Levels (root mean square) a thumbnail must change by before its direction means something."""
HOLE_STEPS = 1.6
OWN_S = 4.0
"""Time constant in which a shot's own share is learnt, four times slower where there is an excess."""
LEAST_KNOWN = 10.0
"""Moving pictures of a shot that must be known before any is odd."""
OWN_FACTOR = 1.5
ODD_EXCESS = 0.08
"""From here on the shot is in trouble, and what it does is hardly learnt: two of some twenty pictures."""


@dataclass(slots=True)
class Cadence:
    """The state behind ``CADENCE_COLUMNS`` of one video stream; fed in order, in blocks of any size."""

    _rows: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, FIELDS)))
    _thumbs: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    _own: NDArray[np.float64] = field(default_factory=lambda: np.zeros(5))
    _starts: NDArray[np.float64] = field(default_factory=lambda: np.full(MEAN_OF, np.nan))

    def columns(
        self,
        start_s: NDArray[np.float64],
        step_s: NDArray[np.float64],
        typical_s: NDArray[np.float64],
        change: NDArray[np.floating],
        cut: NDArray[np.bool_],
        thumbs: NDArray[np.uint16],
    ) -> dict[str, NDArray[np.float64]]:
        """``CADENCE_COLUMNS``, each (n,), from columns (n,) and thumbnails (n, 3, 18, 32)."""
        flat = thumbs.reshape(len(thumbs), -1).astype(np.float32) / 256
        # Two pictures before, for the steps to them; at the start of a stream the first one again.
        before = self._thumbs if len(self._thumbs) else np.repeat(flat[:1], 3, axis=0)
        known = np.concatenate([before, flat])
        steps = np.diff(known, axis=0)
        here = steps[2:]
        rows = np.zeros((len(flat), FIELDS))
        rows[:, 0], rows[:, 1], rows[:, 2] = start_s, step_s, typical_s
        rows[:, 3] = np.nan_to_num(change, nan=255.0)
        rows[:, 11] = cut
        for lag in range(3):
            rows[:, 4 + lag] = np.einsum("ij,ij->i", here, steps[2 - lag : len(steps) - lag]) / flat.shape[1]
        seen = np.concatenate([self._rows, rows])
        out = np.zeros((len(CADENCE_COLUMNS), len(rows)))
        _judge(seen, len(rows), self._own, out)
        starts = np.concatenate([self._starts, start_s])
        out[9] = (starts[MEAN_OF:] - starts[:-MEAN_OF]) / MEAN_OF
        self._rows, self._thumbs, self._starts = seen[-KEPT:], known[-3:], starts[-MEAN_OF:]
        return dict(zip(CADENCE_COLUMNS, out, strict=True))


_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def _motion(change):  # type: ignore[no-untyped-def]
    """What moving pictures change by: high among ``change`` (n,), for on fours only a quarter moves."""
    return np.sort(change)[int(MOTION_RANK * (len(change) - 1))]


@_fast
def _jump(rows, at, moves):  # type: ignore[no-untyped-def]
    """How many times the change of the pictures around it the picture of row ``at`` makes; 0 for no jump.

    ``moves`` (n,) says of the pictures from ``at - n + SEEN_AHEAD + 1`` on which move. Change must stand
    out of changes that are even, and the thumbnail must go on in the direction of the steps beside it.
    """
    first = at + SEEN_AHEAD + 1 - len(moves)
    near = rows[max(first, at - JUMP_BEHIND) : at + SEEN_AHEAD + 1, 3][
        moves[max(0, at - JUMP_BEHIND - first) :]
    ]
    base = np.median(near)
    times = rows[at, 3] / base
    even = (np.abs(near - base) <= EVEN * base).mean()
    if times < JUMP_CHANGE or times > JUMP_MOST or even < EVEN_SHARE or rows[at, 4] < LEAST_THUMB**2:
        return 0.0
    after = 1 if moves[at + 1 - first] else 2
    to_left = rows[at, 5] / np.sqrt(rows[at, 4] * rows[at - 1, 4])
    to_right = rows[at + after, 4 + after] / np.sqrt(rows[at, 4] * rows[at + after, 4])
    return times if 0.5 * (to_left + to_right) >= JUMP_ALIKE else 0.0


@_fast
def _stands(rows, at):  # type: ignore[no-untyped-def]
    """Whether a picture is a repeat that a coarse encoder has refined.

    It changes much less than both its neighbours, and not the way in which they both move.
    """
    change, left, right = rows[:, 3], rows[at - 1, 4], rows[at + 1, 4]
    if change[at] > STANDS_CHANGE * min(change[at - 1], change[at + 1]) or min(left, right) < LEAST_THUMB**2:
        return False
    together = rows[at + 1, 6] / np.sqrt(left * right)
    return together >= STANDS_ALIKE and max(rows[at, 5] / left, rows[at + 1, 5] / right) <= STANDS_STEPS


@_fast
def _see(rows, at):  # type: ignore[no-untyped-def]
    """Fill fields 7 to 11 of the row ``at``: repeat, jump, hole, motion around it, cut."""
    first = max(0, at - BEHIND)
    change = rows[first : at + SEEN_AHEAD + 1, 3]
    motion = _motion(change)
    here = at - first
    rows[at, 10] = motion
    if change[here] > max(CUT_LEVEL, CUT_OF_MOTION * motion):
        rows[at, 11] = 1.0
    if motion < LEAST_MOTION or here < 4:
        return
    moves = change >= REPEAT_OF_MOTION * motion
    for n in range(max(here - SEEN_AHEAD, 4), len(moves) - 1):
        if moves[n] and _stands(rows, first + n):
            moves[n] = False
    if rows[at, 11] > 0:
        # What goes on in its direction, and as evenly as before, is a jump and no other shot.
        if not moves[here - 1] or _jump(rows, at, moves) == 0:
            return
        rows[at, 11] = 0.0
    # Pictures that move must stand on both sides, or the scene only begins or ends to move.
    left, right = change[max(0, here - SEEN_AHEAD) : here].max(), change[here + 1 :].max()
    if min(left, right) < BESIDE_OF_MOTION * motion:
        return
    rows[at, 7] = 0.0 if moves[here] else 1.0
    if moves[here]:
        # Behind a repeat the picture only catches up.
        if moves[here - 1]:
            rows[at, 8] = _jump(rows, at, moves)
        steps = rows[first : at + SEEN_AHEAD + 1, 1] / rows[at, 2]
        if steps[here] > HOLE_STEPS and (np.abs(steps - 1.0) <= EVEN).mean() >= EVEN_SHARE:
            rows[at, 9] = steps[here] - 1.0


@_fast
def _compare(rows, at, own, excess):  # type: ignore[no-untyped-def]
    """Fill ``excess`` (3,) for the picture of row ``at``, and learn from it.

    ``own`` holds what the shot has shown: its weight, its share of repeats, jumps and holes, its motion.
    """
    excess[:] = -1.0
    if rows[at, 11] > 0:
        own[:] = 0.0
        return
    if rows[at, 10] < LEAST_MOTION:
        return
    first = max(0, at - BEHIND)
    near = rows[first : at + AHEAD - SEEN_AHEAD + 1]
    odd = False
    if own[0] >= LEAST_KNOWN and near[:, 3].mean() >= STEADY_MOTION * own[4]:
        for n in range(3):
            excess[n] = (near[:, 7 + n] > 0).mean() - OWN_FACTOR * own[1 + n]
            odd = odd or excess[n] >= ODD_EXCESS
    limit = OWN_S / max(rows[at, 2], 0.001)
    rate = (0.25 if odd else 1.0) / min(limit, own[0] + 1.0)
    for n in range(3):
        own[1 + n] += rate * ((1.0 if rows[at, 7 + n] > 0 else 0.0) - own[1 + n])
    own[4] += max(rate, rows[at, 2] / MOTION_S) * (rows[at, 3] - own[4])
    own[0] = min(own[0] + 1.0, limit)


@_fast
def _judge(rows, count, own, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (10, count) for the last ``count`` of ``rows`` (n, FIELDS).

    A row: start, step, usual step (s), change (levels), dot products of the step of the thumbnail with
    itself and with the two before (levels squared a cell), and what ``_see`` says of it.
    """
    for n in range(count):
        last = len(rows) - count + n
        if last >= SEEN_AHEAD:
            _see(rows, last - SEEN_AHEAD)
        at = last - AHEAD
        if at < 0:
            out[:2, n] = rows[0, 0]
            out[6:9, n] = -1.0
            continue
        out[0, n], out[1, n] = rows[at, 0], rows[at + 1, 0]
        out[2:5, n] = rows[at, 7:10]
        out[5, n] = rows[at, 9] * rows[at, 2]
        _compare(rows, at, own, out[6:9, n])
