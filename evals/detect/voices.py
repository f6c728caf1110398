"""Made programme sound: speech-like, music, ambience; none of it silent, clipped, humming or mono."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

__all__ = ["ambience", "at_level", "hits", "music", "speech", "speech_envelope"]

Samples = NDArray[np.float32]


def at_level(samples: NDArray[np.floating], dbfs: float, peak_dbfs: float = -3.5) -> Samples:
    """The samples at an RMS of ``dbfs``, or lower where their peak would pass ``peak_dbfs``."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) or 1.0
    peak = float(np.abs(samples).max()) or 1.0
    gain = min(10 ** (dbfs / 20) / rms, 10 ** (peak_dbfs / 20) / peak)
    return (samples * gain).astype(np.float32)


def speech_envelope(rng: np.random.Generator, count: int, rate_hz: int) -> NDArray[np.float64]:
    """Loudness of syllables and pauses, 0..1: pauses of words 0.1-0.3 s, of breath up to 0.7 s."""
    envelope = np.zeros(count)
    at = 0.1
    while at * rate_hz < count:
        for _ in range(int(rng.integers(3, 9))):
            length = rng.uniform(0.09, 0.24)
            first, last = int(at * rate_hz), min(count, int((at + length) * rate_hz))
            if first >= count:
                break
            shape = np.sin(np.linspace(0, np.pi, max(2, last - first))) ** 0.6
            envelope[first:last] = np.maximum(
                envelope[first:last], rng.uniform(0.4, 1.0) * shape[: last - first]
            )
            at += length * rng.uniform(0.8, 1.15)
        at += rng.choice([rng.uniform(0.08, 0.25), rng.uniform(0.3, 0.7)], p=[0.7, 0.3])
    return envelope


def speech(
    rng: np.random.Generator, duration_s: float, rate_hz: int = 48_000, *, whisper: bool = False
) -> Samples:
    """A voice of pulses through formants that move, over the sound of a room; stereo."""
    count = round(duration_s * rate_hz)
    envelope = speech_envelope(rng, count, rate_hz)
    pitch = rng.uniform(95, 210) * (1 + 0.12 * _slow(rng, count, rate_hz, 2.5))
    phase = np.cumsum(pitch) / rate_hz
    pulses = np.diff(np.floor(phase), prepend=0.0) * 6 + 0.05 * rng.standard_normal(count)
    source = rng.standard_normal(count) * 0.6 if whisper else lfilter([1], [1, -0.94], pulses)
    voice = np.zeros(count)
    for centre, width in ((rng.uniform(400, 750), 110), (rng.uniform(1000, 1900), 140), (2600, 220)):
        r = np.exp(-np.pi * width / rate_hz)
        voice += lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * centre / rate_hz), r * r], source)
    hiss = sosfilt(_band(2500, 9000, rate_hz), rng.standard_normal(count))
    consonants = np.clip(_slow(rng, count, rate_hz, 9.0) - 0.7, 0, 1)
    # The pulses all point one way: without this the voice would carry a constant.
    voice = sosfilt(_band(80, 12_000, rate_hz), voice)
    spoken = (voice / (voice.std() or 1) + 0.5 * consonants * hiss) * envelope
    room = ambience(rng, duration_s, rate_hz)
    legs = np.stack([spoken, 0.92 * np.roll(spoken, 9)])
    return at_level(legs / legs.std() + 0.03 * room / room.std(), -38.0 if whisper else -22.0)


def music(rng: np.random.Generator, duration_s: float, rate_hz: int = 48_000) -> Samples:
    """Chords, a bass line and drums: decaying notes of many partials, never one steady tone; stereo."""
    count = round(duration_s * rate_hz)
    mix = np.zeros((2, count))
    beat = rng.uniform(0.28, 0.5)
    root = rng.uniform(100, 170)
    for index, at in enumerate(np.arange(0.02, duration_s, beat)):
        step = rng.choice([0, 2, 3, 5, 7, 9, 10])
        for voice, semitones in enumerate((step, step + 4, step + 7, step + rng.choice([12, 14, 16]))):
            _note(
                mix,
                rng,
                at,
                beat * rng.uniform(1.2, 2.6),
                root * 2 ** (semitones / 12),
                0.5,
                voice / 3,
                rate_hz,
            )
        if index % 2 == 0:
            _note(mix, rng, at, beat * 1.6, root / 2 * 2 ** (step / 12), 0.6, 0.5, rate_hz)
        _drum(mix, rng, at, rate_hz, low=index % 4 == 0)
    mix = sosfilt(_band(35, 18_000, rate_hz), mix, axis=1)
    air = ambience(rng, duration_s, rate_hz)
    return at_level(mix / mix.std() + 0.02 * air / air.std(), -20.0)


