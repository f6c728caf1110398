"""One pass over all streams of an input, in the order in which the container has them."""

from __future__ import annotations

import contextlib
import math
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

__all__ = [
    "MIN_STEP_S",
    "NEW_BASE_S",
    "SLOTTED",
    "UNSTAMPED",
    "Packet",
    "StreamLane",
    "decode",
    "lanes_of",
]

if TYPE_CHECKING:
    # Generic to type checkers only.
    Packet = AnyPacket[Any]
else:
    Packet = AnyPacket

MAX_DEMUX_ERRORS = 64
MAX_FRAME_RATE = 1000
MIN_STEP_S = 0.001
AUDIO_OVERLAP_S = 0.02
NEW_BASE_S = 1.0
"""A step back of this much is a new time base (a looped or restarted stream): the clock runs on."""
WRAP_TICKS = 2**33
"""MPEG's stamps begin again at zero after this many ticks of 90 kHz: 26.5 hours."""
WRAPPING = frozenset({"mpegts", "mpeg"})

UNSTAMPED = frozenset({"h264", "hevc", "mpegvideo", "m4v", "vc1", "av1", "obu", "cavsvideo", "dirac", "vvc"})
"""Formats of bare elementary streams: their stamps are guesses, so pictures are counted instead."""


SLOTTED = frozenset({"avi"})
"""Formats that say in which order pictures are decoded and not when they are shown: FFmpeg's guess at
the latter goes astray where pictures are reordered, so each is shown in the slot that decoding gives it."""

PACKED = frozenset({"mpeg"})
"""Formats that stamp packs of data: FFmpeg reckons what lies between, and two pictures may come out equal."""

TOP_FIRST = {2: True, 3: False, 4: False, 5: True}
"""FFmpeg's field order of a stream -> whether the top field is shown first; others do not say."""


def decode(
    container: av.container.InputContainer, streams: dict[str, av.stream.Stream], *, threads: int = 0
) -> Iterator[Decoded]:
    """Yield every picture, sound and fault of ``streams`` (id -> stream).

    Times are seconds from the container's start. Damage never raises: it comes as a ``Fault``.
    ``threads`` is how many each decoder may use, 0 for as many as the machine has cores.
    """
    lanes = lanes_of(container, streams, threads)
    for packet in _packets(container, [lane.stream for lane in lanes.values()]):
        if isinstance(packet, Fault):
            yield packet
        else:
            yield from lanes[packet.stream.index].take(packet)
    for lane in lanes.values():
        yield from lane.finish()


def lanes_of(
    container: av.container.InputContainer, streams: dict[str, av.stream.Stream], threads: int
) -> dict[int, StreamLane]:
    """A decoder for each stream that has one, by the stream's index, all on one clock."""
    clock = _Clock([(container.start_time or 0) / av.time_base], container.format.name in WRAPPING)
    stamped = container.format.name not in UNSTAMPED
    slotted = container.format.name in SLOTTED
    lanes: dict[int, StreamLane] = {}
    for stream_id, stream in streams.items():
        codec = getattr(stream, "codec_context", None)
        if codec is None:
            continue
        codec.thread_type = "AUTO"
        codec.thread_count = threads
        lanes[stream.index] = StreamLane(
            stream_id, stream, codec, clock, stamped, slotted and stream.type == "video"
        )
        lanes[stream.index].repeats = container.format.name in PACKED
    return lanes


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
        except (av.error.EOFError, IndexError):
            # PyAV ends so where damage made the demuxer find streams on its way that it knew not at first.
            return
        except (av.error.FFmpegError, OSError) as exc:
            yield Fault(FaultKind.DEMUX_ERROR, "*", max(last_s, 0.0), max(last_s, 0.0), _short(exc))


def _short(exc: Exception) -> str:
    return (getattr(exc, "strerror", None) or type(exc).__name__)[:120]


@dataclass(slots=True)
class _Clock:
    """Every time base that any stream has used, as the stamp that is zero in it, in seconds.

    Streams come to a new base at different moments, for decoders hold frames back; each goes over
    when its own stamps do, to the base that the first one found.
    """

    origins_s: list[float]
    wraps: bool

    def origin(self, stamp_s: float, step_s: float, origin_s: float, next_s: float, wrap_s: float) -> float:
        """The zero of the base that a stamp belongs to.

        That is the one in use (``origin_s``), unless the stamp is far from where it should be: a step
        of ``step_s`` back, or far ahead of the time (``next_s``).
        """
        if step_s > -NEW_BASE_S and stamp_s - origin_s - next_s < NEW_BASE_S:
            return origin_s
        candidates = [*self.origins_s, origin_s - wrap_s] if self.wraps else self.origins_s
        near = [known_s for known_s in candidates if abs(stamp_s - known_s - next_s) < NEW_BASE_S]
        if not near and step_s > 0:
            return origin_s  # A hole in the stamps, which another check tells of.
        found_s = near[0] if near else stamp_s - next_s
        if found_s not in self.origins_s:
            self.origins_s.append(found_s)
        return found_s


