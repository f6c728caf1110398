"""Audio frames to float samples, whatever their format, and their loudness by libavfilter."""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.error
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from pipeline.decode.values import LoudnessReading

__all__ = ["LoudnessMeter", "SampleReader", "full_scale"]

_INTEGER_BITS = {"u8": 8, "s16": 16, "s32": 32, "s64": 64}
_READABLE = frozenset({"u8", "s16", "s32", "flt", "dbl"})
_MOST_PLANES = 7
"""PyAV looks for the end of a frame's planes by a null pointer: behind eight of them there is none."""


class SampleReader:
    """Reads samples of one stream's frames; keeps a converter for formats that need one."""

    def __init__(self) -> None:
        self._converter: av.AudioResampler | None = None
        self._shape: tuple[str, int, str] | None = None

    def read(self, frame: av.AudioFrame) -> NDArray[np.float32]:
        """Samples of a frame as (channels, samples) float32 with full scale at 1.0."""
        base = frame.format.name.removesuffix("p")
        if base in _READABLE and not (frame.format.is_planar and frame.layout.nb_channels > _MOST_PLANES):
            return _to_float(frame)
        shape = (frame.format.name, frame.sample_rate, frame.layout.name)
        if self._converter is None or self._shape != shape:
            packed = base if base in _READABLE else "dbl"
            self._converter, self._shape = av.AudioResampler(format=packed), shape
        return np.concatenate([_to_float(part) for part in self._converter.resample(frame)], axis=1)


def _to_float(frame: av.AudioFrame) -> NDArray[np.float32]:
    raw = frame.to_ndarray()
    if not frame.format.is_planar:
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    bits = _INTEGER_BITS.get(frame.format.name.removesuffix("p"))
    if bits is None:
        return np.ascontiguousarray(raw, np.float32)
    offset = 128.0 if bits == 8 else 0.0
    return np.ascontiguousarray((raw.astype(np.float32) - offset) * np.float32(2.0 ** (1 - bits)))


def full_scale(frame: av.AudioFrame) -> float:
    """The largest sample that the format can hold, less half a step (24-bit audio travels in 32)."""
    bits = _INTEGER_BITS.get(frame.format.name.removesuffix("p"))
    return 1.0 if bits is None else 1.0 - 1.5 * 2.0 ** (1 - min(bits, 22))


class LoudnessMeter:
    """Feeds one audio stream to FFmpeg's ``ebur128`` (EBU R128, BS.1770-4) and reads its figures."""

    def __init__(self, stream: str, first: av.AudioFrame, start_s: float) -> None:
        self._stream, self._next_s = stream, start_s
        self._graph = Graph()
        self._source = self._graph.add_abuffer(
            sample_rate=first.sample_rate,
            format=first.format.name,
            layout=first.layout.name,
            time_base=first.time_base,
        )
        meter = self._graph.add("ebur128", "metadata=1:peak=none")
        self._sink = self._graph.add("abuffersink")
        self._source.link_to(meter)
        meter.link_to(self._sink)
        self._graph.configure()

    def push(self, frame: av.AudioFrame | None) -> Iterator[LoudnessReading]:
        """Give a frame, or None at the end; take the readings that are ready."""
        if frame is not None:
            # Samples are counted here: holes in the time stamps are another check's matter.
            frame.pts = None
        self._source.push(frame)
        while True:
            try:
                out = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if not isinstance(out, av.AudioFrame):
                continue
            start_s = self._next_s
            self._next_s += out.samples / out.sample_rate
            yield LoudnessReading(
                self._stream,
                start_s,
                self._next_s,
                float(out.metadata.get("lavfi.r128.M", "nan")),
                float(out.metadata.get("lavfi.r128.S", "nan")),
            )
