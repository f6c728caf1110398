"""Defects of the coded file: bytes and packets lost, time stamps moved, tracks cut off or missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from evals import remux
from evals.defects import Truth
from evals.detect.noises import runs_of
from evals.detect.values import Clip, Part
from evals.writer import AnyPacket

__all__ = [
    "audio_change",
    "damage_map",
    "damaged",
    "frame_rate",
    "lost_packets",
    "missing_track",
    "pts_gap",
    "skew",
    "truncated",
]

BLOCK = 16
VISIBLE_LEVELS = 12.0
VISIBLE_SHARE = 0.005
JOIN_S = 0.5
"""Damage that is gone for less than this is still the same damage."""


def pts_gap(source: Path, target: Path, part: Part) -> list[Truth]:
    """A hole of 1.2, 0.6 or 0.35 s in the time stamps of all tracks."""
    remux.gap(source, target, at_s=part.start_s, gap_s=part.pick(1.2, 0.6, 0.35))
    # What the file now holds says it to the frame; packets of some containers have no length.
    times = np.sort([time_s for time_s, _ in _decoded(target)])
    steps = np.diff(times)
    at = int(steps.argmax())
    return [Truth("pts_gap", "v:0", times[at] + float(np.median(steps)), times[at + 1], "gap")]


def skew(source: Path, target: Path, part: Part) -> list[Truth]:
    """Sound that begins and ends 600, 350 or 200 ms later than its picture, by the time stamps."""
    remux.offset(source, target, by_s=part.pick(0.6, 0.35, 0.2))
    return [Truth("av_skew", "a:0", 0.0, part.pick(0.6, 0.35, 0.2), "sound starts late")]


def truncated(source: Path, target: Path, part: Part) -> list[Truth]:
    """The file cut off; the truth begins where the last picture that is left ends."""
    share = part.pick(0.5, 0.7, 0.8)
    remux.truncate(source, target, share=share)
    with av.open(str(source)) as container:
        duration_s = (container.duration or 0) / av.time_base
    frames = [time_s for time_s, _ in _decoded(target)]
    step_s = frames[1] - frames[0] if len(frames) > 1 else 0.04
    return [Truth("truncated", "v:0", max(frames, default=0.0) + step_s, duration_s, "cut off")]


def missing_track(source: Path, target: Path, part: Part) -> list[Truth]:
    """A sound track that is declared and has not one packet."""

    def edit(packet: AnyPacket, time_s: float) -> AnyPacket | None:
        return packet if isinstance(packet.stream, VideoStream) else None

    end_s = remux.copy(source, target, edit)
    return [Truth("missing_track", "a:0", 0.0, end_s, "no packets")]


def damaged(source: Path, target: Path, part: Part) -> list[Truth]:
    """Bytes of the video packets overwritten; the truth is where the picture is then visibly broken."""
    share = part.pick(0.02, 0.006, 0.002)

    def edit(packet: AnyPacket, time_s: float) -> AnyPacket:
        if isinstance(packet.stream, VideoStream) and part.start_s <= time_s < part.end_s:
            return remux.with_bytes(packet, remux.overwritten(bytes(packet), share, part.rng))
        return packet

    _damage(source, target, edit)
    return damage_map(source, target, "overwritten bytes")


def lost_packets(source: Path, target: Path, part: Part) -> list[Truth]:
    """Packets of 1316 bytes (seven of MPEG-TS in UDP) lost, as IP networks lose them; key frames stay whole.

    Where a picture's bytes go missing they are cut out, as a depacketiser that notices nothing would.
    """
    chance = part.pick(0.3, 0.12, 0.05)

    def edit(packet: AnyPacket, time_s: float) -> AnyPacket:
        inside = part.start_s <= time_s < part.end_s
        if not isinstance(packet.stream, VideoStream) or not inside or packet.is_keyframe:
            return packet
        data = bytes(packet)
        if _is_av1(packet):
            # A file cannot hold a unit of AV1 that ends too soon: its second half is zeros.
            lost = part.rng.random() < 2 * chance
            return (
                remux.with_bytes(packet, data[: len(data) // 2].ljust(len(data), b"\0")) if lost else packet
            )
        pieces = [data[at : at + 1316] for at in range(0, len(data), 1316)]
        kept = [piece for n, piece in enumerate(pieces) if n == 0 or part.rng.random() > chance]
        if len(pieces) == 1 and part.rng.random() < chance:
            kept = [data[: max(24, len(data) // 2)]]
        return remux.with_bytes(packet, b"".join(kept))

    _damage(source, target, edit)
    return damage_map(source, target, "lost packets")


def _is_av1(packet: AnyPacket) -> bool:
    return bool(packet.stream.codec_context.codec.name == "libdav1d")


def _damage(source: Path, target: Path, edit: Callable[[AnyPacket, float], AnyPacket]) -> None:
    """Copies with edited packets; of AV1, whose muxer refuses broken units, in the file's own bytes."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.codec.name != "libdav1d":
            remux.copy(source, target, edit)
            return
        origin_s = (container.start_time or 0) / av.time_base
        data = bytearray(source.read_bytes())
        for packet in container.demux(stream):
            if packet.pts is None or packet.pos is None or packet.pos < 0 or not packet.size:
                continue
            changed = bytes(edit(packet, float(packet.pts * packet.time_base) - origin_s))
            data[packet.pos : packet.pos + packet.size] = changed[: packet.size].ljust(packet.size, b"\0")
    target.write_bytes(data)


