"""Writes media whose content is known to the sample, with the encoders inside the PyAV wheel.

Pictures are luma arrays or ``Picture`` planes, sounds are float arrays; both go to the encoder as
they are. The default codec settings are lossless for the picture and fast, so what a decoder hands
out is what was written, and the truth of a clip is exact. Nothing here depends on vidette itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

__all__ = ["AnyPacket", "Picture", "Plane", "Sound", "as_picture", "rotate_mp4", "write_clip"]

Plane = NDArray[np.uint8] | NDArray[np.uint16]
AnyPacket: TypeAlias = "Packet[Any]"

LOSSLESS: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "ultrafast", "qp": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "lossless=1:log-level=error:pools=1"},
    "ffv1": {"level": "3"},
    "mpeg2video": {"qscale": "1"},
}
SOUND_CODEC: Mapping[str, str] = {".mp4": "aac", ".ts": "aac", ".flv": "aac", ".webm": "libopus"}
LAYOUTS: Mapping[int, str] = {1: "mono", 2: "stereo", 3: "2.1", 6: "5.1", 8: "7.1"}
CHROMA_STEP: Mapping[str, tuple[int, int]] = {"420": (2, 2), "422": (1, 2), "444": (1, 1)}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as three planes of one dtype: uint8, or uint16 for 10 bit. Chroma may be 4:4:4."""

    luma: Plane
    cb: Plane
    cr: Plane


@dataclass(frozen=True, slots=True)
class Sound:
    """One audio track: ``samples`` is (channels, n) float, full scale 1.0; ``start_s`` delays it."""

    samples: NDArray[np.float32]
    rate_hz: int = 48_000
    codec: str | None = None
    layout: str | None = None
    language: str | None = None
    start_s: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Coding:
    """How the picture is coded: the same for every encoder of one stream."""

    codec: str
    rate: Fraction
    ticks: Fraction
    pixel_format: str
    full_range: bool
    gop: int
    options: Mapping[str, str]
    suffix: str


def as_picture(picture: Picture | Plane) -> Picture:
    """A luma plane (height, width) as a picture without colour; a ``Picture`` as it is."""
    if isinstance(picture, Picture):
        return picture
    grey = np.full_like(picture, 512 if picture.dtype == np.uint16 else 128)
    return Picture(picture, grey, grey)