@dataclass(slots=True)
class StreamLane:
    """The decoder of one stream, and where its time stamps stand."""

    stream_id: str
    stream: av.stream.Stream
    codec: Any
    clock: _Clock
    stamped: bool
    slotted: bool
    repeats: bool = False
    base_s: float = 0.0
    origin_s: float = 0.0
    period_s: float = 0.04
    last_dts: int | None = None
    first_dts: int | None = None
    delay_slots: int | None = None
    due_stamp_s: float | None = None
    last_s: float | None = None
    next_s: float = 0.0
    planes: PlaneReader = field(default_factory=PlaneReader)
    samples: SampleReader = field(default_factory=SampleReader)
    meter: LoudnessMeter | None = None
    meter_format: tuple[str, int, str] | None = None

    def __post_init__(self) -> None:
        self.base_s = float(self.stream.time_base) if self.stream.time_base else 0.0
        self.origin_s = self.clock.origins_s[0]
        rate = getattr(self.stream, "guessed_rate", None) or getattr(self.stream, "average_rate", None)
        if rate and rate < MAX_FRAME_RATE:
            self.period_s = 1.0 / float(rate)

    def take(self, packet: Packet) -> Iterator[Decoded]:
        """Decode one packet; tell what its container says of it."""
        at_s = self._packet_s(packet)
        if self.first_dts is None:
            self.first_dts = packet.dts
        if packet.dts is not None and self.stamped and self.stream_id.startswith("v:"):
            step_s = 0.0 if self.last_dts is None else (packet.dts - self.last_dts) * self.base_s
            if self.last_dts is not None and self._runs_back(step_s) and step_s > -NEW_BASE_S:
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

    def alone(self, packet: Packet) -> Iterator[Decoded]:
        """Decode a key frame without anything before or behind it."""
        at_s = self._packet_s(packet)
        yield from self._decode(packet, at_s)
        yield from self._decode(None, at_s)
        self.codec.flush_buffers()

    def _runs_back(self, step_s: float) -> bool:
        return step_s < 0 or (step_s == 0 and not self.repeats)

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
        return max(stamp * self.base_s - self.origin_s, 0.0)

    def _begin(self, frame: av.frame.Frame) -> tuple[float, float]:
        """When a frame begins, and how far its stamp lies behind the one that was due."""
        ticks = self._slot(frame) if self.slotted else frame.pts
        if ticks is None or not self.stamped:
            return self.next_s, math.inf
        stamp_s = ticks * float(frame.time_base or self.base_s)
        due_s, self.due_stamp_s = self.due_stamp_s, stamp_s
        if due_s is None:
            return stamp_s - self.origin_s, math.inf
        step_s, wrap_s = stamp_s - due_s, WRAP_TICKS * self.base_s
        self.origin_s = self.clock.origin(stamp_s, step_s, self.origin_s, self.next_s, wrap_s)
        wrapped = self.clock.wraps and abs(step_s + wrap_s) < NEW_BASE_S
        return stamp_s - self.origin_s, math.inf if wrapped else step_s

    def _slot(self, frame: av.frame.Frame) -> int | None:
        """The slot that a picture is shown in: the first one gets the first, however late it came."""
        if frame.dts is None or self.first_dts is None:
            return None
        if self.delay_slots is None:
            self.delay_slots = frame.dts - self.first_dts
        return frame.dts - self.delay_slots

    def _picture(self, frame: av.VideoFrame) -> Iterator[Decoded]:
        duration_s = (frame.duration or 0) * float(frame.time_base or self.base_s)
        if not self.stamped or duration_s < self.period_s / 4:
            duration_s = self.period_s
        at_s = self.next_s
        start_s, step_s = self._begin(frame)
        if self._runs_back(step_s):
            yield self._fault(FaultKind.PTS_BACKWARD, at_s, _moved(step_s))
        if self.last_s is not None:
            start_s = max(start_s, self.last_s + MIN_STEP_S)
        luma, u, v, bits, full_range = self.planes.read(frame)
        # Threads by frame mark sound fields as corrupt, and not the same ones each time.
        key, corrupt = bool(frame.key_frame), bool(frame.is_corrupt and not frame.interlaced_frame)
        yield Picture(
            self.stream_id,
            start_s,
            duration_s,
            luma,
            u,
            v,
            bits,
            full_range,
            key,
            corrupt,
            interlaced=bool(frame.interlaced_frame),
            top_first=TOP_FIRST.get(int(getattr(self.codec, "field_order", 0))),
            matrix=int(frame.colorspace),
        )
        self.last_s, self.next_s = start_s, start_s + duration_s

    def _sound(self, frame: av.AudioFrame) -> Iterator[Decoded]:
        length_s = frame.samples / frame.sample_rate
        at_s = self.next_s
        start_s, step_s = self._begin(frame)
        if self.due_stamp_s is not None:
            self.due_stamp_s += length_s
        if step_s < -AUDIO_OVERLAP_S:
            yield self._fault(FaultKind.PTS_BACKWARD, at_s, _moved(step_s))
        samples = self.samples.read(frame)
        yield Sound(self.stream_id, start_s, frame.sample_rate, samples, full_scale(frame), frame.layout.name)
        self.last_s, self.next_s = start_s, start_s + length_s
        yield from self._measure_loudness(frame, start_s)

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
