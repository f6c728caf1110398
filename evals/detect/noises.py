"""Sound defects: what a cable, a converter, a desk or a missing buffer does to a programme."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from evals.detect.values import Clip, Part, Truth

__all__ = [
    "av_content",
    "channel_silence",
    "clicks",
    "clipping",
    "dc_offset",
    "dropout",
    "hum",
    "phase",
    "repeated_buffer",
    "runs_of",
    "silence",
    "tone",
    "true_peak",
]

Samples = NDArray[np.float32]
JOIN_S = 1.0
"""Peaks and flat tops nearer than this are one matter."""


def _truth(clip: Clip, part: Part, check: str, kind: str) -> list[Truth]:
    inside = part.samples(clip)
    return [Truth(check, "a:0", inside.start / clip.rate_hz, inside.stop / clip.rate_hz, kind)]


def _noise(part: Part, shape: tuple[int, ...], dbfs: float) -> Samples:
    return (part.rng.standard_normal(shape) * 10 ** (dbfs / 20)).astype(np.float32)


def silence(clip: Clip, part: Part) -> list[Truth]:
    """Digital zero; a noise floor of -78 dBFS; one of -66 dBFS."""
    inside = part.samples(clip)
    piece = clip.samples[:, inside]
    clip.samples[:, inside] = 0 if part.level == 0 else _noise(part, piece.shape, part.pick(0, -78, -66))
    return _truth(clip, part, "silence", "silence")


def channel_silence(clip: Clip, part: Part) -> list[Truth]:
    """One leg gone: digital zero; -78 dBFS; -66 dBFS."""
    inside = part.samples(clip)
    leg = int(part.rng.integers(clip.samples.shape[0]))
    length = inside.stop - inside.start
    clip.samples[leg, inside] = 0 if part.level == 0 else _noise(part, (length,), part.pick(0, -78, -66))
    return _truth(clip, part, "channel_silence", f"leg {leg}")


def clipping(clip: Clip, part: Part) -> list[Truth]:
    """Lifted until 10, 3 or 1 % of the samples are cut off at full scale."""
    inside = part.samples(clip)
    piece = clip.samples[:, inside]
    loud = float(np.quantile(np.abs(piece), 1 - part.pick(0.10, 0.03, 0.01)))
    clip.samples[:, inside] = np.clip(piece / max(loud, 1e-4), -1.0, 1.0)
    flat = (np.abs(clip.samples[:, inside]) >= 1.0).any(axis=0)
    return _spans(clip, inside.start, flat, "clipping", "flat tops")


def true_peak(clip: Clip, part: Part) -> list[Truth]:
    """Peaks of +1.2, 0 or -0.5 dBTP in a programme none of whose samples is at full scale."""
    inside = part.samples(clip)
    piece = clip.samples[:, inside]
    peak = _interpolated(piece).max()
    target = 10 ** (part.pick(1.2, 0.0, -0.5) / 20)
    lifted = piece * (target / peak)
    if np.abs(lifted).max() > 0.98:
        # Only a sine between the samples is that high over them.
        wave = target * np.sin(np.pi / 2 * np.arange(piece.shape[1]) + np.pi / 4)
        swell = np.minimum(1, np.minimum(np.arange(piece.shape[1]), np.arange(piece.shape[1])[::-1]) / 480)
        lifted = np.tile(wave * swell, (len(piece), 1))
    clip.samples[:, inside] = lifted
    over = (_interpolated(clip.samples[:, inside]) > 10 ** (-1 / 20)).any(axis=0)
    return _spans(clip, inside.start, over.reshape(-1, 4).any(axis=1), "true_peak", "peaks")


def _interpolated(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Magnitude at four times the rate (BS.1770-4, annex 2): (channels, 4 n)."""
    return np.abs(resample_poly(samples.astype(np.float64), 4, 1, axis=1))


def runs_of(bad: NDArray[np.bool_], join: int) -> list[tuple[int, int]]:
    """[first, stop) of runs of true values, those with less than ``join`` false ones between them as one."""
    places = np.flatnonzero(bad)
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > join)
    firsts = np.concatenate([places[:1], places[breaks + 1]])
    lasts = np.concatenate([places[breaks], places[-1:]])
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def _spans(clip: Clip, offset: int, bad: NDArray[np.bool_], check: str, kind: str) -> list[Truth]:
    rate = clip.rate_hz
    return [
        Truth(check, "a:0", (offset + first) / rate, (offset + stop) / rate, kind)
        for first, stop in runs_of(bad, round(JOIN_S * rate))
    ]


def phase(clip: Clip, part: Part) -> list[Truth]:
    """One leg with its polarity turned, more and more of it something of its own."""
    inside = part.samples(clip)
    left = clip.samples[0, inside].copy()
    own = clip.samples[1, inside]
    own = own * (left.std() / max(float(own.std()), 1e-6))
    alike = part.pick(1.0, 0.95, 0.85)
    clip.samples[1, inside] = -alike * left + np.sqrt(1 - alike**2) * 0.7 * np.roll(own, 4000)
    return _truth(clip, part, "phase", "turned polarity")


