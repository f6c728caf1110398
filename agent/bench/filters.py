"""The peer: FFmpeg with every filter that answers one of vidette's questions, on the same clip."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from agent.bench.runs import Run
from pipeline.errors import InputError, UsageError

__all__ = ["SOUND_FILTERS", "VIDEO_FILTERS", "run_filters"]

VIDEO_FILTERS = (
    "blackdetect",
    "freezedetect",
    "blockdetect",
    "blurdetect",
    "signalstats",
    "idet",
    "cropdetect",
    "entropy",
    "siti",
    "scdet",
    "photosensitivity",
)
"""In this order; the last one changes pictures, and would spoil them for those behind it."""
SOUND_FILTERS = ("ebur128=peak=true", "silencedetect", "astats", "aphasemeter=video=0")


def run_filters(clip: Path) -> Run:
    """One run of FFmpeg with all filters at their defaults; what they would print is thrown away.

    Raises:
        UsageError: the static FFmpeg is not installed.
        InputError: FFmpeg failed.
    """
    command = [
        *(_ffmpeg(), "-hide_banner", "-nostdin", "-loglevel", "error", "-i", str(clip)),
        *("-vf", ",".join(VIDEO_FILTERS), "-af", ",".join(SOUND_FILTERS), "-f", "null", "-"),
    ]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603
        # The resources of this child alone, which no other call tells.
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            raise InputError(f"{clip.name}: FFmpeg failed ({lines[-1] if lines else child.returncode})")
    wall_s = time.perf_counter() - began
    return Run(used.ru_utime + used.ru_stime, wall_s, peak_rss_mb=used.ru_maxrss / 1024)


def _ffmpeg() -> str:
    try:
        import imageio_ffmpeg
    except ImportError as exc:
        raise UsageError("bench filters needs a static FFmpeg: pip install 'vidette[bench]'") from exc
    return str(imageio_ffmpeg.get_ffmpeg_exe())
