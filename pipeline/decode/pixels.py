"""Frames to planes: views where the first plane is luma, one conversion where it is not."""

from __future__ import annotations

import re

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from pipeline.decode.values import Plane

__all__ = ["PlaneReader"]

_PLANAR = re.compile(r"^(?:yuvj?|yuva)4(?:44|40|22|20|11|10)p(?:9|10|12)?(?:le)?$|^gray(?:9|10|12)?(?:le)?$")
_SEMI_PLANAR = frozenset({"nv12", "nv16", "nv24", "nv21", "nv42"})
_SWAPPED = frozenset({"nv21", "nv42"})


class PlaneReader:
    """Reads planes of one stream's frames; keeps a converter for formats that need one."""

    def __init__(self) -> None:
        self._converter = VideoReformatter()

    def read(self, frame: av.VideoFrame) -> tuple[Plane, Plane | None, Plane | None, int, bool]:
        """Luma, U, V (None for grey), bits a code, and whether the range is full."""
        name = frame.format.name
        full_range = name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
        semi_planar = name in _SEMI_PLANAR
        readable = semi_planar or _PLANAR.match(name)
        if not readable or any(plane.line_size <= 0 for plane in frame.planes):
            deep = max(part.bits for part in frame.format.components) > 8
            frame = self._converter.reformat(frame, format="yuv420p10le" if deep else "yuv420p")
            # The converter keeps the range that the frame declares, and writes the legal one without.
            semi_planar = False
        bits = frame.format.components[0].bits
        luma = _view(frame.planes[0], bits)
        if len(frame.planes) < 2 or frame.format.name.startswith("gray"):
            return luma, None, None, bits, full_range
        if semi_planar:
            return luma, *_interleaved(frame.planes[1], frame.format.name in _SWAPPED), bits, full_range
        return luma, _view(frame.planes[1], bits), _view(frame.planes[2], bits), bits, full_range


def _view(plane: av.video.plane.VideoPlane, bits: int) -> Plane:
    if bits > 8:
        wide = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
        return wide[: plane.height, : plane.width]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
        : plane.height, : plane.width
    ]


def _interleaved(plane: av.video.plane.VideoPlane, swapped: bool) -> tuple[Plane, Plane]:
    both = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]
    first = both[:, 0 : 2 * plane.width : 2]
    second = both[:, 1 : 2 * plane.width : 2]
    return (second, first) if swapped else (first, second)
