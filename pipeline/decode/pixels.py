"""Frames to planes: views where the first plane is luma, one conversion where it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from pipeline.decode.values import Picture, Plane

__all__ = ["PlaneReader", "blank"]

_PLANAR = re.compile(r"^(?:yuvj?|yuva)4(?:44|40|22|20|11|10)p(?:9|10|12)?(?:le)?$|^gray(?:9|10|12)?(?:le)?$")
_SEMI_PLANAR = frozenset({"nv12", "nv16", "nv24", "nv21", "nv42"})
_SWAPPED = frozenset({"nv21", "nv42"})


@dataclass(frozen=True, slots=True)
class _Format:
    """What is asked of a pixel format: whether its planes can be read as they are, and how."""

    readable: bool
    semi_planar: bool
    swapped: bool
    grey: bool
    full_range: bool
    bits: int
    deep: bool

    @classmethod
    def of(cls, form: av.VideoFormat) -> _Format:
        name, depths = form.name, [part.bits for part in form.components]
        semi_planar = name in _SEMI_PLANAR
        return cls(
            readable=semi_planar or bool(_PLANAR.match(name)),
            semi_planar=semi_planar,
            swapped=name in _SWAPPED,
            grey=name.startswith("gray"),
            full_range=name.startswith("yuvj"),
            bits=depths[0],
            deep=max(depths) > 8,
        )


class PlaneReader:
    """Reads planes of one stream's frames; keeps a converter for formats that need one.

    Between two pictures a decoder has used all caches, and each call from here is as slow as can be:
    what is known of a format is asked for once.
    """

    def __init__(self) -> None:
        self._converter = VideoReformatter()
        self._known: dict[str, _Format] = {}

    def read(self, frame: av.VideoFrame) -> tuple[Plane, Plane | None, Plane | None, int, bool]:
        """Luma, U, V (None for grey), bits a code, and whether the range is full."""
        form, planes = self._format(frame), frame.planes
        full_range = form.full_range or frame.color_range == ColorRange.JPEG
        if not form.readable or any(plane.line_size <= 0 for plane in planes):
            frame = self._converter.reformat(frame, format="yuv420p10le" if form.deep else "yuv420p")
            # The converter keeps the range that the frame declares, and writes the legal one without.
            form, planes = self._format(frame), frame.planes
        luma = _view(planes[0], form.bits)
        if len(planes) < 2 or form.grey:
            return luma, None, None, form.bits, full_range
        if form.semi_planar:
            return luma, *_interleaved(planes[1], form.swapped), form.bits, full_range
        return luma, _view(planes[1], form.bits), _view(planes[2], form.bits), form.bits, full_range

    def _format(self, frame: av.VideoFrame) -> _Format:
        form = frame.format
        if form.name not in self._known:
            self._known[form.name] = _Format.of(form)
        return self._known[form.name]


def blank(start_s: float) -> Picture:
    """A picture of whatever is in memory, 1280 x 720, laid out as decoders lay out most of theirs."""
    luma, u, v, bits, full_range = PlaneReader().read(av.VideoFrame(1280, 720, "yuv420p"))
    return Picture("v:0", start_s, 0.04, luma, u, v, bits, full_range, True, False)


def _view(plane: av.video.plane.VideoPlane, bits: int) -> Plane:
    kind: type[np.uint8] | type[np.uint16] = np.uint16 if bits > 8 else np.uint8
    step = 2 if bits > 8 else 1
    return np.ndarray((plane.height, plane.width), kind, plane, 0, (plane.line_size, step))  # type: ignore[arg-type]


def _interleaved(plane: av.video.plane.VideoPlane, swapped: bool) -> tuple[Plane, Plane]:
    both = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]
    first = both[:, 0 : 2 * plane.width : 2]
    second = both[:, 1 : 2 * plane.width : 2]
    return (second, first) if swapped else (first, second)
