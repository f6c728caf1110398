"""Scans for tests: what was found, as plain intervals."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

from pipeline.decode import Decoded, decode
from pipeline.model import ScanResult
from pipeline.profile import load_profile
from pipeline.scan import scan
from pipeline.source import media_streams, open_container

__all__ = ["decoded", "ffmpeg", "found", "intervals", "scanned"]


def scanned(path: Path | str) -> ScanResult:
    """What a scan with the default profile finds out."""
    return scan(str(path), load_profile())


def found(result: ScanResult) -> list[tuple[str, str]]:
    """Check and stream of every event, in order of time."""
    return [(event.check, event.stream) for event in result.events]


def intervals(result: ScanResult, check: str) -> list[tuple[float, float]]:
    """Start and end in seconds of every event of a check."""
    return [
        (event.start_s, event.end_s)
        for event in result.events
        if event.check == check and event.end_s is not None
    ]


def decoded(path: Path | str) -> list[Decoded]:
    """Every picture, sound, reading and fault of an input, in the order in which they come."""
    with open_container(str(path)) as container:
        return list(decode(container, media_streams(container)))


def ffmpeg(*arguments: Path | str) -> None:
    """Run the FFmpeg that ``imageio-ffmpeg`` brings, for what PyAV does not write."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)
