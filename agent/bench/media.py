"""The media that are measured: made once from the sample clips, kept in the user's cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
import platformdirs
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from pipeline.errors import UsageError

__all__ = [
    "FAULTY_SHARE",
    "FULL_HD",
    "SHAPES",
    "Shape",
    "natural_clip",
    "natural_path",
    "sample",
    "troubled",
]

RATE = 25
DURATION_S = 20
GOP = 2 * RATE
GRAIN = 3.0
"""Standard deviation of the grain in codes: what upscaling took from the picture, a camera adds."""
FAULTS_S = {"black": (4.0, 6.4), "freeze": (12.0, 15.6)}
"""What is wrong with a faulty clip, and when."""
CLEAN_TO_A_FAULTY = 5
FAULTY_SHARE = sum(end_s - start_s for start_s, end_s in FAULTS_S.values()) / (
    DURATION_S * (CLEAN_TO_A_FAULTY + 1)
)
"""The part of a troubled programme that is defective: 0.05."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size, bit rate and length of a clip; what others published for such a one, in seconds."""

    name: str
    width: int
    height: int
    bit_rate: int
    duration_s: float = DURATION_S
    suffix: str = ".mp4"
    lambda_s: float | None = None
    ec2_s: float | None = None


FULL_HD = Shape("1080p", 1920, 1080, 8_000_000)
SHAPES = (
    Shape("43 s of 1920x1080", 1920, 1080, 8_000_000, 43, ".mp4", 11, 32),
    Shape("6:49 of 2048x1152", 2048, 1152, 8_000_000, 409, ".mp4", 26, 144),
    Shape("59:56 of 1280x720", 1280, 720, 4_000_000, 3596, ".mp4", 86, 1073),
    Shape("7:45 of 2560x1440", 2560, 1440, 12_000_000, 465, ".mp4", 35, 432),
    Shape("62 s of 3840x1606", 3840, 1606, 24_000_000, 62, ".mp4", 112, 157),
    Shape("57:57 of 1280x718 in Matroska", 1280, 718, 4_000_000, 3477, ".mkv", 185, 4320),
)
"""Lengths and sizes of a published table of a serverless transcoder: what its functions took, in many
at once, and what one machine of type t2.large did. The bit rates are ours: the table has none."""


def natural_path(shape: Shape, *, faulty: bool = False) -> Path:
    """Where the clip of ``natural_clip`` is kept once it is made."""
    kind = "faulty" if faulty else "natural"
    name = f"{kind}-{shape.width}x{shape.height}-{shape.bit_rate // 1000}k-{RATE}-1.mp4"
    return Path(platformdirs.user_cache_dir("vidette")) / "bench" / name


def sample(name: str) -> Path:
    """A sample clip: of the installed package, or of the checkout.

    Raises:
        UsageError: neither has it.
    """
    here = Path(__file__).resolve()
    places = (here.parent / "media" / name, here.parents[2] / "evals" / "media" / name)
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise UsageError(f"the sample clip {name} is not installed: give a clip of your own with --clip")
    return found


def troubled(shape: Shape) -> list[Path]:
    """Clips that make, in turn, a programme of which ``FAULTY_SHARE`` is black or frozen."""
    return [natural_clip(shape)] * CLEAN_TO_A_FAULTY + [natural_clip(shape, faulty=True)]


def natural_clip(shape: Shape, *, faulty: bool = False) -> Path:
    """20 s of natural pictures and sound at the size and bit rate of ``shape``, made on the first call.

    25 pictures a second, H.264 High with a GOP of 2 s and B-frames, and stereo AAC, in MP4. A ``faulty``
    one is black for a while, and frozen for a while.
    """
    target = natural_path(shape, faulty=faulty)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        # Another process may be making it too: whoever ends last puts the same clip in place.
        part = target.with_name(f"{os.getpid()}-{target.name}")
        _make_natural(part, shape, faulty)
        part.replace(target)
    return target


def _make_natural(target: Path, shape: Shape, faulty: bool) -> None:
    meadow, city = sample("meadow.mp4"), sample("city.mp4")
    coding = {"preset": "fast", "maxrate": str(shape.bit_rate), "bufsize": str(2 * shape.bit_rate)}
    with av.open(str(target), "w", format="mp4") as output:
        video = output.add_stream("libx264", rate=RATE, options=coding)
        video.width, video.height, video.pix_fmt = shape.width, shape.height, "yuv420p"
        video.bit_rate, video.codec_context.gop_size = shape.bit_rate, GOP
        sound = output.add_stream("aac", rate=48_000, layout="stereo")
        for packet in _copied_sound(meadow):
            output.mux(sound.encode(packet))
        output.mux(sound.encode(None))
        frames = islice(_frames(shape, city, meadow), DURATION_S * RATE)
        for index, frame in enumerate(_spoilt(frames) if faulty else frames):
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))


def _frames(shape: Shape, *clips: Path) -> Iterator[VideoFrame]:
    """The clips' pictures, scaled up, under grain that never repeats in place."""
    rng = np.random.default_rng(1)
    size = (shape.height, shape.width)
    grain = rng.normal(0.0, GRAIN, size).round().astype(np.int16)
    for clip in cycle(clips):
        with av.open(str(clip)) as source:
            for frame in source.decode(video=0):
                large = frame.reformat(shape.width, shape.height, "yuv420p", interpolation="LANCZOS")
                shift = tuple(int(step) for step in rng.integers(0, shape.height, 2))
                _add_grain(large, np.roll(grain, shift, (0, 1)))
                yield large


def _spoilt(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """The frames with ``FAULTS_S``."""
    shown: VideoFrame | None = None
    for index, frame in enumerate(frames):
        wrong = {name for name, (start_s, end_s) in FAULTS_S.items() if start_s <= index / RATE < end_s}
        if "black" in wrong:
            for plane, code in zip(frame.planes, (16, 128, 128), strict=True):
                np.frombuffer(memoryview(plane), np.uint8)[:] = code
        shown = shown if shown is not None and "freeze" in wrong else frame
        yield shown


def _add_grain(frame: VideoFrame, grain: NDArray[np.int16]) -> None:
    plane = frame.planes[0]
    luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]
    luma[:] = np.clip(luma + grain, 16, 235).astype(np.uint8)


def _copied_sound(clip: Path) -> Iterator[av.AudioFrame]:
    with av.open(str(clip)) as source:
        for frame in source.decode(audio=0):
            if (frame.time or 0.0) >= DURATION_S:
                return
            yield frame
