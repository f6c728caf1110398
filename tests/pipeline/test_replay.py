"""Replay: the same profile decides the same, another decides otherwise, and nothing is decoded."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest

from pipeline.decide import Decider
from pipeline.decode.values import Picture, Sound
from pipeline.errors import InputError
from pipeline.model import Fault, FaultKind, MediaInfo, ScanResult, StreamInfo
from pipeline.profile import Profile, load_profile
from pipeline.replay import replay
from pipeline.scan import Measured, conclude, scan
from pipeline.series import Table
from pipeline.series.store import SeriesWriter
from tests.clips import black, flat, moving, muted, programme, sine, write_clip
from tests.pipeline.test_picture import picture
from tests.pipeline.test_sound import noise, sound


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds with black, green, a repeated picture, silence and a dead leg."""
    folder = tmp_path_factory.mktemp("replay")
    still = next(iter(moving(1, first=200)))
    shown = [
        *moving(50),
        *black(60),
        *moving(40, first=110),
        *flat(20, 145, 54, 34),
        *[still] * 60,
        *moving(20, first=230),
    ]
    tone = muted(programme(10.0), 2.0, 4.4)
    tone = muted(tone, 4.4, 10.0, channel=1)
    return write_clip(
        folder / "broken.mkv",
        pictures=shown,
        sound=[tone, sine(10.0, frequency_hz=20.0, dbfs=-2.5, channels=1)],
    )


@pytest.fixture(scope="module")
def series(broken: Path) -> Path:
    """The series kept of it."""
    scan(str(broken), load_profile(), keep_series=broken.with_suffix(".series"))
    return broken.with_suffix(".series")


def profile(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return load_profile(str(path))


def same(left: ScanResult, right: ScanResult) -> None:
    untimed = [changed(result, timing=None, signals=()) for result in (left, right)]
    assert untimed[0] == untimed[1]
    for one, other in zip(left.signals, right.signals, strict=True):
        assert (one.stream, one.column, one.unit) == (other.stream, other.column, other.unit)
        assert np.array_equal(one.time_s, other.time_s)
        assert np.array_equal(one.low, other.low) and np.array_equal(one.high, other.high)


def test_the_same_profile_decides_the_same(broken: Path, series: Path) -> None:
    scanned = scan(str(broken), load_profile(), signals=True)
    replayed = replay(series, load_profile(), signals=True)
    assert {"black", "solid_color", "silence", "channel_silence"} <= {e.check for e in scanned.events}
    assert {e.stream for e in scanned.events} >= {"v:0", "a:0"}
    by_name = {(s.stream, s.column): s for s in scanned.signals}
    ordered = tuple(by_name[s.stream, s.column] for s in replayed.signals)
    same(changed(scanned, signals=ordered), replayed)


@pytest.mark.parametrize(
    ("text", "gone", "new"),
    [
        ("[black]\nmin_s = 3.0", {"black"}, set()),
        ("[silence]\nenabled = false", {"silence"}, set()),
        ("[black]\nmin_s = 2.4\n[silence]\nmin_s = 2.5", {"silence"}, set()),
        ("[true_peak]\nlimit_dbtp = -3.0", set(), {"true_peak"}),
        ("[loudness]\ntolerance_lu = 0.1", set(), {"loudness"}),
        ("[missing_track]\naudio_tracks = 3", set(), {"missing_track"}),
        ('extends = "ebu-r128"', set(), {"loudness"}),
    ],
)
def test_another_profile_decides_otherwise(
    tmp_path: Path, series: Path, text: str, gone: set[str], new: set[str]
) -> None:
    before = {event.check for event in replay(series, load_profile()).events}
    after = {event.check for event in replay(series, profile(tmp_path, text)).events}
    assert before - after == gone
    assert after - before == new


def test_a_replay_equals_a_scan_under_the_other_profile(tmp_path: Path, broken: Path, series: Path) -> None:
    other = profile(tmp_path, "[black]\nmin_s = 0.1\n[silence]\nlevel_dbfs = -15\nmin_s = 0.05\n")
    same(scan(str(broken), other), replay(series, other))


def test_the_media_may_be_gone(broken: Path, series: Path, tmp_path: Path) -> None:
    moved = series.rename(tmp_path / "moved")
    result = replay(moved, load_profile())
    moved.rename(series)
    assert result.url == str(broken)
    assert result.timing is not None and result.timing.realtime_factor > 1


def test_sound_alone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "sound.wav", sound=muted(programme(6.0), 0.0, 3.0))
    scanned = scan(str(clip), load_profile(), keep_series=tmp_path / "series")
    assert [(e.check, e.start_s, e.end_s) for e in scanned.events] == [("silence", 0.0, 3.0)]
    same(scanned, replay(tmp_path / "series", load_profile()))


def test_picture_alone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "picture.mp4", pictures=[*moving(20), *black(55)])
    scanned = scan(str(clip), load_profile(), keep_series=tmp_path / "series")
    assert [(e.check, e.start_s, e.end_s) for e in scanned.events] == [("black", 0.8, 3.0)]
    same(scanned, replay(tmp_path / "series", load_profile()))


def test_nothing_to_replay() -> None:
    with pytest.raises(InputError, match="is no kept series"):
        replay(Path("nowhere"), load_profile())


def scripted(count: int) -> list[Picture | Sound | Fault]:
    """Pictures and faults as damaged transport gives them: what the container says comes long before
    the table of the pictures that the decoder marks."""
    items: list[Picture | Sound | Fault] = []
    for n in range(count):
        now = n / 25
        items.append(changed(picture((32, 48), seed=n % 7), start_s=now, corrupt=n in (25, 26, 200, 201)))
        if n in (100, 101, 150, 700):
            items.append(Fault(FaultKind.CORRUPT_FRAME, "v:0", now, now + 0.04, "marked"))
        if n % 90 == 0:
            items.append(Fault(FaultKind.DECODE_ERROR, "v:0", now, now + 0.04, ""))
        items.append(sound(noise(2, 1920, n), now))
    return items


def test_faults_decide_the_same_whatever_comes_first(tmp_path: Path) -> None:
    streams = (
        StreamInfo("v:0", "h264", 48, 32, 25.0),
        StreamInfo("a:0", "pcm", channels=2, sample_rate_hz=48_000),
    )
    measured = Measured(MediaInfo("mpegts", None, streams))
    decider = Decider(load_profile(), "x")
    with SeriesWriter(tmp_path / "series") as writer:
        tables: list[Table] = []
        for item in scripted(760):
            tables += measured.push(item)
        tables += measured.finish()
        for table in tables:
            decider.feed(table)
            writer.feed(table)
        writer.finish("x", "x", "default", measured.programme())
    scanned = conclude("x", "x", decider, measured.programme(), None)
    corrupt = [(e.start_s, e.evidence["told_by"]) for e in scanned.events if e.check == "corrupt_frame"]
    assert corrupt == [
        (1.0, "decoder"),
        (4.0, "container"),
        (6.0, "container"),
        (8.0, "decoder"),
        (28.0, "container"),
    ]
    same(scanned, replay(tmp_path / "series", load_profile()))
