"""Makes the picture of a hit for the page of each check, from the fixtures of the offline evals.

    python -m scripts.check_pictures [CHECK ...]

Each shows a strip of pictures before, in and behind the first event of the check in a clear fixture,
and below it what the check decides on over time, with its events shaded.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from evals.detect.cases import recipes
from evals.detect.fixtures import cache_folder, make_fixture
from evals.detect.injectors import INJECTORS
from evals.detect.values import Recipe
from pipeline.checks import CHECKS, Check
from pipeline.checks.contract import decibels
from pipeline.decode.stills import grab
from pipeline.model import DefectEvent, ScanResult
from pipeline.profile import Profile, load_profile
from pipeline.scan import scan
from pipeline.series import Kind, Table
from pipeline.series.store import open_series
from scripts.check_pages import IMAGES, PAGES

__all__ = ["draw", "main"]

STILL, STILLS = (192, 108), 5
PLOT_HEIGHT, MARGIN = 130, 26
WIDTH = STILL[0] * STILLS
INK, GROUND, SHADE, LINE = (31, 41, 51), (255, 255, 255), (250, 205, 200), (47, 111, 159)
STAND_INS = {
    "decode_error": ("bytes", "packets"),
    "corrupt_frame": ("bytes", "packets"),
    "loudness": ("clipping",),
}
"""Checks that have no injector of their own: those of which they are a consequence."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A clip with an event of a check, and the measurements of it."""

    path: Path
    result: ScanResult
    tables: tuple[Table, ...]
    event: DefectEvent


def _clips(check: str) -> Iterator[Path]:
    """Clips that should show it, the clearest first."""
    if check == "pts_backward":
        yield _twice(next(_clips("black")))
    wanted = [name for name, one in INJECTORS.items() if one.check == check]
    wanted += [name for name in INJECTORS if name in STAND_INS.get(check, ())]
    found = [one for one in recipes("test") if one.family == "defect" and one.defect in wanted]
    for one in sorted(found, key=_plainness):
        yield make_fixture(one, cache_folder()).path


def _plainness(recipe: Recipe) -> tuple[int, bool, bool]:
    """The clear ones first, of these the natural ones, and of these H.264."""
    return recipe.level, "meadow" not in recipe.scene and "city" not in recipe.scene, recipe.coding != "h264"


def _twice(path: Path) -> Path:
    """A transport stream that begins anew in the middle, as a loop does."""
    import av

    once = Path(tempfile.mkdtemp()) / "loop.ts"
    with av.open(str(path)) as source, av.open(str(once), "w") as target:
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    once.write_bytes(once.read_bytes() * 2)
    return once


def _hit(check: str, profile: Profile) -> _Hit:
    with tempfile.TemporaryDirectory() as folder:
        for path in _clips(check):
            kept = Path(folder) / "series"
            result = scan(str(path), profile, keep_series=kept)
            event = next((one for one in result.events if one.check == check), None)
            if event is not None:
                return _Hit(path, result, tuple(open_series(kept).tables()), event)
    raise SystemExit(f"{check}: no fixture shows it")


def _curve(check: Check, hit: _Hit, profile: Profile) -> tuple[str, NDArray[np.float64], NDArray[np.float64]]:
    """What the check decides on, by its first fact that changes; else how loud or how moved it is."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for table in hit.tables:
        if check.lanes is None or table.kind not in check.reads or table.stream.id != hit.event.stream:
            continue
        for lane in check.lanes(table, profile[check.id]):
            for name, fact in lane.facts.items():
                rows = zip(lane.start_s.tolist(), fact.tolist(), strict=True)
                found.setdefault((lane.name, name), []).extend(rows)
    spreads = {key: float(np.ptp([value for _, value in rows])) for key, rows in found.items()}
    first: dict[str, str] = {}
    for lane_name, name in found:
        if spreads[lane_name, name] > 0:
            first.setdefault(lane_name, name)
    if not first:
        return _fallback(hit)
    busiest = max(first.items(), key=lambda key: spreads[key])
    times, values = np.array(sorted(found[busiest])).T
    return " ".join(busiest).strip(), times, values


def _fallback(hit: _Hit) -> tuple[str, NDArray[np.float64], NDArray[np.float64]]:
    sound = hit.event.stream.startswith("a:")
    kind = Kind.SOUNDS if sound else Kind.PICTURES
    rows = [table for table in hit.tables if table.kind is kind] or list(hit.tables)
    times = np.concatenate([table.start_s for table in rows])
    if rows[0].kind is Kind.SOUNDS:
        return "level, dBFS", times, np.concatenate([decibels(t["rms"].max(axis=1)) for t in rows])
    return "moved_share", times, np.concatenate([table["moved_share"] for table in rows]).astype(np.float64)


def draw(check: Check, profile: Profile) -> Image.Image:
    """The picture of a hit."""
    hit = _hit(check.id, profile)
    name, times, values = _curve(check, hit, profile)
    sheet = Image.new("RGB", (WIDTH, STILL[1] + PLOT_HEIGHT + 2 * MARGIN), GROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    _strip(sheet, hit)
    top = STILL[1] + MARGIN
    span_s = max(hit.result.covered_s, 1e-3)
    for event in hit.result.events:
        if event.check == check.id:
            left, right = (WIDTH * s / span_s for s in (event.start_s, event.end_s or span_s))
            pen.rectangle((left, top, max(right, left + 2), top + PLOT_HEIGHT), fill=SHADE)
    finite = np.isfinite(values)
    times, values = times[finite], values[finite]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    scale = (PLOT_HEIGHT - 8) / ((high - low) or 1.0)
    rows = zip(times.tolist(), values.tolist(), strict=True)
    points = [(WIDTH * t / span_s, top + PLOT_HEIGHT - 4 - (v - low) * scale) for t, v in rows]
    if len(points) > 1:
        pen.line(points, fill=LINE, width=2)
    said = f"{hit.event.start_s:.2f} s to {hit.event.end_s:.2f} s: {hit.event.value:g} {check.unit}"
    pen.text((6, STILL[1] + 5), f"{check.id}, {said}", fill=INK, font=font)
    pen.text(
        (6, top + PLOT_HEIGHT + 5),
        f"{name}: {low:.3g} to {high:.3g}, over {span_s:.1f} s",
        fill=INK,
        font=font,
    )
    return sheet


def _strip(sheet: Image.Image, hit: _Hit) -> None:
    start_s, end_s = hit.event.start_s, hit.event.end_s or hit.event.start_s
    near_s = min(0.02, (end_s - start_s) / 4)
    wanted = (start_s - 0.5, start_s + near_s, (start_s + end_s) / 2, end_s - 2 * near_s, end_s + 0.5)
    for place, time_s in enumerate(wanted):
        for still in grab(str(hit.path), "v:0", [max(0.0, time_s)], width=STILL[0])[:1]:
            picture = Image.open(BytesIO(still.jpeg)).convert("RGB").resize((STILL[0] - 4, STILL[1]))
            sheet.paste(picture, (place * STILL[0] + 2, 0))


def main(arguments: Sequence[str]) -> None:
    """Draws the checks that are named, or all."""
    profile = load_profile()
    folder = PAGES / IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments or CHECKS:
        draw(CHECKS[name], profile).save(folder / f"{name}.jpg", quality=80, optimize=True)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
