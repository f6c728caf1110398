"""Puts defects into clean pictures and samples, and says exactly where they are.

A ``Defect`` is a kind over [start_s, end_s). ``inject_pictures`` and ``inject_samples`` are pure:
the same clean input, defects and seed give the same output. ``truths`` gives the interval that is
really bad: the time of the first bad frame or sample to the end of the last one. A freeze begins
with the picture that then stands, at that picture's own time. Defects of the coded stream are in
``evals.remux``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from evals.writer import Picture, Plane

__all__ = [
    "CHECKS",
    "PICTURE_DEFECTS",
    "SAMPLE_DEFECTS",
    "Defect",
    "Truth",
    "as_json",
    "inject_pictures",
    "inject_samples",
    "span",
    "truths",
]

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Defect:
    """A kind of defect over [start_s, end_s); ``channel`` for kinds that hit one channel only."""

    kind: str
    start_s: float
    end_s: float
    channel: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """What is wrong, exactly: the check that should say so, on which stream, from when to when."""

    check: str
    stream: str
    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class _Moment:
    """What a picture defect may look at: the clean picture, the one held, and the frame's place."""

    picture: Picture
    held: Picture
    index: int
    seed: int


def span(start_s: float, end_s: float, rate: Fraction | int) -> range:
    """Indices of the frames or samples whose time, index / rate, is in [start_s, end_s)."""
    first, stop = (math.ceil(_exact(time_s) * rate) for time_s in (start_s, end_s))
    return range(first, stop)


def inject_pictures(
    pictures: Iterable[Picture], rate: Fraction | int, defects: Sequence[Defect]
) -> Iterator[Picture]:
    """The pictures with the picture defects among ``defects`` in them, in their order."""
    planned = [
        (defect, span(defect.start_s, defect.end_s, rate))
        for defect in defects
        if defect.kind in PICTURE_DEFECTS
    ]
    held: dict[Defect, Picture] = {}
    for index, picture in enumerate(pictures):
        shown = picture
        for defect, frames in planned:
            if index in frames:
                moment = _Moment(shown, held.setdefault(defect, shown), index, defect.seed)
                shown = PICTURE_DEFECTS[defect.kind](moment)
        yield shown


def inject_samples(samples: Samples, rate_hz: int, defects: Sequence[Defect]) -> Samples:
    """A copy of ``samples``, (channels, n), with the sound defects among ``defects`` in it."""
    changed = samples.copy()
    for defect in defects:
        if defect.kind in SAMPLE_DEFECTS:
            where = span(defect.start_s, defect.end_s, rate_hz)
            piece = changed[:, where.start : where.stop]
            changed[:, where.start : where.stop] = SAMPLE_DEFECTS[defect.kind](piece, defect, rate_hz)
    return changed


def truths(
    defects: Sequence[Defect], *, rate: Fraction | int, frames: int, rate_hz: int, samples: int
) -> list[Truth]:
    """Where the defects really are in a clip of so many ``frames`` and ``samples``, in time order."""
    found = []
    for defect in defects:
        in_picture = defect.kind in PICTURE_DEFECTS
        clock, length = (rate, frames) if in_picture else (rate_hz, samples)
        where = span(defect.start_s, defect.end_s, clock)
        first, stop = max(0, where.start), min(length, where.stop)
        if first < stop:
            start_s, end_s = float(Fraction(first) / clock), float(Fraction(stop) / clock)
            stream = "v:0" if in_picture else "a:0"
            found.append(Truth(CHECKS[defect.kind], stream, start_s, end_s, defect.kind))
    return sorted(found, key=lambda truth: (truth.start_s, truth.check))


def as_json(media: str, found: Sequence[Truth]) -> dict[str, object]:
    """The document that lies beside a made clip."""
    return {"schema": "vidette.truth/1", "media": media, "truths": [asdict(truth) for truth in found]}


def _exact(time_s: float) -> Fraction:
    return Fraction(time_s).limit_denominator(1_000_000)


def _solid(like: Picture, luma: int, cb: int, cr: int) -> Picture:
    """One colour, in 8-bit codes, at the size and depth of ``like``."""
    scale = 4 if like.luma.dtype == np.uint16 else 1
    filled: list[Plane] = [plane.copy() for plane in (like.luma, like.cb, like.cr)]
    for plane, code in zip(filled, (luma, cb, cr), strict=True):
        plane[:] = code * scale
    return Picture(*filled)


def _black(moment: _Moment) -> Picture:
    return _solid(moment.picture, 16, 128, 128)


