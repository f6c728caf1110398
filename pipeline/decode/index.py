"""What the packets of an input say without being decoded, and runs of pictures that begin at a packet.

Reading packets costs a two-hundredth of decoding them. Where stamps rise as they should, an index of
them tells beforehand which pictures a decoder will give, and whether it may begin at a key frame.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import av
import av.container
import av.error
import av.stream
import numpy as np
from numpy.typing import NDArray

from pipeline.decode.stream import MIN_STEP_S, NEW_BASE_S, SLOTTED, UNSTAMPED, Packet, lanes_of
from pipeline.decode.values import Decoded

__all__ = ["UNKNOWN", "PacketIndex", "Run", "SplitError", "decode_keys", "decode_run", "read_index"]

SEEKABLE = frozenset({"mov", "matroska", "mpegts", "mpeg", "mxf", "flv", "nut", "asf"})
"""Formats, by the first name that FFmpeg has for them, whose packets can be found again."""
SCANNED_PACKETS = 4096
"""How many packets are passed over, after a seek, before the one that is looked for is given up."""
SEEK_BACK_S = (0.0, 1.0, 4.0, 16.0)

UNKNOWN = np.iinfo(np.int64).min

Ints = NDArray[np.int64]


class SplitError(Exception):
    """The packets or pictures from a key frame on are not what one pass over the whole would give."""


@dataclass(frozen=True, slots=True)
class PacketIndex:
    """The packets of one video stream in their order: each column is (n,), stamps are in ticks.

    ``dts`` may be ``UNKNOWN`` (Matroska has none of its own). ``origin_s`` is the container's start,
    ``base_s`` a tick. ``shown`` is False for a packet that the container says is not to be shown
    (before the start of an edit list).
    """

    stream: str
    base_s: float
    origin_s: float
    pts: Ints
    dts: Ints
    size: Ints
    key: NDArray[np.bool_]
    shown: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def start_s(self) -> NDArray[np.float64]:
        """When each packet's picture is shown, computed as the decoder's clock does it."""
        return np.asarray(self.pts * self.base_s - self.origin_s, np.float64)

    @property
    def period_s(self) -> float:
        """The usual step from one picture to the next; 0 where there is but one."""
        return float(np.median(np.diff(np.sort(self.pts)))) * self.base_s if len(self) > 1 else 0.0

    def digest(self, first: int, stop: int) -> int:
        """A checksum of packets ``first`` to ``stop``, as ``decode_run`` meets them."""
        rows = zip(*(part[first:stop].tolist() for part in (self.pts, self.size, self.key)), strict=True)
        crc = 0
        for row in rows:
            crc = _checksum(crc, *row)
        return crc


def _checksum(crc: int, pts: int | None, size: int, key: bool) -> int:
    return zlib.crc32(f"{pts} {size} {int(key)}".encode(), crc)


def read_index(
    container: av.container.InputContainer, streams: dict[str, av.stream.Stream]
) -> dict[str, PacketIndex]:
    """The packets of each video stream, by its id.

    Raises:
        SplitError: the input is none that can be split, and why.
    """
    if container.format.name.split(",")[0] not in SEEKABLE - UNSTAMPED - SLOTTED:
        raise SplitError(f"{container.format.name} is not split")
    if any(getattr(stream, "codec_context", None) is None for stream in streams.values()):
        raise SplitError("there is a stream without a decoder")
    names = {stream.index: name for name, stream in streams.items()}
    rows: dict[int, list[tuple[int, int, int, bool, bool]]] = {index: [] for index in names}
    last: dict[int, int] = {}
    try:
        for packet in container.demux(list(streams.values())):
            if packet.size == 0 and packet.dts is None:
                continue
            name = names[packet.stream.index]
            if packet.pts is None or packet.is_corrupt:
                raise SplitError(f"{name}: a packet that is corrupt or does not say when it is shown")
            if name.startswith("v:"):
                row = (packet.pts, UNKNOWN if packet.dts is None else packet.dts, packet.size)
                rows[packet.stream.index].append((*row, packet.is_keyframe, not packet.is_discard))
            else:
                _require_running(name, packet.stream, packet.pts, last)
    except (av.error.FFmpegError, OSError, IndexError) as exc:
        raise SplitError(f"the packets cannot be read ({type(exc).__name__})") from exc
    origin_s = (container.start_time or 0) / av.time_base
    found = {}
    for name, stream in streams.items():
        if name.startswith("v:") and rows[stream.index]:
            found[name] = _index_of(name, stream, origin_s, rows[stream.index])
    return found


def _require_running(name: str, stream: av.stream.Stream, pts: int, last: dict[int, int]) -> None:
    """No new time base in sound: one would be looked for in pictures, too."""
    if abs(pts - last.get(stream.index, pts)) * float(stream.time_base or 0) >= NEW_BASE_S:
        raise SplitError(f"{name}: the stamps do not run on")
    last[stream.index] = pts


def _index_of(
    name: str, stream: av.stream.Stream, origin_s: float, rows: list[tuple[int, int, int, bool, bool]]
) -> PacketIndex:
    pts, dts, size, key, shown = (np.array(part) for part in zip(*rows, strict=True))
    base_s = float(stream.time_base) if stream.time_base else 0.0
    if (np.diff(dts[dts != UNKNOWN]) <= 0).any():
        raise SplitError(f"{name}: decoding stamps do not rise")
    if (np.diff(np.sort(pts)) * base_s < 2 * MIN_STEP_S).any():
        raise SplitError(f"{name}: two pictures share a time")
    return PacketIndex(name, base_s, origin_s, pts, dts, size, key, shown)


@dataclass(frozen=True, slots=True)
class Run:
    """Packets of one video stream, from a key frame on, for a decoder of their own.

    ``pts`` and ``size`` know the first packet again (``dts`` helps to find it); None for the first of
    the stream. ``packets`` is how many there are and ``digest`` their checksum; None for all to the end.
    """

    stream: str
    pts: int | None = None
    dts: int = 0
    size: int = 0
    packets: int | None = None
    digest: int = 0


def decode_run(
    container: av.container.InputContainer, streams: dict[str, av.stream.Stream], run: Run
) -> Iterator[Decoded]:
    """Yield the pictures and faults of a run, by one thread.

    Pictures that lead the first key frame may be among them, or damaged; the caller drops them.

    Raises:
        SplitError: the packets are not those of the index.
    """
    stream = streams[run.stream]
    lane = lanes_of(container, {run.stream: stream}, threads=1)[stream.index]
    crc, count = 0, 0
    for packet in _packets_of(container, stream, run):
        crc = _checksum(crc, packet.pts, packet.size, packet.is_keyframe)
        count += 1
        yield from lane.take(packet)
        if count == run.packets:
            break
    if run.packets is not None and (count, crc) != (run.packets, run.digest):
        raise SplitError(f"{run.stream}: the packets from {run.pts} on are not those of the index")
    yield from lane.finish()


def decode_keys(
    container: av.container.InputContainer, stream: av.stream.Stream, name: str
) -> Iterator[Decoded]:
    """Yield the key frames of a stream, each decoded by itself, and the faults in them."""
    lane = lanes_of(container, {name: stream}, threads=1)[stream.index]
    for packet in _demux(container, stream):
        if packet.is_keyframe and not packet.is_discard:
            yield from lane.alone(packet)


def _packets_of(
    container: av.container.InputContainer, stream: av.stream.Stream, run: Run
) -> Iterator[Packet]:
    if run.pts is None:
        yield from _demux(container, stream)
        return
    back = [round(step_s / float(stream.time_base or 1)) for step_s in SEEK_BACK_S]
    for target in (run.pts, *(run.dts - ticks for ticks in back)):
        try:
            container.seek(target, stream=stream)
            packets = _demux(container, stream)
            for n, packet in enumerate(packets):
                if packet.pts == run.pts and packet.size == run.size:
                    yield packet
                    yield from packets
                    return
                stamp = packet.dts if packet.dts is not None else packet.pts
                if n > SCANNED_PACKETS or stamp is None or stamp > run.dts:
                    break
        except (av.error.FFmpegError, OSError) as exc:
            raise SplitError(f"{run.stream}: cannot be sought in ({type(exc).__name__})") from exc
    raise SplitError(f"{run.stream}: the packet of {run.pts} cannot be found again")


def _demux(container: av.container.InputContainer, stream: av.stream.Stream) -> Iterator[Packet]:
    return (packet for packet in container.demux([stream]) if packet.size or packet.dts is not None)
