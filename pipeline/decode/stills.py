"""A few pictures of an input, as small JPEGs: seek, decode, scale, turn upright, encode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pipeline.errors import VidetteError
from pipeline.source import media_streams, open_container

__all__ = ["Still", "grab"]

LATE_S = 0.0005
"""A picture this much after a wanted time still counts as on time: time stamps are rounded."""

NEAR_S = 1.0
"""Up to here it is cheaper to decode on than to seek back to a key frame."""

LEAD_IN_S = (0.0, 2.0, 6.0, 20.0)
"""How much earlier each further try seeks: an index can point past the picture that was asked for."""

JPEG_QUALITY = 4
"""The quantiser of the mjpeg encoder, 2 (best) to 31: 10 to 15 kB for 320 x 180 of a natural scene."""

MAX_STRIPE = 16
"""No still is taller than this many times its width, nor the other way round: 1 x 4320 is damage."""


@dataclass(frozen=True, slots=True)
class Still:
    """One picture: ``time_s`` is its own presentation time, ``jpeg`` a complete JFIF file."""

    time_s: float
    jpeg: bytes
    width: int
    height: int


Picture = tuple[float, VideoFrame]
"""A decoded picture and its time on the input's clock."""


class SeekFailed(Exception):
    """No picture at or before the wanted time could be reached by seeking."""


def grab(url: str, stream: str, times_s: Sequence[float], *, width: int = 320) -> list[Still]:
    """The pictures that are on show at ``times_s`` (seconds from the start of the input).

    Gives each picture once, in order of time; its longer side, upright and in square pixels, has
    ``width`` pixels. A time before the first picture gives none; one after the last gives the
    last. What cannot be opened, found or decoded gives an empty list, never an exception.
    """
    wanted = sorted({time_s for time_s in times_s if np.isfinite(time_s)})
    found: dict[float, Still] = {}
    with suppress(VidetteError, av.FFmpegError, OSError, ValueError, KeyError):
        for walk in (_by_seeking, _from_start):
            if not wanted:
                break
            with open_container(url) as container:
                video = media_streams(container)[stream]
                if not isinstance(video, VideoStream):
                    break
                video.thread_type = "AUTO"
                pixel_aspect = float(video.sample_aspect_ratio or 1)
                wanted = _collect(walk(container, video, wanted), found, pixel_aspect, width)
    return [found[time_s] for time_s in sorted(found)]


def _collect(
    walk: Iterator[tuple[float, Picture | None]], found: dict[float, Still], pixel_aspect: float, width: int
) -> list[float]:
    """Puts the stills of a walk into ``found``; gives the wanted times that it could not reach."""
    missing = []
    for want_s, picture in walk:
        if picture is None:
            missing.append(want_s)
        elif picture[0] not in found:
            found[picture[0]] = _still(*picture, pixel_aspect, width)
    return missing


def _by_seeking(
    container: InputContainer, video: VideoStream, wanted: Sequence[float]
) -> Iterator[tuple[float, Picture | None]]:
    """Each wanted time with the picture on show then, through key frames; None where none is."""
    pictures: Iterator[Picture] = iter(())
    shown: Picture | None = None
    coming: Picture | None = None
    for want_s in wanted:
        try:
            if shown is None or (coming is not None and want_s > coming[0] + NEAR_S):
                pictures = _land(container, video, want_s)
                shown, coming = next(pictures), next(pictures, None)
            while coming is not None and coming[0] <= want_s + LATE_S:
                shown, coming = coming, next(pictures, None)
        except SeekFailed:
            shown = coming = None
        yield want_s, shown


