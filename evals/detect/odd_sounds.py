"""Sound of hard negatives: what is taken for silence, clipping, a tone, hum, a dropout or a wrong phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.detect import voices

__all__ = ["bass", "clicky", "flute", "loud", "mono", "quiet", "surround", "whisper", "wide"]


def whisper(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    return voices.speech(rng, duration_s, whisper=True) * np.float32(0.35)


def mono(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    one = voices.speech(rng, duration_s)[:1]
    return np.concatenate([one, one])


def surround(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """Front, centre and surrounds in use; the LFE empty."""
    front, rear = voices.music(rng, duration_s), voices.ambience(rng, duration_s) * np.float32(0.4)
    centre = voices.speech(rng, duration_s)[:1]
    return np.concatenate([front * np.float32(0.6), centre, np.zeros_like(centre), rear])


def quiet(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """A forest at night: -50 dBFS."""
    return voices.at_level(voices.ambience(rng, duration_s), -50.0)


def loud(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """Music mastered to just below the ceiling, through a limiter that rounds its tops."""
    mix = voices.music(rng, duration_s)
    pressed = np.tanh(mix / mix.std() * 0.7)
    return voices.at_level(pressed, -12.0, peak_dbfs=-2.6)


def flute(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """Long notes that are nearly sines, none held as steadily as a tone generator does."""
    time = np.arange(round(duration_s * 48_000)) / 48_000
    scale = 523.25 * 2 ** (np.array([0, 2, 4, 7, 9, 12]) / 12)
    notes = scale[rng.integers(0, 6, int(duration_s / 0.8) + 2)]
    pitch = notes[(time / 0.8).astype(int)] * (1 + 0.006 * np.sin(2 * np.pi * 5.2 * time))
    breath = np.abs(np.sin(np.pi * (time / 0.8 % 1))) ** 0.3
    wave = np.sin(2 * np.pi * np.cumsum(pitch) / 48_000) * breath
    room = voices.ambience(rng, duration_s)[:, : time.size]
    return voices.at_level(np.stack([wave, 0.8 * np.roll(wave, 300)]) + 2 * room, -23.0)


def bass(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """A bass guitar that stays near the mains' frequency, note by note."""
    time = np.arange(round(duration_s * 48_000)) / 48_000
    notes = rng.choice([41.2, 46.25, 51.9, 55.0, 61.7, 65.4], int(duration_s / 0.45) + 2)
    pitch = notes[(time / 0.45).astype(int)]
    since = time % 0.45
    pluck = np.exp(-since * 4) * np.minimum(1, since / 0.006) * np.minimum(1, (0.45 - since) / 0.02)
    phase = 2 * np.pi * np.cumsum(pitch) / 48_000
    wave = sum(np.sin(phase * k) / k for k in (1, 2, 3, 4)) * pluck
    drums = voices.music(rng, duration_s)[:, : time.size]
    return voices.at_level(np.stack([wave, wave]) / wave.std() + 0.6 * drums / drums.std(), -20.0)


def clicky(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """Castanets and a typewriter: hundreds of sharp attacks."""
    times = np.cumsum(rng.uniform(0.09, 0.4, int(duration_s / 0.1)))
    base = voices.ambience(rng, duration_s) * np.float32(0.3)
    for at in times[times < duration_s - 0.1]:
        first = int(at * 48_000)
        time = np.arange(2400) / 48_000
        hit = rng.standard_normal(2400) * np.exp(-time * 180) + np.sin(2 * np.pi * 1900 * time) * np.exp(
            -time * 120
        )
        base[:, first : first + 2400] += (0.25 * hit).astype(np.float32)
    return voices.at_level(base, -24.0)


def wide(rng: np.random.Generator, duration_s: float) -> NDArray[np.float32]:
    """A mix made wide: the sides as loud as the middle, the legs alike not at all."""
    mix = voices.music(rng, duration_s)
    middle, side = mix.mean(axis=0), voices.ambience(rng, duration_s)[0, : mix.shape[1]]
    side = side / side.std() * middle.std()
    return voices.at_level(np.stack([middle + 1.1 * side, middle - 1.1 * side]), -22.0)
