"""Picture defects of signal and transmission: nothing, a colour, a still, cards, broken blocks, stutter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evals.defects import Defect, inject_pictures
from evals.detect.canvas import byte, write_text
from evals.detect.values import Clip, Part, Truth
from evals.writer import Picture

__all__ = [
    "black",
    "block_corruption",
    "color_bars",
    "credits",
    "dropped_content",
    "dropped_slots",
    "duplicate_frames",
    "freeze",
    "slate",
    "solid_color",
    "truth_of",
]


def truth_of(clip: Clip, check: str, frames: range, kind: str) -> list[Truth]:
    """The truth for pictures ``frames`` of a clip."""
    start_s, stop_s = clip.frame_s(frames.start), clip.frame_s(frames.stop)
    return [Truth(check, "v:0", start_s, stop_s, kind)]


def _solid(like: Picture, luma: float, cb: float, cr: float) -> Picture:
    shapes = (like.luma.shape, like.cb.shape, like.cr.shape)
    return Picture(*(np.full(s, round(c), np.uint8) for s, c in zip(shapes, (luma, cb, cr), strict=True)))


def _known(clip: Clip, part: Part, kind: str, check: str) -> list[Truth]:
    """One of the defects that the demo has as well."""
    defect = Defect(kind, part.start_s, part.end_s, seed=int(part.rng.integers(1 << 30)))
    clip.pictures[:] = inject_pictures(clip.pictures, clip.rate, [defect])
    return truth_of(clip, check, part.frames(clip), kind)


def black(clip: Clip, part: Part) -> list[Truth]:
    """Black; lifted black under noise; black with a channel logo."""
    if part.level == 0:
        return _known(clip, part, "black", "black")
    if part.level == 2:
        return _known(clip, part, "black_logo", "black")
    for n in part.frames(clip):
        like = clip.pictures[n]
        noise = part.rng.normal(0, 1.5, like.luma.shape)
        flat = _solid(like, 16, 128, 128)
        clip.pictures[n] = Picture(byte(22.0 + noise), flat.cb, flat.cr)
    return truth_of(clip, "black", part.frames(clip), "lifted black")


def solid_color(clip: Clip, part: Part) -> list[Truth]:
    """The green of an empty decoder; grey; blue under slight noise."""
    if part.level < 2:
        return _known(clip, part, ("green", "grey")[part.level], "solid_color")
    for n in part.frames(clip):
        flat = _solid(clip.pictures[n], 41, 240, 110)
        clip.pictures[n] = Picture(byte(41 + part.rng.normal(0, 0.8, flat.luma.shape)), flat.cb, flat.cr)
    return truth_of(clip, "solid_color", part.frames(clip), "blue")


def freeze(clip: Clip, part: Part) -> list[Truth]:
    """A repeated picture; a still under grain; a still with a running clock."""
    return _known(clip, part, ("freeze", "freeze_grain", "freeze_clock")[part.level], "freeze")


def _bars(like: Picture, *, ebu: bool) -> Picture:
    """Colour bars: EBU 100/0/75/0 over the whole height, or SMPTE bars of standard definition."""
    height, width = like.luma.shape
    level = 0.75
    colours = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]
    if ebu:
        colours = [*colours, (0, 0, 0)]
    rgb = np.zeros((height, width, 3))
    edges = np.linspace(0, width, len(colours) + 1).round().astype(int)
    for n, colour in enumerate(colours):
        full = 1.0 if ebu and n == 0 else level
        rgb[:, edges[n] : edges[n + 1]] = np.array(colour) * full
    if not ebu:
        low, floor = round(height * 2 / 3), round(height * 3 / 4)
        for n in range(7):
            back = (0, 0, 0) if n % 2 else colours[6 - n]
            rgb[low:floor, edges[n] : edges[n + 1]] = np.array(back) * level
        cells = np.linspace(0, width, 7).round().astype(int)
        plug = [(0, 0.12, 0.3), (1, 1, 1), (0.2, 0, 0.42), (0, 0, 0), (0.04, 0.04, 0.04), (0, 0, 0)]
        for n, colour in enumerate(plug):
            rgb[floor:, cells[n] : cells[n + 1]] = colour
    return _from_rgb(rgb)


def _from_rgb(rgb: NDArray[np.float64]) -> Picture:
    """BT.601 in the legal range, 4:2:0; ``rgb`` is (h, w, 3) in 0..1."""
    r, g, b = np.moveaxis(rgb, 2, 0)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    cb, cr = 0.564 * (b - luma), 0.713 * (r - luma)
    half = [plane.reshape(plane.shape[0] // 2, 2, -1, 2).mean((1, 3)) for plane in (cb, cr)]
    return Picture(byte(16 + 219 * luma), byte(128 + 224 * half[0]), byte(128 + 224 * half[1]))


def color_bars(clip: Clip, part: Part) -> list[Truth]:
    """EBU bars; SMPTE bars; SMPTE bars with a caption and the noise of a line."""
    bars = _bars(clip.pictures[0], ebu=part.level == 0)
    if part.level == 2:
        height, width = bars.luma.shape
        bars.luma[height // 2 : height // 2 + 26, width // 3 : width // 3 + 130] = 16
        write_text(bars.luma, "STUDIO 2", width // 3 + 10, height // 2 + 6, 3, 200)
    for n in part.frames(clip):
        noise = part.rng.normal(0, 1.2, bars.luma.shape) if part.level == 2 else 0.0
        clip.pictures[n] = Picture(byte(bars.luma + noise), bars.cb, bars.cr)
    return truth_of(clip, "color_bars", part.frames(clip), "bars")


def slate(clip: Clip, part: Part) -> list[Truth]:
    """A card: words on one colour; words and a badge on a gradient; the same with a ticking clock."""
    like = clip.pictures[0]
    height, width = like.luma.shape
    # So dark a card has room for little colour: more would lie outside RGB.
    card = _solid(like, part.rng.uniform(50, 95), part.rng.uniform(114, 142), part.rng.uniform(116, 138))
    luma = card.luma.astype(float)
    if part.level:
        luma += np.linspace(-14, 24, height)[:, None] + np.linspace(0, 8, width)[None, :]
        rows, columns = np.ogrid[:height, :width]
        badge = np.hypot(rows - height * 0.72, columns - width * 0.5) < height * 0.11
        luma[badge] = 190
    cell = max(2, width // 140)
    write_text(luma, "WE WILL BE BACK SOON"[: width // (4 * cell) - 2], width // 10, height // 4, cell, 220)
    write_text(luma, "TECHNICAL FAULT", width // 10, height // 4 + 8 * cell, cell, 220)
    for index, n in enumerate(part.frames(clip)):
        shown = luma.copy()
        if part.level == 2:
            shown[
                int(height * 0.45) : int(height * 0.45) + 7 * cell, width // 10 : width // 10 + 22 * cell
            ] = 50
            seconds = int(index / clip.rate)
            write_text(
                shown, f"00:{59 - seconds:02d}", width // 10 + cell, int(height * 0.45) + cell, cell, 220
            )
        clip.pictures[n] = Picture(byte(shown), card.cb, card.cr)
    return truth_of(clip, "slate", part.frames(clip), "card")


def credits(clip: Clip, part: Part) -> list[Truth]:
    """Names that stand on black, one card after the other."""
    like = clip.pictures[0]
    flat = _solid(like, 16, 128, 128)
    height, width = like.luma.shape
    cell = max(2, width // 160)
    names = ("JANE DOE", "MARK HILL", "ANNA BERG", "LUCA ROSSI", "PAUL WEIR", "IDA NOOR")
    for index, n in enumerate(part.frames(clip)):
        luma = flat.luma.copy()
        card = int(index / clip.rate / 4)
        for row in range(3):
            name = names[(card * 3 + row) % len(names)]
            write_text(
                luma, name, width // 2 - 2 * len(name) * cell, height // 4 + row * 12 * cell, cell, 215
            )
        clip.pictures[n] = Picture(luma, flat.cb, flat.cr)
    return truth_of(clip, "slate", part.frames(clip), "credits")


def block_corruption(clip: Clip, part: Part) -> list[Truth]:
    """Macroblocks in slices that show what belongs elsewhere, until a picture comes that is whole."""
    share = part.pick(0.10, 0.04, 0.015)
    frames = part.frames(clip)
    like = clip.pictures[frames.start]
    rows, columns = like.luma.shape[0] // 16, like.luma.shape[1] // 16
    broken = np.zeros((rows, columns), bool)
    while broken.mean() < share:
        row, left = int(part.rng.integers(rows)), int(part.rng.integers(columns))
        broken[row, left : left + int(part.rng.integers(3, 12))] = True
    kinds = part.rng.integers(0, 3, broken.shape)
    moves = part.rng.integers(-6, 7, (rows, columns, 2))
    flat = part.rng.integers(30, 220, (rows, columns, 3))
    for n in frames:
        planes = (clip.pictures[n].luma, clip.pictures[n].cb, clip.pictures[n].cr)
        changed = [plane.copy() for plane in planes]
        for row, column in zip(*np.nonzero(broken), strict=True):
            for index, (source, target) in enumerate(zip(planes, changed, strict=True)):
                size = 16 if index == 0 else 8
                y, x = row * size, column * size
                if kinds[row, column] == 0:
                    target[y : y + size, x : x + size] = flat[row, column, index]
                    continue
                down, right = moves[row, column]
                fy = int(np.clip(y + down * size + size // 3, 0, source.shape[0] - size))
                fx = int(np.clip(x + right * size + size // 2, 0, source.shape[1] - size))
                target[y : y + size, x : x + size] = source[fy : fy + size, fx : fx + size]
        clip.pictures[n] = Picture(*changed)
    return truth_of(clip, "block_corruption", frames, "blocks")


def _replaced(clip: Clip, part: Part, source_of: Callable[[int], int]) -> None:
    original = list(clip.pictures)
    for n in part.frames(clip):
        clip.pictures[n] = original[min(max(source_of(n), 0), len(original) - 1)]


def duplicate_frames(clip: Clip, part: Part) -> list[Truth]:
    """Pictures shown twice, and the next one lost, at irregular places."""
    frames = part.frames(clip)
    mean_gap = float(clip.rate) / part.pick(8.0, 5.0, 3.0)
    repeats, at = [], frames.start
    while at < frames.stop:
        repeats.append(at)
        at += max(2, round(mean_gap * part.rng.uniform(0.6, 1.4)))
    held = set(repeats)
    _replaced(clip, part, lambda n: n - 1 if n in held else n)
    return truth_of(clip, "duplicate_frames", range(repeats[0], repeats[-1] + 1), "repeats")


def dropped_content(clip: Clip, part: Part) -> list[Truth]:
    """The scene jumps ahead again and again, while the time stamps run on."""
    frames = part.frames(clip)
    skip = round(part.pick(6, 4, 3))
    jumps, at = [], frames.start
    while at < frames.stop:
        jumps.append(at)
        at += max(3, round(float(clip.rate) * part.rng.uniform(0.2, 0.4)))
    original = list(clip.pictures)
    ahead, shown = 0, []
    for n in range(len(original)):
        ahead += skip if n in jumps else 0
        shown.append(original[min(n + ahead, len(original) - 1)])
    # The end would stand still: what is left is cut off, picture and sound.
    keep = len(original) - ahead
    clip.pictures[:] = shown[:keep]
    clip.samples = clip.samples[:, : round(keep * clip.rate_hz / clip.rate)]
    return truth_of(clip, "dropped_frames", range(jumps[0], min(jumps[-1] + 1, keep)), "jumps")


def dropped_slots(clip: Clip, part: Part) -> list[Truth]:
    """Pictures that never came: the one before each stands for two, three or four periods."""
    frames = part.frames(clip)
    lost, at = [], frames.start
    while at < frames.stop - 4:
        lost += range(at, at + round(part.pick(3, 2, 1)))
        at += max(5, round(float(clip.rate) * part.rng.uniform(0.2, 0.35)))
    kept = [n for n in range(len(clip.pictures)) if n not in set(lost)]
    clip.pictures[:] = [clip.pictures[n] for n in kept]
    clip.quarters = [4 * n for n in kept]
    # The first sign is the picture that stands too long.
    start_s, stop_s = clip.frame_s(lost[0] - 1), clip.frame_s(lost[-1] + 1)
    return [Truth("dropped_frames", "v:0", start_s, stop_s, "lost pictures")]