def _land(container: InputContainer, video: VideoStream, want_s: float) -> Iterator[Picture]:
    """Pictures from one at or before ``want_s`` on. Raises SeekFailed."""
    origin_s, duration_s = _origin_s(container), (container.duration or 0) / av.time_base
    for lead_in_s in LEAD_IN_S:
        goal_s = max(0.0, min(want_s, duration_s) - lead_in_s)
        try:
            container.seek(int((origin_s + goal_s) * av.time_base))
        except (av.FFmpegError, OSError) as exc:
            raise SeekFailed from exc
        pictures = _pictures(container, video, stamped=True)
        first = next(pictures, None)
        if first is not None and first[0] <= want_s + LATE_S:
            return chain([first], pictures)
    raise SeekFailed


def _from_start(
    container: InputContainer, video: VideoStream, wanted: Sequence[float]
) -> Iterator[tuple[float, Picture | None]]:
    """Each wanted time with the picture on show then, in one pass that ends with the last of them."""
    todo = list(wanted)
    shown: Picture | None = None
    for time_s, frame in _pictures(container, video, stamped=False) if todo else ():
        while todo and time_s > todo[0] + LATE_S:
            yield todo.pop(0), shown
        if not todo:
            return
        shown = time_s, frame
    for want_s in todo:
        yield want_s, shown


def _pictures(container: InputContainer, video: VideoStream, *, stamped: bool) -> Iterator[Picture]:
    """Pictures from here on, with their times.

    Raises SeekFailed where ``stamped`` is asked for and a picture has no time stamp: after a seek
    nobody can know where it belongs.
    """
    origin_s = _origin_s(container)
    step_s = 1.0 / float(video.guessed_rate or video.average_rate or 25)
    next_s = 0.0
    for frame in _frames(container, video):
        if stamped and frame.time is None:
            raise SeekFailed
        time_s = next_s if frame.time is None else round(frame.time - origin_s, 6) + 0.0
        next_s = time_s + step_s
        yield time_s, frame


def _frames(container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
    """Decoded pictures in order of presentation, until the container ends or can be read no more."""
    packets = container.demux(video)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError, IndexError):
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except (av.FFmpegError, OSError, ValueError, MemoryError):
            continue
        yield from (frame for frame in frames if isinstance(frame, VideoFrame))


def _origin_s(container: InputContainer) -> float:
    """Where the input's clock starts, in the container's own time."""
    return 0.0 if container.start_time is None else container.start_time / av.time_base


def _still(time_s: float, frame: VideoFrame, pixel_aspect: float, width: int) -> Still:
    """Scales to square pixels, turns upright, encodes."""
    quarter_turns = round(frame.rotation / 90) % 4
    wide, tall = _fit(frame, pixel_aspect, width, quarter_turns)
    rgb = frame.reformat(wide, tall, format="rgb24", interpolation=Interpolation.AREA).to_ndarray()
    upright = np.ascontiguousarray(np.rot90(rgb, quarter_turns), dtype=np.uint8)
    height, width = upright.shape[:2]
    return Still(time_s, _jpeg(upright), width, height)


def _fit(frame: VideoFrame, pixel_aspect: float, width: int, quarter_turns: int) -> tuple[int, int]:
    """Width and height before the turn, both even; the wider side of the result is ``width``."""
    display = frame.width * (pixel_aspect if 0.1 <= pixel_aspect <= 10 else 1.0) / frame.height
    display = min(max(display, 1 / MAX_STRIPE), float(MAX_STRIPE))
    upright = 1 / display if quarter_turns % 2 else display
    wide, tall = (width, width / upright) if upright >= 1 else (width * upright, width)
    sides = (tall, wide) if quarter_turns % 2 else (wide, tall)
    return _even(sides[0]), _even(sides[1])


def _even(length: float) -> int:
    """The nearest even whole number from 16 up: chroma is halved, and encoders want a macroblock."""
    return max(16, 2 * round(length / 2))


def _jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """``rgb``: (height, width, 3) uint8, as a JPEG file by FFmpeg's own encoder."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = rgb.shape[:2]
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"qmin": str(JPEG_QUALITY), "qmax": str(JPEG_QUALITY)}
    frame = VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuvj420p")
    frame.pts = 0
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