def _black_logo(moment: _Moment) -> Picture:
    """Black with a bright channel logo over 2 % of it, top right."""
    picture = _black(moment)
    height, width = picture.luma.shape
    box = picture.luma[
        height // 16 : height // 16 + height // 8, -width // 16 - width * 4 // 25 : -width // 16
    ]
    box[:] = 200 * (4 if picture.luma.dtype == np.uint16 else 1)
    return picture


def _green(moment: _Moment) -> Picture:
    """What a decoder shows that fills nothing in: every code is 0."""
    return _solid(moment.picture, 0, 0, 0)


def _grey(moment: _Moment) -> Picture:
    """What a decoder shows that starts without a key frame."""
    return _solid(moment.picture, 128, 128, 128)


def _freeze(moment: _Moment) -> Picture:
    return moment.held


def _freeze_grain(moment: _Moment) -> Picture:
    """A still under grain of 1.5 levels."""
    held = moment.held
    rng = np.random.default_rng((moment.seed, moment.index))
    deep = held.luma.dtype == np.uint16
    grain = rng.normal(0.0, 6.0 if deep else 1.5, held.luma.shape)
    values = np.clip(np.rint(held.luma + grain), 0, 1023 if deep else 255)
    luma: Plane = values.astype(np.uint16) if deep else values.astype(np.uint8)
    return Picture(luma, held.cb, held.cr)


def _freeze_clock(moment: _Moment) -> Picture:
    """A still with a running frame counter over about 1 % of it, top left."""
    luma = moment.held.luma.copy()
    cell = max(1, luma.shape[0] // 90)
    _stamp(luma[2 * cell :, 2 * cell :], f"{moment.index:05d}", cell)
    return Picture(luma, moment.held.cb, moment.held.cr)


DIGITS: Mapping[str, str] = {
    "0": "111101101101111",
    "1": "010110010010111",
    "2": "111001111100111",
    "3": "111001111001111",
    "4": "101101111001001",
    "5": "111100111001111",
    "6": "111100111101111",
    "7": "111001010010010",
    "8": "111101111101111",
    "9": "111101111001111",
}


def _stamp(luma: Plane, text: str, cell: int) -> None:
    """Writes digits of 3 x 5 cells, white on dark, into the top left of ``luma``."""
    scale = 4 if luma.dtype == np.uint16 else 1
    for place, digit in enumerate(text):
        bits = np.array(list(DIGITS[digit]), int).reshape(5, 3).repeat(cell, 0).repeat(cell, 1)
        left = place * 4 * cell
        luma[: 5 * cell, left : left + 3 * cell] = (24 + 200 * bits) * scale


def _silence(samples: Samples, defect: Defect, rate_hz: int) -> Samples:
    return np.zeros_like(samples)


def _channel_silence(samples: Samples, defect: Defect, rate_hz: int) -> Samples:
    changed = samples.copy()
    changed[defect.channel] = 0.0
    return changed


def _clipping(samples: Samples, defect: Defect, rate_hz: int) -> Samples:
    """Lifted so far that the loudest tenth of the samples is cut off at full scale."""
    loud = float(np.quantile(np.abs(samples), 0.9)) if samples.size else 1.0
    changed: Samples = np.clip(samples / max(loud, 1e-4), -1.0, 1.0).astype(np.float32)
    return changed


def _true_peak(samples: Samples, defect: Defect, rate_hz: int) -> Samples:
    """A quarter-rate sine: samples at -1.4 dBFS, and a peak between them of +1.6 dBTP."""
    wave = 1.2 * np.sin(np.pi / 2 * np.arange(samples.shape[1]) + np.pi / 4)
    return np.tile(wave, (len(samples), 1)).astype(np.float32)


PICTURE_DEFECTS: Mapping[str, Callable[[_Moment], Picture]] = {
    "black": _black,
    "black_logo": _black_logo,
    "green": _green,
    "grey": _grey,
    "freeze": _freeze,
    "freeze_grain": _freeze_grain,
    "freeze_clock": _freeze_clock,
}
SAMPLE_DEFECTS: Mapping[str, Callable[[Samples, Defect, int], Samples]] = {
    "silence": _silence,
    "channel_silence": _channel_silence,
    "clipping": _clipping,
    "true_peak": _true_peak,
}
CHECKS: Mapping[str, str] = {
    "black": "black",
    "black_logo": "black",
    "green": "solid_color",
    "grey": "solid_color",
    "freeze": "freeze",
    "freeze_grain": "freeze",
    "freeze_clock": "freeze",
    "silence": "silence",
    "channel_silence": "channel_silence",
    "clipping": "clipping",
    "true_peak": "true_peak",
}
