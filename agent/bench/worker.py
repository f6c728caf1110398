"""One measured run, in a process of its own: ``python -m agent.bench.worker decode|scan FILE``.

Prints one JSON object: ``cpu_s`` and ``wall_s`` of the work alone (imports and the loading of the
compiled kernels are ``start_s``, CPU seconds too), ``frames``, ``peak_rss_mb``, ``written_mb`` (what
was written to files meanwhile, where the system tells), and for a scan ``rss_mb``: the peak so far at
each tenth of the input.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import VidetteError
from pipeline.source import media_streams, open_container

__all__ = ["RUNS", "main"]


@dataclass(slots=True)
class _Watch:
    """Frames so far, and the peak of the resident set at each tenth of the input."""

    frames: int = 0
    rss_mb: list[float] = field(default_factory=list)

    def see(self, done: float, frames: int) -> None:
        self.frames = frames
        while len(self.rss_mb) < min(10, int(done * 10)):
            self.rss_mb.append(_peak_rss_mb())


def _decode(path: str, watch: _Watch) -> None:
    """Decodes every picture and sample as the scan's decoder does, and throws them away."""
    with open_container(path) as container:
        streams = list(media_streams(container).values())
        for stream in streams:
            stream.codec_context.thread_type = "AUTO"
        for packet in container.demux(streams):
            frames = packet.decode()
            if packet.stream.type == "video":
                watch.frames += len(frames)


def _scan(path: str, watch: _Watch) -> None:
    from pipeline.profile import load_profile
    from pipeline.scan import Progress, scan

    def see(progress: Progress) -> None:
        watch.see(progress.done_s / progress.duration_s if progress.duration_s else 0.0, progress.frames)

    scan(path, load_profile(), on_progress=see, signals=True)


RUNS: dict[str, Callable[[str, _Watch], None]] = {"decode": _decode, "scan": _scan}


def _peak_rss_mb() -> float:
    """Linux counts kilobytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _written_mb() -> float:
    """What this process has written so far, page cache or not; 0 where the system does not tell."""
    try:
        rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text("ascii").splitlines())
    except OSError:
        return 0.0
    return int(rows["wchar"]) / 1e6


def main(arguments: list[str]) -> int:
    """Runs, prints, and hands back the exit status."""
    kind, path, *warm_up = arguments
    if warm_up:
        RUNS[kind](warm_up[0], _Watch())
    start_s = time.process_time()
    wall, watch, written_mb = time.perf_counter(), _Watch(), _written_mb()
    try:
        RUNS[kind](path, watch)
    except VidetteError as exc:
        print(exc, file=sys.stderr)
        return 3
    figures = {
        "cpu_s": time.process_time() - start_s,
        "wall_s": time.perf_counter() - wall,
        "start_s": start_s,
        "frames": watch.frames,
        "peak_rss_mb": _peak_rss_mb(),
        "rss_mb": watch.rss_mb,
        "written_mb": _written_mb() - written_mb,
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
