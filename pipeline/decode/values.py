"""What decoding yields, in time order: pictures, sounds, loudness readings (and faults)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decoded", "LoudnessReading", "Picture", "Plane", "Sound"]

from pipeline.model import Fault

Plane = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width); a view of the decoder's own memory, valid as long as it is referenced."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture.

    ``luma`` is (height, width); ``u`` and ``v`` are the chroma planes at their own size, or None for
    grey. Codes run to ``2**bits - 1``; ``full_range`` says that black is 0 and not 16/255.
    ``duration_s`` is what the container says, or the nominal frame period. ``interlaced`` says that
    the stream declares this picture to be two fields, ``top_first`` which of them is shown first (None
    where that is not said). ``matrix`` is the code of ITU-T H.273 for how colours are made of Y, U and
    V: 1 for BT.709, 5 and 6 for BT.601, 2 where that is not said.
    """

    stream: str
    start_s: float
    duration_s: float
    luma: Plane
    u: Plane | None
    v: Plane | None
    bits: int
    full_range: bool
    key_frame: bool
    corrupt: bool
    interlaced: bool = False
    top_first: bool | None = None
    matrix: int = 2


@dataclass(frozen=True, slots=True)
class Sound:
    """One run of samples: (channels, samples) float32, full scale at 1.0.

    ``full_scale`` is the largest value that the source's sample format can hold, less a hair.
    """

    stream: str
    start_s: float
    rate_hz: int
    samples: NDArray[np.float32]
    full_scale: float
    layout: str


@dataclass(frozen=True, slots=True)
class LoudnessReading:
    """Loudness at one step of 100 ms (EBU Tech 3341): momentary over 400 ms, short-term over 3 s."""

    stream: str
    start_s: float
    end_s: float
    momentary_lufs: float
    short_term_lufs: float


Decoded = Picture | Sound | LoudnessReading | Fault
