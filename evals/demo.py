"""Makes the clip that ``make demo`` checks: two clean natural clips with defects at known times.

    python -m evals.demo [FOLDER]

writes FOLDER/demo.mp4 and FOLDER/demo.truth.json, runs ``vidette check`` on the clip, and ends
with 0 if the check ran and found something (its exit status 1), with 1 if not.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from evals import remux
from evals.defects import Defect, Truth, as_json, inject_pictures, inject_samples, truths
from evals.sample import CITY, MEADOW, read_pictures, read_rate, read_samples
from evals.writer import Sound, write_clip

__all__ = ["DEFECTS", "main", "make_clip", "serve_command"]

DEFECTS = (
    Defect("black", 3.0, 6.0),
    Defect("silence", 3.0, 6.0),
    Defect("freeze_grain", 9.0, 12.5),
    Defect("green", 14.5, 15.5),
    Defect("clipping", 18.0, 18.8),
    Defect("channel_silence", 21.0, 27.0, channel=1),
    Defect("black_logo", 29.5, 32.0),
)
DAMAGE_S = (33.0, 33.8)
GAP_AT_S = 35.5
GAP_S = 0.8
CODING = {"preset": "veryfast", "crf": "20"}


def make_clip(folder: Path) -> tuple[Path, list[Truth]]:
    """Writes ``demo.mp4`` and its truth into ``folder``; hands back the clip and the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    rate = read_rate(MEADOW)
    pictures = list(chain(read_pictures(MEADOW), read_pictures(CITY)))
    sound, rate_hz = read_samples(MEADOW)
    length = round(len(pictures) * rate_hz / rate)
    samples = np.tile(sound, 2)[:, :length]
    truth = truths(DEFECTS, rate=rate, frames=len(pictures), rate_hz=rate_hz, samples=length)
    clean, damaged, clip = (folder / f"demo{part}.mp4" for part in (".1", ".2", ""))
    write_clip(
        clean,
        rate=rate,
        pictures=inject_pictures(pictures, rate, DEFECTS),
        sound=Sound(inject_samples(samples, rate_hz, DEFECTS), rate_hz, codec="flac"),
        options=CODING,
        gop=round(rate),
    )
    truth += _consequences(truth, float(len(pictures) / rate))
    hit = remux.damage(clean, damaged, start_s=DAMAGE_S[0], end_s=DAMAGE_S[1])
    # What the decoder complains of is seen as well.
    truth += [hit, replace(hit, check="block_corruption")]
    truth.append(remux.gap(damaged, clip, at_s=GAP_AT_S, gap_s=GAP_S))
    clean.unlink()
    damaged.unlink()
    document = json.dumps(as_json(clip.name, truth), indent=1)
    (folder / "demo.truth.json").write_text(document + "\n", encoding="utf-8")
    return clip, truth


def _consequences(truth: list[Truth], duration_s: float) -> list[Truth]:
    """Sound at full scale is over the ceiling there, and makes the whole too loud for delivery."""
    clipped = [item for item in truth if item.kind == "clipping"]
    peaks = [Truth("true_peak", item.stream, item.start_s, item.end_s, item.kind) for item in clipped]
    return peaks + [Truth("loudness", item.stream, 0.0, duration_s, item.kind) for item in clipped[:1]]


def serve_command(database: Path) -> str:
    """How to open the page on what the demo found, from where the reader is."""
    program = Path(sys.executable).with_name("vidette")
    return f"{_near(program)} serve --db {shlex.quote(str(_near(database)))}"


def _near(path: Path) -> Path:
    """The path as it is typed here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> int:
    """Makes the clip, checks it, and says whether the check did its work."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")
    clip, truth = make_clip(folder)
    print(f"{clip}: {len(truth)} defects put in, listed in {folder / 'demo.truth.json'}", flush=True)
    report = folder / "report.html"
    series = folder / "series"
    database = (folder / "demo.db").resolve()
    command = [
        *(sys.executable, "-m", "agent.cli", "check", str(clip)),
        *("--html", str(report), "--keep-series", str(series)),
        *("--db", str(database)),
    ]
    status = subprocess.run(command, check=False).returncode  # noqa: S603
    if status == 1:
        print(f"The report: {report.resolve()}")
        print(f"The same on a page, to acknowledge it there: {serve_command(database)}")
        return 0
    problem = "found nothing" if status == 0 else f"ended with status {status}"
    print(f"demo: the check {problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
