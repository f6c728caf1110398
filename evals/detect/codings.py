"""The ways in which fixtures are coded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from evals.detect.values import Clip
from evals.writer import Sound, write_clip

__all__ = ["CODINGS", "Coding", "in_order", "write"]

# The AV1 encoder and the H.265 one write what they do on the terminal.
os.environ.setdefault("SVT_LOG", "1")


@dataclass(frozen=True, slots=True)
class Coding:
    """A way of coding: encoder and options, file, encoder of the sound."""

    codec: str
    suffix: str
    options: Mapping[str, str]
    sound: str
    container_options: Mapping[str, str] = field(default_factory=dict)
    gop_s: float = 2.0


_X264 = {"preset": "veryfast", "crf": "21", "bf": "2"}
_X265 = {
    "preset": "ultrafast",
    "crf": "23",
    "x265-params": "log-level=none:pools=1:frame-threads=1:bframes=2",
}
_AV1 = {"preset": "11", "crf": "30", "svtav1-params": "lp=1"}
_FRONT = {"movflags": "faststart"}

CODINGS: Mapping[str, Coding] = {
    "h264": Coding("libx264", ".mp4", _X264, "aac"),
    "hevc": Coding("libx265", ".mp4", _X265, "flac"),
    "vp9": Coding(
        "libvpx-vp9", ".webm", {"deadline": "realtime", "cpu-used": "8", "crf": "26", "b": "0"}, "libopus"
    ),
    "av1": Coding("libsvtav1", ".mp4", _AV1, "aac"),
    "mpeg2": Coding("mpeg2video", ".ts", {"b": "9M", "qmin": "2", "qmax": "5", "bf": "2"}, "mp2", gop_s=0.5),
    "h264_front": Coding("libx264", ".mp4", _X264, "aac", _FRONT),
    "hevc_front": Coding("libx265", ".mp4", _X265, "flac", _FRONT),
    "av1_front": Coding("libsvtav1", ".mp4", _AV1, "aac", _FRONT),
    "h264_ts": Coding("libx264", ".ts", _X264, "ac3"),
    "h264_51": Coding("libx264", ".mp4", _X264, "ac3"),
    "h264_low": Coding("libx264", ".mp4", {**_X264, "crf": "28"}, "aac"),
    "hevc_low": Coding("libx265", ".mp4", {**_X265, "crf": "30"}, "aac"),
}
SOUND_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "aac": {"b": "192k"},
    "mp2": {"b": "256k"},
    "libopus": {"b": "160k"},
    "ac3": {"b": "384k"},
}


def in_order(coding: Coding) -> Coding:
    """The coding without B pictures, so that a cut in time is a cut in the order of the packets."""
    options = {name: value.replace("bframes=2", "bframes=0") for name, value in coding.options.items()}
    return replace(coding, options=options | {"bf": "0"} if "bf" in options else options)


def write(clip: Clip, path: Path, coding: Coding, start_s: float = 0.0) -> None:
    """Codes a clip; in a container that can, beginning at ``start_s``."""
    sound = Sound(
        clip.samples,
        clip.rate_hz,
        codec=coding.sound,
        layout=clip.layout,
        options=SOUND_OPTIONS.get(coding.sound, {}),
    )
    container_options = dict(coding.container_options)
    if start_s:
        container_options["output_ts_offset"] = f"{start_s:.6f}"
    write_clip(
        path,
        rate=clip.rate,
        pictures=clip.pictures,
        sound=sound,
        codec=coding.codec,
        options=coding.options,
        gop=max(1, round(float(clip.rate) * coding.gop_s)),
        pts=clip.quarters,
        time_base=1 / (clip.rate * 4) if clip.quarters is not None else None,
        container_options=container_options,
    )
