"""Start and end of a defect are those of its first and last bad frame or sample, in every container."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Part, deep, full_swing, moving, muted, programme, scene, write_clip
from tests.pipeline.scans import found, intervals, scanned

LENGTH_S = 8.0
RATES = {
    "23.976": Fraction(24000, 1001),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "50": Fraction(50),
    "variable": None,
}
CONTAINERS = ("mp4", "mkv", "ts")
SILENCE_WITHIN_S = 0.020
ROUNDING_S = 0.0015
"""Matroska's time stamps are whole milliseconds."""


def stamps(rate: Fraction | None, length_s: float = LENGTH_S) -> list[int]:
    """Presentation times in ticks of 1/90000; without a rate each picture stands 1/60 to 1/10 s."""
    if rate is not None:
        return [round(n * 90_000 / rate) for n in range(int(length_s * rate))]
    steps = np.random.default_rng(5).choice([1500, 1800, 3000, 3600, 6000, 9000], 2000)
    ticks = np.concatenate([[0], np.cumsum(steps)])
    return [int(tick) for tick in ticks if tick < length_s * 90_000]


def truth(times_s: Sequence[float], part: Part) -> tuple[float, float]:
    """Start of the first picture inside, and of the first one behind."""
    start_s = min(time_s for time_s in times_s if time_s >= part.start_s)
    return start_s, min(time_s for time_s in times_s if time_s >= part.end_s)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("rate", RATES)
def test_pictures_to_the_frame(tmp_path: Path, rate: str, container: str) -> None:
    pts = stamps(RATES[rate], 12.0)
    times_s = [tick / 90_000 for tick in pts]
    parts = {
        "black": Part("black", 1.0, 3.3),
        "freeze": Part("freeze", 5.0, 7.5),
        "solid_color": Part("green", 9.0, 10.2),
    }
    path = write_clip(
        tmp_path / f"clip.{container}",
        rate=RATES[rate] or Fraction(30),
        pictures=scene(times_s, list(parts.values())),
        pts=pts,
        gop=48,
    )
    result = scanned(path)
    assert found(result) == [(check, "v:0") for check in parts]
    for check, part in parts.items():
        assert intervals(result, check) == [pytest.approx(truth(times_s, part), abs=ROUNDING_S)], check


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_sound_within_twenty_milliseconds(tmp_path: Path, container: str, rate_hz: int) -> None:
    whole = programme(14.0, rate_hz=rate_hz)
    sound = muted(muted(whole, 1.234, 3.777), 5.5, 11.1, channel=1)
    path = write_clip(tmp_path / f"clip.{container}", pictures=moving(350, 64, 48), sound=sound)
    # A transport stream has no edit list: the input begins with the encoder's priming.
    late_s = 1024 / rate_hz if container == "ts" else 0.0
    result = scanned(path)
    assert found(result) == [("silence", "a:0"), ("channel_silence", "a:0")]
    for check, (start_s, end_s) in {"silence": (1.234, 3.777), "channel_silence": (5.5, 11.1)}.items():
        [(first_s, last_s)] = intervals(result, check)
        assert first_s == pytest.approx(start_s + late_s, abs=SILENCE_WITHIN_S), check
        assert last_s == pytest.approx(end_s + late_s, abs=SILENCE_WITHIN_S), check


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(0.0, 2.6), (2.4, 5.0), (0.0, 5.0)], ids=["at the start", "at the end", "all"]
)
@pytest.mark.parametrize(
    ("kind", "check"), [("black", "black"), ("freeze", "freeze"), ("grey", "solid_color")]
)
@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_pictures_at_the_edges(
    tmp_path: Path, container: str, kind: str, check: str, start_s: float, end_s: float
) -> None:
    times_s = [n / 25 for n in range(125)]
    pictures = scene(times_s, [Part(kind, start_s, end_s)])
    result = scanned(write_clip(tmp_path / f"clip.{container}", pictures=pictures))
    assert found(result) == [(check, "v:0")]
    assert intervals(result, check)[0] == pytest.approx((start_s, end_s), abs=ROUNDING_S)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mkv", "m4a"])
