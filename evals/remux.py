"""Defects of the coded stream, made by copying packets: nothing is decoded or encoded again.

Times are from the start of the input. Each function writes ``target`` and hands back the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from evals.defects import Truth
from evals.writer import AnyPacket

__all__ = ["copy", "damage", "gap", "offset", "overwritten", "truncate", "with_bytes"]


def damage(
    source: Path, target: Path, *, start_s: float, end_s: float, share: float = 0.02, seed: int = 0
) -> Truth:
    """Overwrites a ``share`` of the bytes of each video packet that is shown in [start_s, end_s).

    The damage is seen until the next key frame, so the truth ends there (or at the last packet).
    A decoder may conceal it (``corrupt_frame``) or give up on a picture (``decode_error``).
    """
    rng = np.random.default_rng(seed)
    touched: list[float] = []
    key_frames: list[float] = []

    def edit(packet: AnyPacket, time_s: float) -> AnyPacket:
        if not isinstance(packet.stream, VideoStream):
            return packet
        if start_s <= time_s < end_s:
            touched.append(time_s)
            return with_bytes(packet, overwritten(bytes(packet), share, rng))
        if time_s >= end_s and packet.is_keyframe:
            key_frames.append(time_s)
        return packet

    last_s = copy(source, target, edit)
    return Truth(
        "corrupt_frame", "v:0", min(touched, default=start_s), min(key_frames, default=last_s), "damage"
    )


def gap(source: Path, target: Path, *, at_s: float, gap_s: float) -> Truth:
    """Moves everything from ``at_s`` on later by ``gap_s``: a hole in the time stamps of all streams."""
    before: list[float] = [0.0]
    after: list[float] = []

    def edit(packet: AnyPacket, time_s: float) -> AnyPacket:
        if time_s >= at_s:
            _shift(packet, gap_s)
        if isinstance(packet.stream, VideoStream):
            if time_s >= at_s:
                after.append(time_s + gap_s)
            else:
                before.append(time_s + _length(packet))
        return packet

    copy(source, target, edit)
    return Truth("pts_gap", "v:0", max(before), min(after, default=max(before)), "gap")


def offset(source: Path, target: Path, *, by_s: float) -> Truth:
    """Shows all sound later by ``by_s`` than it belongs (a negative value: earlier)."""

    def edit(packet: AnyPacket, time_s: float) -> AnyPacket:
        if not isinstance(packet.stream, VideoStream):
            _shift(packet, by_s)
        return packet

    return Truth("av_skew", "a:0", 0.0, copy(source, target, edit), "offset")


def truncate(source: Path, target: Path, *, share: float) -> Truth:
    """Keeps the first ``share`` of the bytes; the truth says from where time is missing, roughly.

    An MP4 must have its index in front (``faststart``), else nothing of it can be opened.
    """
    with av.open(str(source)) as container:
        duration_s = (container.duration or 0) / av.time_base
    data = source.read_bytes()
    target.write_bytes(data[: round(len(data) * share)])
    return Truth("truncated", "*", duration_s * share, duration_s, "truncate")


def copy(source: Path, target: Path, edit: Callable[[AnyPacket, float], AnyPacket | None]) -> float:
    """Copies packet by packet through ``edit``, which may drop one (None).

    Hands back where the last one ends, in seconds.
    """
    last_s = 0.0
    with av.open(str(source)) as input_, av.open(str(target), "w") as output:
        origin_s = _origin_s(input_)
        # An AV1 decoder's name is no encoder's, which a plain template would look up.
        streams = {
            stream.index: output.add_stream_from_template(
                stream, opaque=True if stream.codec_context.codec.name == "libdav1d" else None
            )
            for stream in input_.streams
        }
        for packet in _packets(input_):
            time_s = _time_s(packet) - origin_s
            last_s = max(last_s, time_s + _length(packet))
            index = packet.stream.index
            changed = edit(packet, time_s)
            if changed is not None:
                changed.stream = streams[index]
                output.mux(changed)
    return last_s


def _packets(container: InputContainer) -> Iterable[AnyPacket]:
    return (packet for packet in container.demux() if packet.dts is not None)


def _origin_s(container: InputContainer) -> float:
    return (container.start_time or 0) / av.time_base


def _time_s(packet: AnyPacket) -> float:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return float((ticks or 0) * packet.time_base)


def _length(packet: AnyPacket) -> float:
    return float((packet.duration or 0) * packet.time_base)


def _shift(packet: AnyPacket, by_s: float) -> None:
    ticks = round(by_s / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks


def overwritten(data: bytes, share: float, rng: np.random.Generator) -> bytes:
    """The bytes with a share of them replaced; the first 48 are kept, so headers still parse."""
    values = np.frombuffer(data, np.uint8).copy()
    body = len(values) - 48
    if body > 0:
        places = 48 + rng.integers(0, body, max(1, round(body * share)))
        values[places] = rng.integers(0, 256, len(places))
    return values.tobytes()


def with_bytes(packet: AnyPacket, data: bytes) -> AnyPacket:
    """The packet with other bytes."""
    changed: AnyPacket = Packet(data)
    changed.stream = packet.stream
    changed.time_base = packet.time_base
    changed.pts, changed.dts, changed.duration = packet.pts, packet.dts, packet.duration
    changed.is_keyframe = packet.is_keyframe
    return changed
