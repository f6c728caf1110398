"""A short piece of an input, cut by stream copy: nothing is decoded, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import av
import av.container
import av.error
import av.stream

from pipeline.errors import InputError
from pipeline.source import media_streams, open_container, redact
from pipeline.text import clean

__all__ = ["MOST_BYTES", "cut_clip"]

MOST_BYTES = 128 << 20
FORMATS = {"mp4": ".mp4", "matroska": ".mkv"}
"""What is tried, in this order: browsers play the first, and the second takes every codec."""


def cut_clip(url: str, start_s: float, end_s: float, target: Path) -> Path:
    """Copy the first video and the first audio stream over [start_s, end_s) into a file.

    It begins with the key frame at or before ``start_s``, for what follows cannot be shown without it.
    ``target`` gets the suffix of its format; the path with it is returned.

    Raises:
        InputError: the input cannot be opened, has nothing there, or its codecs fit no container.
    """
    shown, failed = clean(redact(url)), "nothing could be copied"
    for name, suffix in FORMATS.items():
        path = target.with_suffix(suffix)
        try:
            if _copy(url, start_s, end_s, path, name):
                return path
        except (av.error.FFmpegError, ValueError, OSError) as exc:
            failed = clean(getattr(exc, "strerror", None) or str(exc), 120)
        path.unlink(missing_ok=True)
    raise InputError(f"{shown}: no clip can be cut ({failed})")


def _copy(url: str, start_s: float, end_s: float, path: Path, name: str) -> bool:
    options = {"movflags": "faststart"} if name == "mp4" else {}
    with open_container(url) as source, av.open(str(path), "w", format=name, options=options) as out:
        streams = media_streams(source)
        chosen = [streams[key] for key in ("v:0", "a:0") if key in streams]
        copies = {stream.index: out.add_stream_from_template(stream) for stream in chosen}
        origin_s = (source.start_time or 0) / av.time_base
        source.seek(int((start_s + origin_s) * av.time_base), backward=True)
        return _mux(source, out, chosen, copies, end_s + origin_s)


def _mux(
    source: av.container.InputContainer,
    out: av.container.OutputContainer,
    chosen: list[av.stream.Stream],
    copies: dict[int, av.stream.Stream],
    end_s: float,
) -> bool:
    """Copy packets from a key frame of the leading stream on, with stamps that begin at nothing."""
    leader, zero_s, size, written = chosen[0], None, 0, False
    for packet in source.demux(chosen):
        if packet.dts is None or packet.pts is None or packet.time_base is None:
            continue
        time_s = float(packet.dts * packet.time_base)
        if zero_s is None:
            if packet.stream.index != leader.index or not packet.is_keyframe:
                continue
            zero_s = time_s
        if time_s >= end_s and packet.stream.index == leader.index:
            break
        size += packet.size
        if size > MOST_BYTES:
            raise ValueError(f"the clip would have more than {MOST_BYTES >> 20} MiB")
        shift = round(zero_s / packet.time_base)
        if packet.dts < shift:
            continue
        packet.dts -= shift
        packet.pts -= shift
        packet.stream = copies[packet.stream.index]
        out.mux(packet)
        written = True
    return written