def damage_map(whole: Path, broken: Path, kind: str) -> list[Truth]:
    """Where the damaged file looks visibly unlike the whole one, by decoding both.

    A picture is damaged where blocks of 16 x 16 that differ by more than 12 levels on average are more
    than 0.5 % of it. Pictures that the decoder of the damaged file does not give out are no damage seen.
    """
    step_s, expected = 0.04, dict(_decoded(whole))
    if len(expected) > 1:
        first, second = sorted(expected)[:2]
        step_s = second - first
    rows = []
    for time_s, luma in _decoded(broken):
        clean = expected.get(time_s)
        if clean is not None and clean.shape == luma.shape:
            rows.append((time_s, _visible_share(clean, luma) > VISIBLE_SHARE))
    rows.sort()
    bad = np.array([flag for _, flag in rows], bool)
    return [
        Truth("block_corruption", "v:0", rows[first][0], rows[stop - 1][0] + step_s, kind)
        for first, stop in runs_of(bad, round(JOIN_S / step_s))
    ]


def _visible_share(clean: NDArray[np.uint8], luma: NDArray[np.uint8]) -> float:
    """Share of the blocks that look different."""
    rows, columns = clean.shape[0] // BLOCK * BLOCK, clean.shape[1] // BLOCK * BLOCK
    change = np.abs(clean[:rows, :columns].astype(np.int16) - luma[:rows, :columns])
    blocks = change.reshape(rows // BLOCK, BLOCK, -1, BLOCK).mean(axis=(1, 3))
    return float((blocks > VISIBLE_LEVELS).mean())


def _decoded(path: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Time from the start of the input, to the microsecond, and luma of each picture that comes out."""
    with av.open(str(path)) as container:
        origin_s = (container.start_time or 0) / av.time_base
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in _frames(container.demux(stream), stream):
            if frame.pts is None or frame.time_base is None:
                continue
            plane = frame.planes[0]
            luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]
            yield round(float(frame.pts * frame.time_base) - origin_s, 6), luma.copy()


def _frames(packets: Iterator[AnyPacket], stream: VideoStream) -> Iterator[VideoFrame]:
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.EOFError):
            return
        except av.error.FFmpegError:
            continue
        try:
            yield from stream.decode(packet)
        except av.error.FFmpegError:
            continue


def frame_rate(clip: Clip, part: Part) -> list[Truth]:
    """Pictures that stand half a period and one and a half in turn, where a constant rate is declared."""
    frames = part.frames(clip)
    quarters = [4 * n for n in range(len(clip.pictures))]
    for n in frames:
        if (n - frames.start) % 2:
            quarters[n] += round(part.pick(2, 2, 1))
    clip.quarters = quarters
    return [Truth("frame_rate", "v:0", clip.frame_s(frames.start), clip.frame_s(frames.stop), "jitter")]


def audio_change(
    clip: Clip, part: Part, target: Path, write: Callable[[Clip, Path, float], None]
) -> list[Truth]:
    """Stereo that becomes mono half-way, in one transport stream."""
    cut = part.frames(clip).start
    at = round(cut * clip.rate_hz / clip.rate)
    first = Clip(clip.pictures[:cut], clip.rate, clip.samples[:, :at], clip.rate_hz)
    rest = Clip(clip.pictures[cut:], clip.rate, clip.samples[:1, at:], clip.rate_hz)
    parts = [target.with_suffix(f".{n}.ts") for n in (1, 2)]
    write(first, parts[0], 0.0)
    write(rest, parts[1], clip.frame_s(cut))
    target.write_bytes(b"".join(path.read_bytes() for path in parts))
    for path in parts:
        path.unlink()
    return [_first_of_another_layout(target)]


def _first_of_another_layout(path: Path) -> Truth:
    """The first frame of sound that has other channels than the one before, on the clock of the clip."""
    with av.open(str(path)) as container:
        pictures = container.streams.video[0]
        origin_s = float((pictures.start_time or 0) * (pictures.time_base or 1))
        channels = 0
        for frame in container.decode(audio=0):
            if frame.pts is None or frame.time_base is None:
                continue
            if channels and frame.layout.nb_channels != channels:
                at_s = float(frame.pts * frame.time_base) - origin_s
                kind = f"{channels} to {frame.layout.nb_channels} channels"
                return Truth("audio_change", "a:0", at_s, at_s + frame.samples / frame.sample_rate, kind)
            channels = frame.layout.nb_channels
    raise ValueError(f"{path.name}: the sound keeps its layout")
