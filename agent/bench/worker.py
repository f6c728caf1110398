"""One measured run, in a process of its own: ``python -m agent.bench.worker decode|scan FILE``.

Prints one JSON object: ``cpu_s`` and ``wall_s`` of the work alone (imports and the loading of the
compiled kernels are ``start_s``, CPU seconds too), ``frames``, ``peak_rss_mb``, ``written_mb`` (what
was written to files meanwhile, where the system tells), and for a scan ``rss_mb``: the peak so far at
each tenth of the input.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.bench.figures import peak_rss_mb, print_figures
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
            self.rss_mb.append(peak_rss_mb())


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


def main(arguments: list[str]) -> int:
    """Runs, prints, and hands back the exit status."""
    kind, path, *warm_up = arguments
    if warm_up:
        RUNS[kind](warm_up[0], _Watch())

    def work() -> dict[str, object]:
        watch = _Watch()
        RUNS[kind](path, watch)
        return {"frames": watch.frames, "rss_mb": watch.rss_mb}

    return print_figures(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
