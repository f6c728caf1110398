"""Values as decoding yields them, and what a profile says of them: checks are tested without a codec."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.decide import Decider
from pipeline.decode.values import LoudnessReading, Picture, Sound
from pipeline.model import Coverage, DefectEvent, Fault, MediaInfo, ScanResult, StreamInfo
from pipeline.profile import Profile, load_profile
from pipeline.scan import Measured, conclude

__all__ = ["SIZE", "Items", "events", "heard", "judged", "noise", "of_check", "only", "shown", "times"]

Items = Iterable[Picture | Sound | LoudnessReading | Fault]

SIZE = (180, 320)
RATE = 25
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def only(check: str, **values: object) -> Profile:
    """The default profile with one check alone, and some of its settings changed."""
    base = load_profile()
    settings = {
        name: type(old).model_validate(old.model_dump() | (values if name == check else {"enabled": False}))
        for name, old in base.settings.items()
    }
    return Profile("test", "", settings)


def judged(
    items: Items,
    profile: Profile,
    *,
    media: MediaInfo | None = None,
    complete: bool = True,
) -> ScanResult:
    """What a profile says of values as decoding yields them; streams are those that occur."""
    items = list(items)
    media = media or MediaInfo("mov,mp4", None, _streams(items))
    measured = Measured(media, profile.areas, complete=complete)
    decider = Decider(profile, "input")
    tables = [table for item in items for table in measured.push(item)]
    for table in [*tables, *measured.finish()]:
        decider.feed(table)
    return conclude("input", "input", decider, measured.programme(), None)


def _streams(items: Sequence[object]) -> tuple[StreamInfo, ...]:
    found: dict[str, StreamInfo] = {}
    for item in items:
        if isinstance(item, Picture):
            height, width = item.luma.shape
            found.setdefault(item.stream, StreamInfo(item.stream, "h264", width, height, float(RATE)))
        elif isinstance(item, Sound):
            count = len(item.samples)
            found[item.stream] = StreamInfo(
                item.stream,
                "pcm",
                channels=count,
                channel_layout=LAYOUTS[count],
                sample_rate_hz=item.rate_hz,
            )
    return tuple(found[name] for name in sorted(found, reverse=True))


def events(items: Items, profile: Profile) -> tuple[DefectEvent, ...]:
    """The events alone."""
    return judged(items, profile).events


def times(found: Sequence[DefectEvent]) -> list[tuple[float, float]]:
    """Start and end of each event, to the millisecond."""
    return [(round(event.start_s, 3), round(event.end_s or 0.0, 3)) for event in found]


def shown(
    luma: np.ndarray | int,
    cb: float = 128,
    cr: float = 128,
    *,
    count: int = 60,
    bits: int = 8,
    full_range: bool = False,
    first: int = 0,
    grain: float = 0.0,
) -> list[Picture]:
    """One picture, shown ``count`` times at 25 a second; levels are those of eight bits."""
    random = np.random.default_rng(1)
    scale = 1 << (bits - 8)
    dtype = np.uint8 if bits == 8 else np.uint16
    base = np.broadcast_to(np.asarray(luma, float), SIZE)
    chroma = [np.full((SIZE[0] // 2, SIZE[1] // 2), round(level * scale), dtype) for level in (cb, cr)]
    pictures = []
    for n in range(first, first + count):
        noisy = base + random.normal(0, grain, SIZE) if grain else base
        grainy = np.clip(np.rint(noisy * scale), 0, 256 * scale - 1)
        pictures.append(
            Picture("v:0", n / RATE, 1 / RATE, grainy.astype(dtype), *chroma, bits, full_range, n == 0, False)
        )
    return pictures


def noise(
    level_dbfs: float, length_s: float, channels: int = 2, *, seed: int = 1, rate_hz: int = 48_000
) -> np.ndarray:
    """Noise of an RMS of ``level_dbfs``: (channels, n)."""
    values = np.random.default_rng(seed).uniform(-1, 1, (channels, round(length_s * rate_hz)))
    return np.asarray(values * np.sqrt(3) * 10 ** (level_dbfs / 20))


def heard(
    samples: np.ndarray,
    *,
    start_s: float = 0.0,
    rate_hz: int = 48_000,
    full_scale: float = 1.0,
    stream: str = "a:0",
) -> list[Sound]:
    """Samples (channels, n) as frames of 1024."""
    return [
        Sound(
            stream,
            start_s + at / rate_hz,
            rate_hz,
            np.ascontiguousarray(samples[:, at : at + 1024], np.float32),
            full_scale,
            LAYOUTS[len(samples)],
        )
        for at in range(0, samples.shape[1], 1024)
    ]


def of_check(result: ScanResult, check: str) -> list[Coverage]:
    """What is said of one check."""
    return [row for row in result.coverage if row.check == check]