@pytest.mark.parametrize(
    ("start_s", "end_s"), [(0.0, 2.6), (2.4, 5.0), (0.0, 5.0)], ids=["at the start", "at the end", "all"]
)
def test_sound_at_the_edges(tmp_path: Path, suffix: str, start_s: float, end_s: float) -> None:
    codec = {"flac": "flac", "m4a": "aac"}.get(suffix, "pcm_s16le")
    sound = muted(programme(5.0), start_s, end_s)
    path = write_clip(tmp_path / f"clip.{suffix}", sound=replace(sound, codec=codec))
    result = scanned(path)
    assert found(result) == [("silence", "a:0")]
    assert intervals(result, "silence")[0] == pytest.approx((start_s, end_s), abs=SILENCE_WITHIN_S)


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 5.5), (2.5, 8.0), (0.0, 8.0)])
def test_one_channel_at_the_edges(tmp_path: Path, start_s: float, end_s: float) -> None:
    sound = muted(programme(8.0), start_s, end_s, channel=0)
    result = scanned(write_clip(tmp_path / "clip.wav", sound=sound))
    assert found(result) == [("channel_silence", "a:0")]
    assert intervals(result, "channel_silence")[0] == pytest.approx((start_s, end_s), abs=SILENCE_WITHIN_S)
    assert result.events[0].evidence["channel"] == "FL"


@pytest.mark.parametrize(
    ("kind", "check"), [("black", "black"), ("freeze", "freeze"), ("green", "solid_color")]
)
@pytest.mark.parametrize("origin_s", [3, 90_000])
def test_times_are_from_the_start_of_the_input(tmp_path: Path, origin_s: int, kind: str, check: str) -> None:
    """Stamps that begin anywhere: the clip begins at 0 s all the same."""
    pictures = scene([n / 25 for n in range(125)], [Part(kind, 1.0, 3.6)])
    pts = [(n + origin_s * 25) * 3600 for n in range(125)]
    result = scanned(write_clip(tmp_path / "clip.ts", pictures=pictures, pts=pts))
    assert found(result) == [(check, "v:0")]
    assert intervals(result, check)[0] == pytest.approx((1.0, 3.6), abs=ROUNDING_S)


@pytest.mark.parametrize("length_s", [1.9, 2.1])
def test_shorter_than_two_seconds_is_no_defect(tmp_path: Path, length_s: float) -> None:
    times_s = [n / 50 for n in range(400)]
    parts = [Part("black", 1.0, 1.0 + length_s), Part("freeze", 4.5, 4.5 + length_s)]
    sound = muted(programme(8.0), 2.0, 2.0 + length_s)
    path = write_clip(tmp_path / "clip.mkv", rate=50, pictures=scene(times_s, parts), sound=sound)
    expected = {"black", "freeze", "silence"} if length_s > 2 else set()
    assert {check for check, _ in found(scanned(path))} == expected


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", {"preset": "veryfast", "crf": "23"}),
        ("a.mp4", "libx264", "yuv420p10le", {"preset": "veryfast", "crf": "18"}),
        ("a.ts", "libx264", "yuv422p", None),
        ("a.mkv", "libx264", "yuvj420p", None),
        ("a.mp4", "libx265", "yuv420p10le", None),
        ("a.ts", "mpeg2video", "yuv420p", {"b": "4M"}),
        ("a.mpg", "mpeg2video", "yuv420p", {"b": "2M"}),
        ("a.webm", "libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0"}),
        ("a.mov", "prores_ks", "yuv422p10le", {}),
        ("a.avi", "mjpeg", "yuvj420p", {"qmin": "3", "qmax": "3"}),
        ("a.mkv", "ffv1", "yuv444p", None),
    ],
)
def test_a_clean_input_has_no_event(
    tmp_path: Path, name: str, codec: str, pixel_format: str, options: dict[str, str] | None
) -> None:
    pictures = moving(150)
    if pixel_format.endswith("10le"):
        pictures = map(deep, pictures)
    elif pixel_format.startswith("yuvj"):
        pictures = map(full_swing, pictures)
    path = write_clip(
        tmp_path / name,
        pictures=pictures,
        sound=replace(programme(6.0), codec="mp2" if name.endswith(".mpg") else None),
        codec=codec,
        pixel_format=pixel_format,
        full_range=pixel_format.startswith("yuvj"),
        options=options,
    )
    result = scanned(path)
    assert result.status == "ok"
    assert found(result) == []
    assert result.covered_s == pytest.approx(6.0, abs=0.1)