def dc_offset(clip: Clip, part: Part) -> list[Truth]:
    """A constant of 8, 4 or 2 % of full scale on both legs."""
    clip.samples[:, part.samples(clip)] += part.pick(0.08, 0.04, 0.02)
    return _truth(clip, part, "dc_offset", "offset")


def hum(clip: Clip, part: Part) -> list[Truth]:
    """50 or 60 Hz with its harmonics, at -26, -32 or -38 dBFS."""
    inside = part.samples(clip)
    time = np.arange(inside.stop - inside.start) / clip.rate_hz
    mains = float(part.rng.choice([50.0, 60.0]))
    wave = sum(np.sin(2 * np.pi * mains * k * time + k) / k for k in (1, 2, 3, 5))
    wave *= 10 ** (part.pick(-26, -32, -38) / 20) / np.sqrt(np.mean(np.square(wave)))
    clip.samples[:, inside] += wave.astype(np.float32)
    return _truth(clip, part, "hum", f"{mains:g} Hz")


def tone(clip: Clip, part: Part) -> list[Truth]:
    """Line-up tone in place of the programme: 1 kHz at -18; at -20 under noise; 997 Hz at -30 dBFS."""
    inside = part.samples(clip)
    time = np.arange(inside.stop - inside.start) / clip.rate_hz
    pitch = part.pick(1000.0, 1000.0, 997.0)
    wave = np.sqrt(2) * 10 ** (part.pick(-18, -20, -30) / 20) * np.sin(2 * np.pi * pitch * time)
    floor = _noise(part, (clip.samples.shape[0], time.size), part.pick(-96, -62, -75))
    clip.samples[:, inside] = wave + floor
    return _truth(clip, part, "tone", f"{pitch:g} Hz")


def _loud_places(clip: Clip, part: Part, length: int, apart_s: float = 2.6) -> list[int]:
    """Places for short defects: where the programme is loud, ``apart_s`` from each other."""
    inside = part.samples(clip)
    hop = clip.rate_hz // 100
    piece = clip.samples[:, inside]
    level = np.abs(piece[:, : piece.shape[1] // hop * hop]).max(axis=0).reshape(-1, hop).mean(axis=1)
    smooth = np.convolve(level, np.ones(5) / 5, "same")
    good = np.flatnonzero(smooth >= np.quantile(smooth, 0.7)) * hop + inside.start
    chosen: list[int] = []
    for place in part.rng.permutation(good):
        if all(abs(place - other) >= apart_s * clip.rate_hz for other in chosen):
            # The cut falls where the wave is far from zero, as most do.
            near = np.abs(clip.samples[:, place : place + hop]).max(axis=0)
            chosen.append(int(place) + int(near.argmax()))
    return sorted(place for place in chosen if place + length < clip.samples.shape[1])


def _points(clip: Clip, places: list[int], length: int, kind: str) -> list[Truth]:
    rate = clip.rate_hz
    return [Truth("dropout", "a:0", place / rate, (place + length) / rate, kind) for place in places]


def dropout(clip: Clip, part: Part) -> list[Truth]:
    """Gaps of digital silence inside loud programme, 40, 20 or 8 ms long."""
    length = round(clip.rate_hz * part.pick(0.040, 0.020, 0.008))
    places = _loud_places(clip, part, length)
    for place in places:
        clip.samples[:, place : place + length] = 0
    return _points(clip, places, length, "gap")


def repeated_buffer(clip: Clip, part: Part) -> list[Truth]:
    """A buffer of 21, 11 or 5 ms played twice; the truth is the second time."""
    length = (1024, 512, 256)[part.level]
    places = _loud_places(clip, part, length)
    for place in places:
        clip.samples[:, place : place + length] = clip.samples[:, place - length : place]
    return _points(clip, places, length, "repeat")


def clicks(clip: Clip, part: Part) -> list[Truth]:
    """Single samples thrown to 90, 60 or 40 % of full scale."""
    places = _loud_places(clip, part, 1)
    for place in places:
        sign = -np.sign(clip.samples[0, place]) or 1.0
        clip.samples[:, place] = sign * part.pick(0.9, 0.6, 0.4)
    return _points(clip, places, 1, "click")


def av_content(clip: Clip, part: Part) -> list[Truth]:
    """Sound 300, 220 or 180 ms off its picture, ahead or behind, with time stamps that know nothing of it."""
    ahead = part.rng.random() < 0.5
    by = round(clip.rate_hz * part.pick(0.300, 0.220, 0.180))
    clip.samples = np.roll(clip.samples, -by if ahead else by, axis=1)
    edge = slice(-by, None) if ahead else slice(0, by)
    clip.samples[:, edge] *= np.float32(0.02)
    kind = f"{'ahead' if ahead else 'behind'} by {1000 * by / clip.rate_hz:.0f} ms"
    return [Truth("av_content", "a:0", 0.0, clip.duration_s, kind)]
