"""The summary of the layout against plain numpy: the same figures, line after line and block after block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from evals.defects import DIGITS
from pipeline.decode.values import Picture
from pipeline.measure.layout import HUES, LAYOUT_COLUMNS, summarise_layout
from pipeline.measure.mapping import Mapper
from pipeline.measure.view import BlockView

Map = np.ndarray
SAMPLED_ROWS = 30


def edge_twin(line: Mapping[str, Map], thick: float) -> tuple[float, float]:
    """Where most blocks of the first lit line say that the bar ends, and the share of lit ones."""
    counts = line["area"] > 0
    part = {name: values[counts] for name, values in line.items()}
    whole = 15.5 / 16 * thick
    lines = part["dark"] * thick / part["area"]
    lines = np.where(lines >= whole, part["grey"] * thick / part["chroma_area"], lines)
    lit = (lines < 1.5).sum() / max(len(lines), 1)
    places = np.bincount((lines[lines < whole] + 0.5).astype(int), minlength=18)
    pairs = places[:-1] + places[1:]
    best = int(pairs.argmax())
    if pairs[best] == 0 or pairs[best] < 0.4 * len(lines):
        return np.nan, lit
    return best + places[best + 1] / pairs[best], lit


def bar_twin(maps: Mapping[str, Map], limit: float) -> tuple[int, float]:
    """Whole black lines of blocks from the top, and how many samples of the picture are the bar."""
    area = maps["area"]
    colour = np.maximum(abs(maps["u"] - 128), abs(maps["v"] - 128))
    black = (maps["mean"] <= limit) & (maps["variance"] <= 9) & (colour <= 6)
    black_lines = (black | (area == 0)).all(axis=1)
    thick = area.max(axis=1) / 16
    if black_lines.all():
        return len(area), np.nan
    first = int(black_lines.argmin())
    edge, lit = edge_twin({name: values[first] for name, values in maps.items()}, thick[first])
    if first == 0 and np.isnan(edge) and lit > 0:
        return 0, 0.0
    return first, thick[:first].sum() + edge


def both_twin(maps: Mapping[str, Map], limit: float) -> tuple[int, int, float, float]:
    """Of top and bottom: whole black lines, and samples."""
    first, top = bar_twin(maps, limit)
    last, bottom = bar_twin({name: values[::-1] for name, values in maps.items()}, limit)
    return (0, 0, np.nan, np.nan) if first == len(maps["area"]) else (first, last, top, bottom)


def bars_twin(view: BlockView) -> list[float]:
    """The four bars."""
    maps = {
        "area": view.area,
        "chroma_area": view.chroma_area,
        "dark": view.luma[2],
        "grey": view.chroma[2],
        "mean": view.mean,
        "variance": view.variance,
        "u": view.u,
        "v": view.v,
    }
    limit = view.black + 12
    top, bottom, *upright = both_twin(maps, limit)
    rows = slice(top, max(top, len(view.area) - bottom))
    left, right, *across = both_twin({name: values[rows].T for name, values in maps.items()}, limit)
    columns = slice(left, max(left, view.area.shape[1] - right))
    bars = [*upright, *across]
    inside = view.area[rows, columns]
    dark = (maps["dark"][rows, columns] * (inside > 0)).sum() / max(inside.sum(), 1)
    return [np.nan if dark > 0.6 and bar > 0 else bar for bar in bars]


def hues_of(view: BlockView, row: int) -> list[tuple[int, int]]:
    """Of each block of a row that counts: which of the six colours, -1 for none, and 1 for one at 100 %."""
    luma = 16 + (view.mean[row].astype(float) - view.black) * 219 / (view.white - view.black)
    scale = 224 / 255 if view.black == 0 else 1
    cb, cr = (128 + (plane[row].astype(float) - 128) * scale for plane in (view.u, view.v))
    found = []
    for x in np.flatnonzero(view.area[row]):
        far = abs(np.array([luma[x], cb[x], cr[x]]) - HUES) * (0.55, 1, 1)
        nearest = int(far.max(axis=2).argmin())
        flat = view.variance[row, x] <= 64 and abs(cb[x] - 128) + abs(cr[x] - 128) > 40
        is_one = flat and far.max(axis=2).min() < 14
        found.append((nearest % 6, nearest // 12) if is_one else (-1, 0))
    return found


def row_of_bars(hues: list[tuple[int, int]], places: list[int], columns: int) -> tuple[bool, bool]:
    """Whether a row shows six runs in order, even and wide enough; and whether most of it is at 100 %."""
    runs: list[list[int]] = []
    gap = 0
    for n, (hue, _) in enumerate(hues):
        if hue < 0:
            gap += 1
            if runs and gap > 2 and gap > len(runs[-1]):
                runs = []
            continue
        gap = 0
        if runs and hue == len(runs) - 1:
            runs[-1].append(n)
        elif hue == 0:
            runs = [[n]]
        elif runs and hue == len(runs):
            runs.append([n])
        else:
            runs = []
        if len(runs) == 6:
            lengths = [len(run) for run in runs[:5]]
            wide = places[n] + 1 - places[runs[0][0]]
            if max(lengths) <= 2 * min(lengths) + 2 and wide >= 0.3 * columns:
                bright = sum(hues[at][1] for run in runs for at in run)
                return True, bright > wide // 2
    return False, False


def colours_twin(view: BlockView) -> list[float]:
    """Share of the sampled rows that show colour bars, and at what level most of them are."""
    rows, columns = view.area.shape
    seen = [y for y in range(0, rows, max(1, rows // SAMPLED_ROWS)) if view.area[y].any()]
    told = [row_of_bars(hues_of(view, y), np.flatnonzero(view.area[y]).tolist(), columns) for y in seen]
    found, bright = (sum(flags[n] for flags in told) for n in (0, 1))
    return [found / max(len(seen), 1), 0.0 if not found else 100.0 if 2 * bright > found else 75.0]


def slope_twin(mean: Map, kept: Map, axis: int) -> float:
    """By how much plain ground grows lighter a block: the mean of steps within a level of the median."""
    steps = np.diff(mean.astype(float), axis=axis)[kept]
    bins = ((steps[abs(steps) < 3] + 3) * 32 + 0.5).astype(int)
    if not len(bins):
        return 0.0
    middle = np.sort(bins)[(len(bins) + 1) // 2 - 1]
    return float(bins[abs(bins - middle) < 32].mean() / 32 - 3)


def spread_twin(histogram: Map, mean: float, variance: float, size: float) -> None:
    """Add the levels of a block, evenly about its mean."""
    half = np.sqrt(3 * max(variance - 4, 0))
    low = int(np.clip(mean - half + 0.5, 0, 255))
    high = max(int(min(mean + half + 0.5, 255)), low) if mean + half > 0 else low
    histogram[low : high + 1] += size / (high - low + 1)


def card_twin(view: BlockView) -> list[float]:
    """Entropy of luma as a share of 8 bits, and the share of text."""
    area, (rows, columns) = view.area, view.area.shape
    sampled = np.zeros(area.shape, bool)
    sampled[:: max(1, rows // SAMPLED_ROWS)] = True
    plain = sampled & (area > 0) & (view.variance <= 16)
    across = slope_twin(view.mean, plain[:, :-1] & (area[:, 1:] > 0), 1)
    down = slope_twin(view.mean, plain[:-1] & (area[1:] > 0), 0)
    y, x = np.mgrid[:rows, :columns]
    level = view.mean - across * (x - columns // 2) - down * (y - rows // 2)
    counted, busy = sampled & (area > 0), view.variance >= 625
    histogram = np.zeros(256)
    for at in zip(*np.nonzero(counted & ~busy), strict=True):
        spread_twin(histogram, level[at], view.variance[at], area[at])
    ground = int(histogram.argmax())
    total = max(area[sampled].sum(), 1)
    ink = list(zip(*np.nonzero(counted & busy), strict=True))
    has_ground = 2 * sum(area[at] for at in ink) <= area[sampled].sum()
    for at in ink:
        if not has_ground:
            spread_twin(histogram, level[at], view.variance[at], area[at])
            continue
        off = level[at] - ground
        off = 1.0 if abs(off) < 1 else off
        far = (view.variance[at] + off * off) / off
        histogram[int(np.clip(ground + far + 0.5, 0, 255))] += area[at] * off / far
        histogram[ground] += area[at] * (1 - off / far)
    parts = histogram[histogram > 1e-9 * total] / total
    grey = [at for at in ink if abs(view.u[at] - 128) <= 10 and abs(view.v[at] - 128) <= 10]
    return [max(-(parts * np.log2(parts)).sum(), 0) / 8, sum(area[at] for at in grey) / total]


def twin(view: BlockView) -> dict[str, float]:
    """Twin of ``summarise_layout``."""
    figures = [float(view.black == 0), *bars_twin(view), *colours_twin(view), *card_twin(view)]
    return dict(zip(LAYOUT_COLUMNS, figures, strict=True))


def picture(
    luma: Map, u: Map | float = 128.0, v: Map | float = 128.0, *, full_range: bool = False
) -> Picture:
    """4:2:0 of planes of codes; chroma may be one code."""
    half = (-(-luma.shape[0] // 2), -(-luma.shape[1] // 2))
    planes = (luma, *(np.broadcast_to(np.asarray(plane, float), half) for plane in (u, v)))
    y, cb, cr = (np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in planes)
    return Picture("v:0", 0.0, 0.04, y, cb, cr, 8, full_range, True, False)


def scene(seed: int, size: tuple[int, int] = (180, 320), grain: float = 2.0) -> Map:
    """Shades of many widths under grain."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = sum(np.sin(rows * a + columns * b + c) for a, b, c in rng.uniform(-0.15, 0.15, (6, 3)))
    return np.clip(115 + 22 * waves + rng.normal(0, grain, size), 20, 235)