def write_clip(
    path: Path,
    *,
    rate: Fraction | int = Fraction(25),
    pictures: Iterable[Picture | Plane] = (),
    sound: Sound | Sequence[Sound] = (),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    full_range: bool = False,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    gop: int = 25,
    options: Mapping[str, str] | None = None,
    container: str | None = None,
    container_options: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Writes a clip and hands back its path; the format is that of the suffix or ``container``.

    ``pts`` are in ticks of ``time_base`` (default 1/90000), strictly rising, one for each picture;
    without them picture ``i`` is shown at ``i / rate``. A picture of another size starts a new
    coded sequence in the same stream (``.ts`` and ``.h264`` only). ``options`` replace the codec's
    lossless defaults. Tracks without a codec of their own are AAC in MP4, TS and FLV, Opus in
    WebM, and 16-bit PCM elsewhere. AAC carries 1024 samples of priming before its first sample: MP4
    hides them with an edit list; in TS the input begins with them, so all else is 1024 samples
    later. Matroska rounds time stamps to milliseconds. Raises ValueError for what a format cannot
    carry.
    """
    first, rest = _peek(pictures)
    sounds = (sound,) if isinstance(sound, Sound) else tuple(sound)
    ticks = time_base or (Fraction(1, 90_000) if pts is not None else 1 / Fraction(rate))
    chosen = LOSSLESS.get(codec, {}) if options is None else options
    coding = _Coding(codec, Fraction(rate), ticks, pixel_format, full_range, gop, chosen, path.suffix)
    with av.open(str(path), "w", format=container, options=dict(container_options or {})) as output:
        output.metadata.update(metadata or {})
        video = None if first is None else _add_video(output, first, coding)
        tracks = [_add_sound(output, track, path.suffix) for track in sounds]
        packets: list[AnyPacket] = []
        if video is not None and first is not None:
            packets += _encode_pictures(video, chain([first], rest), pts, coding)
        for stream, track in zip(tracks, sounds, strict=True):
            packets += _encode_sound(stream, track)
        output.mux(sorted(packets, key=_decode_time))
    return path


def rotate_mp4(path: Path, degrees: int) -> None:
    """Writes a display rotation (90, 180 or 270, clockwise) into the first track of an MP4 or MOV."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = struct.pack(">9i", cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    data = bytearray(path.read_bytes())
    box = data.index(b"tkhd")
    offset = box + 4 + (52 if data[box + 4] == 1 else 40)
    data[offset : offset + len(matrix)] = matrix
    path.write_bytes(data)


def _peek(pictures: Iterable[Picture | Plane]) -> tuple[Picture | None, Iterator[Picture]]:
    rest = iter(pictures)
    first = next(rest, None)
    return (None if first is None else as_picture(first)), (as_picture(item) for item in rest)


def _decode_time(packet: AnyPacket) -> Fraction:
    if packet.dts is None or packet.time_base is None:
        raise ValueError("the encoder left a packet without a time stamp")
    return packet.dts * packet.time_base


def _add_video(output: OutputContainer, first: Picture, coding: _Coding) -> VideoStream:
    stream = output.add_stream(coding.codec, rate=coding.rate, options=dict(coding.options))
    if not isinstance(stream, VideoStream):
        raise ValueError(f"{coding.codec} is not a video codec")
    stream.time_base = coding.ticks
    _set_up(stream.codec_context, first, coding)
    return stream


def _another_size(picture: Picture, coding: _Coding) -> VideoCodecContext:
    if coding.suffix not in (".ts", ".h264"):
        raise ValueError(f"a {coding.suffix} file cannot carry pictures of several sizes")
    encoder = av.CodecContext.create(coding.codec, "w")
    if not isinstance(encoder, VideoCodecContext):
        raise ValueError(f"{coding.codec} is not a video codec")
    encoder.options = dict(coding.options)
    encoder.framerate = coding.rate
    _set_up(encoder, picture, coding)
    return encoder


def _set_up(encoder: VideoCodecContext, first: Picture, coding: _Coding) -> None:
    encoder.height, encoder.width = first.luma.shape
    encoder.pix_fmt = coding.pixel_format
    encoder.time_base = coding.ticks
    encoder.gop_size = coding.gop
    encoder.max_b_frames = 0
    encoder.color_range = 2 if coding.full_range else 1
    encoder.thread_type = ThreadType.SLICE
    encoder.thread_count = 1


def _encode_pictures(
    stream: VideoStream, pictures: Iterable[Picture], pts: Sequence[int] | None, coding: _Coding
) -> list[AnyPacket]:
    encoder = stream.codec_context
    packets: list[AnyPacket] = []
    for index, picture in enumerate(pictures):
        if picture.luma.shape != (encoder.height, encoder.width):
            packets += _claimed(encoder.encode(None), stream)
            encoder = _another_size(picture, coding)
        frame = _video_frame(picture, encoder)
        frame.pts = index if pts is None else pts[index]
        frame.time_base = coding.ticks
        frame.duration = 1 if pts is None else _gap(pts, index)
        packets += _claimed(encoder.encode(frame), stream)
    return packets + _claimed(encoder.encode(None), stream)


def _gap(pts: Sequence[int], index: int) -> int:
    """Ticks that picture ``index`` stands; the last one stands as long as the one before it."""
    if len(pts) < 2:
        return 1
    at = min(index, len(pts) - 2)
    return pts[at + 1] - pts[at]


def _claimed(packets: Iterable[AnyPacket], stream: VideoStream | AudioStream) -> list[AnyPacket]:
    claimed = list(packets)
    for packet in claimed:
        packet.stream = stream
    return claimed


def _video_frame(picture: Picture, encoder: VideoCodecContext) -> VideoFrame:
    planar = encoder.pix_fmt or "yuv420p"
    step = next((steps for name, steps in CHROMA_STEP.items() if planar.startswith(f"yuv{name}p")), None)
    if step is None:
        planar, step = ("yuv444p10le" if picture.luma.dtype == np.uint16 else "yuv444p"), (1, 1)
    height, width = picture.luma.shape
    frame = VideoFrame(width, height, planar)
    for plane, values in zip(frame.planes, (picture.luma, picture.cb, picture.cr), strict=True):
        needs_step = plane.height != values.shape[0] or plane.width != values.shape[1]
        _fill(plane, values[:: step[0], :: step[1]] if needs_step else values)
    frame.color_range = encoder.color_range
    return frame if planar == encoder.pix_fmt else frame.reformat(format=encoder.pix_fmt)


def _fill(plane: av.video.plane.VideoPlane, values: Plane) -> None:
    if values.shape != (plane.height, plane.width):
        raise ValueError(f"a plane of {plane.width}x{plane.height} got values of shape {values.shape}")
    target = np.frombuffer(memoryview(plane), values.dtype).reshape(plane.height, -1)
    target[:, : plane.width] = values


def _add_sound(output: OutputContainer, track: Sound, suffix: str) -> AudioStream:
    codec = track.codec or SOUND_CODEC.get(suffix, "pcm_s16le")
    layout = track.layout or LAYOUTS[len(track.samples)]
    stream = output.add_stream(codec, rate=track.rate_hz, layout=layout, options=dict(track.options))
    if not isinstance(stream, AudioStream):
        raise ValueError(f"{codec} is not an audio codec")
    if track.language:
        stream.metadata["language"] = track.language
    return stream


def _encode_sound(stream: AudioStream, track: Sound, block: int = 1024) -> list[AnyPacket]:
    layout = stream.codec_context.layout.name
    start = round(track.start_s * track.rate_hz)
    packets: list[AnyPacket] = []
    for at in range(0, track.samples.shape[1], block):
        # Interleaved: PyAV counts the planes of eight channels and more wrongly.
        samples = np.ascontiguousarray(track.samples[:, at : at + block].T, dtype=np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
        frame.sample_rate = track.rate_hz
        frame.time_base = Fraction(1, track.rate_hz)
        frame.pts = start + at
        packets += _claimed(stream.encode(frame), stream)
    return packets + _claimed(stream.encode(None), stream)
