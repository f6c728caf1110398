"""What a camera that moves says of a picture: shown again, or a jump. All by how far it goes.

The rows that are judged are arrays of floats, for numba; the names of their fields stand here.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = [
    "BEHIND",
    "CHANGE",
    "CUT",
    "DOWN",
    "FIELDS",
    "FIT",
    "HOLE",
    "JUMP",
    "JUMP_TIMES",
    "MOTION",
    "REPEAT",
    "RIGHT",
    "SEEN_AHEAD",
    "SPEED",
    "START",
    "STEP",
    "TELLS",
    "TYPICAL",
    "jump",
    "stands",
    "usual_speed",
]

START, STEP, TYPICAL, CHANGE, RIGHT, DOWN, SPEED, FIT = range(8)
"""Time, step and usual step (s); change (levels); how far the camera goes (samples), how well that fits."""
REPEAT, JUMP, HOLE, MOTION, CUT, TELLS = range(8, 14)
"""What is seen of a picture in its company, whether it begins a shot, and whether a repeat could be seen."""
FIELDS = 14

SEEN_AHEAD, BEHIND, JUMP_BEHIND = 5, 12, 7
"""How many rows of company a picture has."""
LEAST_SPEED = 0.5
"""Samples a picture by which a camera must move before its steps can be compared."""
LEAST_KNOWN, KNOWN_SHARE, EVEN = 4, 0.6, 0.5
"""Steps that must be known, and their share; and the share of them that are even: within this part of their
median. A camera that shakes moves by no even steps."""
STANDS_SPEED, STANDS_CHANGE, BESIDE_SPEED = 0.25, 0.6, 0.5
"""A repeat that is coded anew goes less than this share of the usual step, and changes less than this share
of what its neighbours do, which go at least this share of it."""
JUMP_TIMES, JUMP_FIT = 1.7, 0.5
"""A jump goes so many times as far as the pictures around it: two steps at once go twice as far. Two shots
that have nothing to do with each other fit worse: 0.2 to 0.3."""
LARGE_TIMES, JUMP_SAMPLES = 2.6, 3.0
"""Below so many times it must go so many samples farther: what is moved by pairs of whole samples, as
drawings and titles are, goes now one pair and now two."""
ALONE, ALIKE = 0.62, 0.5
"""The steps beside a jump go at most this share of it, and one of them in its direction (cosine)."""

_fast = njit(nogil=True, cache=True, error_model="numpy")


@_fast
def usual_speed(rows, at, moves):  # type: ignore[no-untyped-def]
    """How far the pictures around that of row ``at`` go, if the camera moves evenly; else 0.

    ``moves`` (n,) says of the pictures from ``at - n + SEEN_AHEAD + 1`` on which move.
    """
    first = at + SEEN_AHEAD + 1 - len(moves)
    speeds = np.empty(len(moves))
    count = known = 0
    for n in range(max(first, at - JUMP_BEHIND), at + SEEN_AHEAD + 1):
        if n == at or not moves[n - first] or rows[n, CUT] > 0:
            continue
        count += 1
        if rows[n, SPEED] >= 0.0:
            speeds[known] = rows[n, SPEED]
            known += 1
    if known < LEAST_KNOWN or known < KNOWN_SHARE * count:
        return 0.0
    usual = np.median(speeds[:known])
    even = (np.abs(speeds[:known] - usual) <= EVEN * usual).mean()
    return usual if usual >= LEAST_SPEED and even >= KNOWN_SHARE else 0.0


@_fast
def _alike(rows, a, b):  # type: ignore[no-untyped-def]
    """Whether the camera goes in one direction at two pictures."""
    both = rows[a, SPEED] * rows[b, SPEED]
    return both > 0.0 and rows[a, RIGHT] * rows[b, RIGHT] + rows[a, DOWN] * rows[b, DOWN] >= ALIKE * both


@_fast
def jump(rows, at, usual):  # type: ignore[no-untyped-def]
    """How many times as far as ``usual`` the camera goes at the picture of row ``at``; 0 for no jump."""
    speed = rows[at, SPEED]
    if usual == 0.0 or not speed >= JUMP_TIMES * usual or rows[at, FIT] < JUMP_FIT:
        return 0.0
    if speed < LARGE_TIMES * usual and speed - usual < JUMP_SAMPLES:
        return 0.0
    alone = rows[at - 1, SPEED] <= ALONE * speed and rows[at + 1, SPEED] <= ALONE * speed
    goes_on = _alike(rows, at, at - 1) or _alike(rows, at, at + 1)
    return speed / usual if alone and goes_on else 0.0


@_fast
def stands(rows, at, usual):  # type: ignore[no-untyped-def]
    """Whether a picture is a repeat that an encoder has refined: the camera stands, and goes on as before."""
    if usual == 0.0 or not rows[at, SPEED] <= STANDS_SPEED * usual:
        return False
    if rows[at, CHANGE] > STANDS_CHANGE * min(rows[at - 1, CHANGE], rows[at + 1, CHANGE]):
        return False
    beside = min(rows[at - 1, SPEED], rows[at + 1, SPEED]) >= BESIDE_SPEED * usual
    return beside and _alike(rows, at - 1, at + 1)
