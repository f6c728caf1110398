"""One pass over all streams of an input, in the order in which the container has them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import av
import av.audio.frame
import av.container
import av.error
import av.stream
import av.video.frame
from av.packet import Packet as AnyPacket

from pipeline.decode.pixels import PlaneReader
from pipeline.decode.samples import LoudnessMeter, SampleReader, full_scale
from pipeline.decode.values import Decoded, Picture, Sound
from pipeline.model import Fault, FaultKind

__all__ = ["decode"]

if TYPE_CHECKING:
    # Generic to type checkers only.
    Packet = AnyPacket[Any]
else:
    Packet = AnyPacket

MAX_DEMUX_ERRORS = 64
MAX_FRAME_RATE = 1000
MIN_STEP_S = 0.001
AUDIO_OVERLAP_S = 0.02
NEW_BASE_S = 5.0
"""A step back of this much is a new time base (a looped or restarted stream): the clock runs on."""

UNSTAMPED = frozenset({"h264", "hevc", "mpegvideo", "m4v", "vc1", "av1", "obu", "cavsvideo", "dirac", "vvc"})
"""Formats of bare elementary streams: their stamps are guesses, so pictures are counted instead."""


def decode(container: av.container.InputContainer, streams: dict[str, av.stream.Stream]) -> Iterator[Decoded]:
    """Yield every picture, sound and fault of ``streams`` (id -> stream).

    Times are seconds from the container's start. Damage never raises: it comes as a ``Fault``.
    """
    clock = _Clock((container.start_time or 0) / av.time_base)
    stamped = container.format.name not in UNSTAMPED
    lanes: dict[int, _Lane] = {}
    for stream_id, stream in streams.items():
        codec = getattr(stream, "codec_context", None)
        if codec is None:
            continue
        codec.thread_type = "AUTO"
        lanes[stream.index] = _Lane(stream_id, stream, codec, clock, stamped)
    for packet in _packets(container, [lane.stream for lane in lanes.values()]):
        if isinstance(packet, Fault):
            yield packet
        else:
            yield from lanes[packet.stream.index].take(packet)
    for lane in lanes.values():
        yield from lane.finish()


def _packets(
    container: av.container.InputContainer, streams: list[av.stream.Stream]
) -> Iterator[Packet | Fault]:
    """Packets up to the end; an error of the demuxer is told and reading goes on behind it."""
    if not streams:
        return
    last_s = 0.0
    for _ in range(MAX_DEMUX_ERRORS):
        try:
            for packet in container.demux(streams):
                if packet.size == 0 and packet.dts is None:
                    continue
                if packet.dts is not None and packet.time_base is not None:
                    last_s = float(packet.dts * packet.time_base) - (container.start_time or 0) / av.time_base
                yield packet
            return
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, OSError) as exc:
            yield Fault(FaultKind.DEMUX_ERROR, "*", max(last_s, 0.0), max(last_s, 0.0), _short(exc))


def _short(exc: Exception) -> str:
    return (getattr(exc, "strerror", None) or type(exc).__name__)[:120]


@dataclass(slots=True)
class _Clock:
    """Where stamps begin; all streams share it, so that a new time base moves them together."""

    origin_s: float


@dataclass(slots=True)
class _Lane:
    """The decoder of one stream, and where its time stamps stand."""

    stream_id: str
    stream: av.stream.Stream
    codec: Any
    clock: _Clock
    stamped: bool
    base_s: float = 0.0
    period_s: float = 0.04
    last_dts: int | None = None
    last_stamp_s: float | None = None
    last_s: float | None = None
    next_s: float = 0.0
    planes: PlaneReader = field(default_factory=PlaneReader)
    samples: SampleReader = field(default_factory=SampleReader)
    meter: LoudnessMeter | None = None
    meter_format: tuple[str, int, str] | None = None

    def __post_init__(self) -> None:
        self.base_s = float(self.stream.time_base) if self.stream.time_base else 0.0
        rate = getattr(self.stream, "guessed_rate", None) or getattr(self.stream, "average_rate", None)
        if rate and rate < MAX_FRAME_RATE:
            self.period_s = 1.0 / float(rate)

    def take(self, packet: Packet) -> Iterator[Decoded]:
        """Decode one packet; tell what its container says of it."""
        at_s = self._packet_s(packet)
        if packet.dts is not None and self.stamped and self.stream_id.startswith("v:"):
            step_s = 0.0 if self.last_dts is None else (packet.dts - self.last_dts) * self.base_s
            if self.last_dts is not None and step_s <= 0 and step_s > -NEW_BASE_S:
                yield self._fault(FaultKind.PTS_BACKWARD, at_s, f"decoding time stamp moved {step_s:.3f} s")
            self.last_dts = packet.dts
        if packet.is_corrupt:
            yield self._fault(FaultKind.CORRUPT_FRAME, at_s, "the container marks the packet corrupt")
        yield from self._decode(packet, at_s)

    def finish(self) -> Iterator[Decoded]:
        """Drain the decoder and the loudness meter."""
        yield from self._decode(None, self.next_s)
        if self.meter is not None:
            yield from self.meter.push(None)

    def _fault(self, kind: FaultKind, at_s: float, detail: str) -> Fault:
        return Fault(kind, self.stream_id, at_s, at_s + self.period_s, detail)

    def _decode(self, packet: Packet | None, at_s: float) -> Iterator[Decoded]:
        try:
            frames = self.codec.decode(packet)
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, ValueError, MemoryError) as exc:
            yield self._fault(FaultKind.DECODE_ERROR, at_s, _short(exc))
            return
        for frame in frames:
            try:
                if isinstance(frame, av.video.frame.VideoFrame):
                    yield from self._picture(frame)
                elif isinstance(frame, av.audio.frame.AudioFrame) and frame.samples and frame.sample_rate:
                    yield from self._sound(frame)
            except (av.error.FFmpegError, OSError, ValueError) as exc:
                # A format that nothing here can read or convert.
                yield self._fault(FaultKind.DECODE_ERROR, at_s, f"{frame.format.name}: {_short(exc)}")

    def _packet_s(self, packet: Packet) -> float:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or not self.stamped:
            return self.next_s
        return max(stamp * self.base_s - self.clock.origin_s, 0.0)

    def _stamp_s(self, frame: av.frame.Frame) -> float | None:
        if frame.pts is None or not self.stamped:
            return None
        return frame.pts * float(frame.time_base or self.base_s) - self.clock.origin_s

    def _picture(self, frame: av.VideoFrame) -> Iterator[Decoded]:
        duration_s = (frame.duration or 0) * float(frame.time_base or self.base_s)
        if not self.stamped or duration_s < self.period_s / 4:
            duration_s = self.period_s
        start_s = self._stamp_s(frame)
        if start_s is None:
            start_s = self.next_s
        else:
            if self.last_stamp_s is not None and start_s <= self.last_stamp_s:
                yield self._fault(FaultKind.PTS_BACKWARD, self.next_s, _moved(start_s - self.last_stamp_s))
                start_s = self._rebase(start_s)
            self.last_stamp_s = start_s
        if self.last_s is not None:
            start_s = max(start_s, self.last_s + MIN_STEP_S)
        luma, u, v, bits, full_range = self.planes.read(frame)
        # Threads by frame mark sound fields as corrupt, and not the same ones each time.
        key, corrupt = bool(frame.key_frame), bool(frame.is_corrupt and not frame.interlaced_frame)
        yield Picture(self.stream_id, start_s, duration_s, luma, u, v, bits, full_range, key, corrupt)
        self.last_s, self.next_s = start_s, start_s + duration_s

    def _sound(self, frame: av.AudioFrame) -> Iterator[Decoded]:
        start_s = self._stamp_s(frame)
        if start_s is None:
            start_s = self.next_s
        elif self.last_s is not None and start_s < self.next_s - AUDIO_OVERLAP_S:
            yield self._fault(FaultKind.PTS_BACKWARD, self.next_s, _moved(start_s - self.next_s))
            start_s = self._rebase(start_s)
        samples = self.samples.read(frame)
        yield Sound(self.stream_id, start_s, frame.sample_rate, samples, full_scale(frame), frame.layout.name)
        self.last_s, self.next_s = start_s, start_s + frame.samples / frame.sample_rate
        yield from self._measure_loudness(frame, start_s)

    def _rebase(self, start_s: float) -> float:
        """The frame's time after a step back; one of many seconds is a new time base for all streams."""
        step_s = self.next_s - start_s
        if step_s < NEW_BASE_S:
            return start_s
        self.clock.origin_s -= step_s
        return self.next_s

    def _measure_loudness(self, frame: av.AudioFrame, start_s: float) -> Iterator[Decoded]:
        shape = (frame.format.name, frame.sample_rate, frame.layout.name)
        if self.meter_format != shape:
            self.meter, self.meter_format = None, shape
            # A layout that the filter does not know leaves the loudness unknown, and coverage says so.
            with contextlib.suppress(av.error.FFmpegError, ValueError):
                self.meter = LoudnessMeter(self.stream_id, frame, start_s)
        if self.meter is not None:
            yield from self.meter.push(frame)


def _moved(step_s: float) -> str:
    return f"time stamp moved back {-step_s:.3f} s"