def framed(luma: Map, top: int, bottom: int, left: int, right: int, code: float = 16.0) -> Map:
    inside = np.zeros(luma.shape, bool)
    inside[top : luma.shape[0] - bottom, left : luma.shape[1] - right] = True
    return np.where(inside, luma, code)


def colour_bars(kind: int, part: float = 1.0, grain: float = 1.0, *, full_range: bool = False) -> Picture:
    """The six colours over a part of the width, white and black beside them."""
    size = (180, 320)
    rng = np.random.default_rng(kind)
    wide = round(320 * part) // 2
    codes = np.array([[235, 128, 128], *HUES[kind], [16, 128, 128]], float)
    if full_range:
        codes = (codes - (16, 128, 128)) * (255 / 219, 255 / 224, 255 / 224) + (0, 128, 128)
    order = np.minimum(np.arange(160) * 8 // max(wide, 1), 7)
    row = codes[order]
    planes = [row[:, n] for n in range(3)]
    luma = np.broadcast_to(planes[0].repeat(2), size) + rng.normal(0, grain, size)
    u, v = (np.broadcast_to(plane, (90, 160)) for plane in planes[1:])
    return picture(luma, u, v, full_range=full_range)


def card(lines: int, ground: float = 16.0, ink: float = 220.0, slope: float = 0.0) -> Map:
    """Lines of digits on a ground that may slope."""
    rng = np.random.default_rng(lines)
    luma = ground + slope * np.add.outer(np.arange(180.0), np.arange(320.0)) + rng.normal(0, 0.6, (180, 320))
    for line in range(lines):
        for place in range(18):
            bits = (
                np.array(list(DIGITS[str(rng.integers(10))]), float).reshape(5, 3).repeat(3, 0).repeat(3, 1)
            )
            at = (slice(10 + 20 * line, 25 + 20 * line), slice(40 + 12 * place, 49 + 12 * place))
            luma[at] = np.where(bits > 0, ink, luma[at])
    return luma


PICTURES: Mapping[str, Picture] = {
    "a scene": picture(scene(1)),
    "letterbox": picture(framed(scene(2), 30, 13, 0, 0)),
    "pillarbox": picture(framed(scene(3), 0, 0, 33, 47)),
    "a window": picture(framed(scene(4, (130, 250)), 20, 25, 40, 10)),
    "bars of full range": picture(framed(scene(5), 24, 24, 8, 8, 0.0), full_range=True),
    "tinted below a bar": picture(framed(scene(6), 24, 0, 0, 0), scene(7, (90, 160)), 100.0),
    "black": picture(np.full((90, 160), 16.0)),
    "a night": picture(np.where(np.add.outer(np.arange(180), np.arange(320)) < 300, 16.0, scene(8))),
    "a dark inside": picture(framed(np.where(scene(9) > 150, 140.0, 18.0), 32, 32, 0, 0)),
    "bars of 75 %": colour_bars(0),
    "bars of 100 %": colour_bars(3),
    "narrow bars": colour_bars(1, 0.45),
    "bars too narrow": colour_bars(1, 0.25),
    "bars under noise": colour_bars(0, grain=14.0),
    "colour bars of full range": colour_bars(2, full_range=True),
    "credits": picture(card(6)),
    "a slate that slopes": picture(card(3, 60.0, 220.0, 0.11)),
    "dark ink": picture(card(4, 190.0, 20.0)),
    "a grey gradient": picture(np.add.outer(np.zeros(180), np.linspace(20, 230, 320))),
    "snow": picture(np.random.default_rng(1).uniform(16, 235, (180, 320))),
    "one shade": picture(np.full((64, 64), 90.0)),
    "small": picture(scene(10, (12, 40))),
}


def view_of(name: str, masked: bool) -> BlockView:
    view = Mapper().view(PICTURES[name])
    if not masked:
        return view
    counts = np.random.default_rng(8).random(view.area.shape) > 0.2
    return replace(view, area=view.area * counts, chroma_area=view.chroma_area * counts)


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("name", PICTURES)
def test_the_summary_equals_its_twin(name: str, masked: bool) -> None:
    view = view_of(name, masked)
    found = np.empty(len(LAYOUT_COLUMNS))
    summarise_layout(view, found)
    expected = list(twin(view).values())
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True)


def test_the_pictures_hold_something_of_each_kind() -> None:
    """A twin of nothing but zeros would prove nothing."""
    figures = {name: twin(view_of(name, masked=False)) for name in PICTURES}
    assert figures["a window"]["left_bar"] == pytest.approx(40, abs=2)
    assert np.isnan(figures["a dark inside"]["top_bar"])
    assert np.isnan(figures["black"]["top_bar"])
    assert (figures["bars of 75 %"]["bars_share"], figures["bars of 75 %"]["bars_level"]) == (1.0, 75.0)
    assert (figures["bars of 100 %"]["bars_share"], figures["bars of 100 %"]["bars_level"]) == (1.0, 100.0)
    assert figures["colour bars of full range"]["bars_share"] == 1.0
    assert figures["bars too narrow"]["bars_share"] == 0.0
    assert figures["credits"]["text_share"] > 0.2
    assert figures["snow"]["luma_entropy"] > 0.9 > 0.3 > figures["dark ink"]["luma_entropy"]
