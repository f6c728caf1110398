"""Long clips made of short ones by stream copy: the bit rate and the pictures are those of the clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet as AnyPacket
from av.stream import Stream

from pipeline.errors import UsageError
from pipeline.source import media_streams, open_container

__all__ = ["COPYABLE", "repeated"]

if TYPE_CHECKING:
    # Generic to type checkers only.
    Packet = AnyPacket[Any]
else:
    Packet = AnyPacket

COPYABLE = (".mp4", ".mov", ".ts", ".mkv")
"""Formats that a clip is repeated in as they are; any other goes into Matroska."""
NEAR_S = Fraction(1, 10)
"""Sound that ends so near the end of the pictures goes on without a hole in the next round."""


def repeated(clips: Path | Sequence[Path], target: Path, duration_s: float) -> Path:
    """Clips in turn, over and over until ``duration_s``, with stamps that run on; all are coded alike.

    There is no hole where one ends: the pictures set the time, and sound beyond them is left out.

    Raises:
        InputError: a clip cannot be opened.
        UsageError: a clip cannot be copied into the format of ``target``.
    """
    named = [clips] if isinstance(clips, Path) else list(clips)
    with ExitStack() as stack:
        sources = [stack.enter_context(open_container(str(clip))) for clip in named]
        try:
            with av.open(str(target), "w") as output:
                template = list(media_streams(sources[0]).values())
                tracks = [_Track(output.add_stream_from_template(stream)) for stream in template]
                for packet in _rounds([_Clip.of(source) for source in sources], tracks, duration_s):
                    output.mux(packet)
        except (av.error.FFmpegError, ValueError) as exc:
            raise UsageError(f"{named[0]}: cannot be copied into a {target.suffix} file ({exc})") from exc
    return target


@dataclass(frozen=True, slots=True)
class _Clip:
    """A clip and its streams; when the first picture is shown, and for how long pictures go on."""

    source: InputContainer
    streams: list[Stream]
    lead: int
    first_s: Fraction
    length_s: Fraction

    @classmethod
    def of(cls, source: InputContainer) -> _Clip:
        """Reads its packets once.

        Raises:
            ValueError: none of them says when it is shown.
        """
        streams = list(media_streams(source).values())
        lead = next((n for n, stream in enumerate(streams) if stream.type == "video"), 0)
        spans = [_span(packet) for packet in source.demux(streams[lead]) if _is_timed(packet)]
        if not spans:
            raise ValueError("it holds no packets")
        first_s = min(start_s for start_s, _ in spans)
        return cls(source, streams, lead, first_s, max(end_s for _, end_s in spans) - first_s)


@dataclass(slots=True)
class _Track:
    """A stream of the long clip: what is added to stamps now, and how far it has come."""

    stream: Stream
    shift_s: Fraction = Fraction(0)
    end_s: Fraction | None = None

    def place(self, packet: Packet) -> Packet:
        """The packet as one of this stream."""
        ticks = round(self.shift_s / (packet.time_base or 1))
        packet.pts, packet.dts = (packet.pts or 0) + ticks, (packet.dts or 0) + ticks
        packet.stream = self.stream
        start_s, end_s = _span(packet)
        self.end_s = max(self.end_s or Fraction(0), end_s, start_s + _block_s(self.stream))
        return packet


def _rounds(clips: Sequence[_Clip], tracks: Sequence[_Track], duration_s: float) -> Iterator[Packet]:
    begins_s = Fraction(0)
    for clip in cycle(clips):
        for track in tracks:
            track.shift_s = begins_s - (clip.first_s if begins_s else 0)
        begins_s = tracks[clip.lead].shift_s + clip.first_s + clip.length_s
        yield from _round(clip, tracks, begins_s)
        if begins_s >= duration_s:
            return


def _round(clip: _Clip, tracks: Sequence[_Track], end_s: Fraction) -> Iterator[Packet]:
    """The packets of one round, whose pictures end at ``end_s``."""
    places = {stream.index: n for n, stream in enumerate(clip.streams)}
    begun = {clip.lead}
    clip.source.seek(0)
    for packet in clip.source.demux(clip.streams):
        if not _is_timed(packet):
            continue
        n = places[packet.stream.index]
        track, start_s = tracks[n], _span(packet)[0]
        if n != clip.lead and track.end_s is not None:
            # What sound is primed with belongs before the first round only.
            if start_s < 0 or max(track.end_s, track.shift_s + start_s) >= end_s:
                continue
            gap_s = track.shift_s + start_s - track.end_s
            if n not in begun and abs(gap_s) < NEAR_S:
                track.shift_s -= gap_s
        begun.add(n)
        yield track.place(packet)


def _block_s(stream: Stream) -> Fraction:
    """How long a packet of sound lasts when it is decoded: the last of a file may say less."""
    codec = stream.codec_context if isinstance(stream, AudioStream) else None
    return Fraction(codec.frame_size, codec.sample_rate) if codec is not None else Fraction(0)


def _is_timed(packet: Packet) -> bool:
    return packet.pts is not None and packet.dts is not None and packet.time_base is not None


def _span(packet: Packet) -> tuple[Fraction, Fraction]:
    """When a packet that ``_is_timed`` begins, and when it ends."""
    base, pts = packet.time_base or Fraction(0), packet.pts or 0
    return pts * base, (pts + (packet.duration or 1)) * base
