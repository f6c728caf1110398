"""The design that vidette is not: pictures handed over as image files, one process a detector.

The first Prime Video design had a converter that put each frame into object storage, and detectors
that fetched it from there. Here the storage is a folder, which is cheaper than any network:

    python -m agent.bench.split convert CLIP FOLDER
    python -m agent.bench.split detect FOLDER CHECK

The converter writes each picture as a JPEG and the sound as blocks of raw samples; a detector reads
all of either, measures it as the scan does, and decides its one check. Each prints one JSON object
of figures: CPU and wall seconds of the work alone, without imports and the loading of kernels.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from agent.bench.figures import print_figures
from agent.bench.runs import Run, run_module
from pipeline.checks import CHECKS
from pipeline.checks.contract import Programme
from pipeline.decide import Decider
from pipeline.decode import Picture, Sound, decode
from pipeline.model import MediaInfo, StreamInfo
from pipeline.profile import Profile, load_profile
from pipeline.series import Kind
from pipeline.series.build import PictureSeries, SoundSeries
from pipeline.source import media_streams, open_container

__all__ = ["detectors", "main", "run_split"]

JPEG_SCALE = "2"
"""Quantiser of the image files: what is handed over should look like what was decoded."""
MODULE = "agent.bench.split"


def detectors() -> list[str]:
    """The checks that look at pictures or samples; the others need no hand-over."""
    return [check.id for check in CHECKS.values() if {Kind.PICTURES, Kind.SOUNDS} & set(check.reads)]


def run_split(clip: Path) -> Run:
    """The whole clip by a converter and one detector a check, as many at once as there are cores."""
    with tempfile.TemporaryDirectory(prefix="vidette-split-") as folder:
        began = time.perf_counter()
        converter = run_module(MODULE, "convert", str(clip), folder)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(pool.map(lambda check: run_module(MODULE, "detect", folder, check), detectors()))
        return Run(
            cpu_s=converter.cpu_s + sum(run.cpu_s for run in found),
            wall_s=time.perf_counter() - began,
            frames=converter.frames,
            peak_rss_mb=max(run.peak_rss_mb for run in [converter, *found]),
            written_mb=converter.written_mb,
        )


def _convert(clip: str, folder: Path) -> tuple[int, float]:
    """Write every picture and every second of sound; how many pictures, and megabytes in all."""
    frames = written = 0
    encoders: dict[tuple[int, ...], Any] = {}
    with open_container(clip) as container:
        sheet: dict[str, Any] = {"pictures": [], "sounds": []}
        for item in decode(container, media_streams(container)):
            name = ""
            if isinstance(item, Picture):
                name = f"{len(sheet['pictures'])}.jpg"
                (folder / name).write_bytes(_jpeg(item, encoders))
                sheet["pictures"].append([name, item.stream, item.start_s, item.duration_s, item.key_frame])
                frames += 1
            elif isinstance(item, Sound):
                name = f"{len(sheet['sounds'])}.f32"
                (folder / name).write_bytes(item.samples.tobytes())
                shape = list(item.samples.shape)
                row = [name, item.stream, item.start_s, item.rate_hz, shape, item.full_scale, item.layout]
                sheet["sounds"].append(row)
            if name:
                written += (folder / name).stat().st_size
    (folder / "sheet.json").write_text(json.dumps(sheet), "utf-8")
    return frames, written / 1e6


def _jpeg(picture: Picture, encoders: dict[tuple[int, ...], Any]) -> bytes:
    shape = picture.luma.shape
    if shape not in encoders:
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.height, encoder.width = shape
        encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
        encoder.options = {"qmin": JPEG_SCALE, "qmax": JPEG_SCALE}
        encoders[shape] = encoder
    frame = VideoFrame(shape[1], shape[0], "yuvj420p")
    grey = np.full((-(-shape[0] // 2), -(-shape[1] // 2)), 128, np.uint8)
    values = (
        picture.luma,
        grey if picture.u is None else picture.u,
        grey if picture.v is None else picture.v,
    )
    for plane, codes in zip(frame.planes, values, strict=True):
        _rows(plane)[:, : plane.width] = codes
    return b"".join(bytes(packet) for packet in encoders[shape].encode(frame))


def _rows(plane: Any) -> NDArray[np.uint8]:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)


def _detect(folder: Path, check: str) -> int:
    """Measure every file and decide one check; how many events it found."""
    sheet = json.loads((folder / "sheet.json").read_text("utf-8"))
    decider = Decider(_only(check), "split")
    reads = CHECKS[check].reads
    for series, item in _handed_over(folder, sheet, Kind.PICTURES in reads, Kind.SOUNDS in reads):
        tables = series.push(item) if item is not None else series.finish()
        for table in tables:
            if table.kind in reads:
                decider.feed(table)
    events, _ = decider.finish(Programme(MediaInfo("split", None, ()), (), 0.0))
    return len(events)


def _handed_over(
    folder: Path, sheet: dict[str, Any], pictures: bool, sounds: bool
) -> Iterator[tuple[Any, Picture | Sound | None]]:
    series: dict[str, Any] = {}
    decoder = av.CodecContext.create("mjpeg", "r")
    for name, stream, start_s, duration_s, key in sheet["pictures"] if pictures else ():
        known = series.setdefault(stream, PictureSeries(StreamInfo(stream, "mjpeg")))
        for frame in decoder.decode(av.Packet((folder / name).read_bytes())):
            y, u, v = (_rows(plane)[:, : plane.width] for plane in frame.planes)
            yield known, Picture(stream, start_s, duration_s, y, u, v, 8, False, key, False)
    for name, stream, start_s, rate_hz, shape, full_scale, layout in sheet["sounds"] if sounds else ():
        info = StreamInfo(stream, "pcm", channels=shape[0], channel_layout=layout, sample_rate_hz=rate_hz)
        known = series.setdefault(stream, SoundSeries(info))
        samples = np.frombuffer((folder / name).read_bytes(), np.float32).reshape(shape)
        yield known, Sound(stream, start_s, rate_hz, samples, full_scale, layout)
    for known in series.values():
        yield known, None


def _only(check: str) -> Profile:
    base = load_profile()
    settings = {
        name: type(old).model_validate(old.model_dump() | ({} if name == check else {"enabled": False}))
        for name, old in base.settings.items()
    }
    return Profile("split", "", settings)


def main(arguments: list[str]) -> int:
    """Convert or detect, print the figures, and hand back the exit status."""
    kind, source, target = arguments
    _warm_up()

    def work() -> dict[str, object]:
        if kind == "detect":
            _detect(Path(source), target)
            return {}
        frames, written_mb = _convert(source, Path(target))
        return {"frames": frames, "written_mb": written_mb}

    return print_figures(work)


def _warm_up() -> None:
    """Load the compiled kernels, which a process that runs all day does once."""
    plane = np.full((32, 32), 128, np.uint8)
    pictures = PictureSeries(StreamInfo("v:0", ""))
    for n in range(2):
        small = plane[::2, ::2]
        pictures.push(Picture("v:0", n / 25, 0.04, plane, small, small, 8, False, True, False))
    pictures.finish()
    sounds = SoundSeries(StreamInfo("a:0", "", channels=2, sample_rate_hz=48_000))
    sounds.push(Sound("a:0", 0.0, 48_000, np.zeros((2, 4800), np.float32), 1.0, "stereo"))
    sounds.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
