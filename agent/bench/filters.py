"""The peer: FFmpeg with every filter that answers one of vidette's questions, on the same clip."""

from __future__ import annotations

from pathlib import Path

from agent.bench.child import run_command
from agent.bench.runs import Run
from pipeline.errors import UsageError

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
    return run_command(command)


def _ffmpeg() -> str:
    try:
        import imageio_ffmpeg
    except ImportError as exc:
        raise UsageError("bench filters needs a static FFmpeg: pip install 'vidette[bench]'") from exc
    return str(imageio_ffmpeg.get_ffmpeg_exe())
