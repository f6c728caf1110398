"""The clean natural clips that fixtures are made of (``evals/media/LICENSES.md``)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from evals.writer import Picture

__all__ = ["CITY", "MEADOW", "read_pictures", "read_rate", "read_samples"]

MEDIA = Path(__file__).parent / "media"
MEADOW = MEDIA / "meadow.mp4"
CITY = MEDIA / "city.mp4"


def read_pictures(path: Path) -> Iterator[Picture]:
    """The decoded pictures of an 8-bit 4:2:0 clip, in the order of presentation."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            planes = [
                np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width].copy()
                for plane in frame.planes
            ]
            yield Picture(*planes)


def read_rate(path: Path) -> Fraction:
    """Pictures a second, as the container declares them."""
    with av.open(str(path)) as container:
        return Fraction(container.streams.video[0].average_rate or 25)


def read_samples(path: Path) -> tuple[NDArray[np.float32], int]:
    """The decoded samples of the first audio track, (channels, n), and their rate in Hz."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp")
        blocks = [
            block.to_ndarray() for frame in container.decode(audio=0) for block in resampler.resample(frame)
        ]
        return np.concatenate(blocks, axis=1), container.streams.audio[0].rate