def ambience(rng: np.random.Generator, duration_s: float, rate_hz: int = 48_000) -> Samples:
    """Wind and a far street: pink noise that swells, no two channels alike; stereo."""
    count = round(duration_s * rate_hz)
    white = rng.standard_normal((2, count))
    pink = lfilter([0.0495, -0.0960, 0.0506, -0.0044], [1, -2.4949, 2.0172, -0.5221], white, axis=1)
    swell = 1 + 0.4 * np.stack([_slow(rng, count, rate_hz, 0.8) for _ in range(2)])
    return at_level(sosfilt(_band(60, 16_000, rate_hz), pink, axis=1) * swell, -27.0)


def hits(
    rng: np.random.Generator, duration_s: float, times_s: Sequence[float], rate_hz: int = 48_000
) -> Samples:
    """Thuds at given times over ambience; each begins at its time to the sample; stereo."""
    base = ambience(rng, duration_s, rate_hz) * 0.12
    for at in times_s:
        first = round(at * rate_hz)
        time = np.arange(min(base.shape[1] - first, rate_hz // 3)) / rate_hz
        if time.size <= 0:
            continue
        noise = sosfilt(_band(300, 5000, rate_hz), rng.standard_normal(time.size)) * np.exp(-time * 60)
        body = np.sin(2 * np.pi * (90 + 120 * np.exp(-time * 40)) * time) * np.exp(-time * 16)
        base[:, first : first + time.size] += (0.22 * body + 0.3 * noise).astype(np.float32)
    return at_level(base, -20.0)


def _note(
    mix: NDArray[np.float64],
    rng: np.random.Generator,
    at: float,
    length: float,
    pitch: float,
    level: float,
    pan: float,
    rate_hz: int,
) -> None:
    first = int(at * rate_hz)
    time = np.arange(min(mix.shape[1] - first, int(length * rate_hz))) / rate_hz
    if time.size <= 0:
        return
    attack = np.minimum(1, time / 0.01) * np.exp(-time * rng.uniform(2, 5))
    # Let go, not cut off: a cut would be a click.
    attack *= np.minimum(1, time[::-1] / 0.04)
    wobble = 1 + 0.004 * np.sin(2 * np.pi * rng.uniform(4, 6) * time)
    wave = sum(
        np.sin(2 * np.pi * pitch * k * wobble.cumsum() / rate_hz + rng.uniform(0, 6)) / k**1.3
        for k in range(1, 6)
    )
    played = level * attack * wave
    late = int(rng.integers(0, 200))
    mix[0, first : first + time.size] += played * (1.1 - pan)
    mix[1, first + late : first + time.size] += played[: max(0, time.size - late)] * (0.1 + pan)


def _drum(mix: NDArray[np.float64], rng: np.random.Generator, at: float, rate_hz: int, *, low: bool) -> None:
    first = int(at * rate_hz)
    time = np.arange(min(mix.shape[1] - first, int(0.25 * rate_hz))) / rate_hz
    if time.size <= 0:
        return
    if low:
        wave = np.sin(2 * np.pi * (50 + 90 * np.exp(-time * 30)) * time) * np.exp(-time * 18)
    else:
        wave = 0.4 * rng.standard_normal(time.size) * np.exp(-time * 45)
    mix[:, first : first + time.size] += wave


def _slow(rng: np.random.Generator, count: int, rate_hz: int, speed_hz: float) -> NDArray[np.float64]:
    """A curve within about -1..1 that turns some ``speed_hz`` times a second."""
    knots = max(4, int(count / rate_hz * speed_hz * 2) + 4)
    values = np.clip(rng.standard_normal(knots) * 0.6, -1, 1)
    return np.interp(np.linspace(0, knots - 1, count), np.arange(knots), values)


def _band(low: float, high: float, rate_hz: int) -> NDArray[np.float64]:
    return butter(2, (low, min(high, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
