"""What is legal but rare, and what is damaged: time runs on, nothing raises, nothing is made up."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.remux import damage, gap, offset
from pipeline.decode import Picture, Sound
from pipeline.model import CoverageStatus, Fault, FaultKind, ScanResult
from tests.clips import Part, flat, moving, muted, programme, scene, write_clip
from tests.pipeline.scans import decoded, ffmpeg, found, intervals, scanned

BLACK_AND_FREEZE = [Part("black", 1.0, 3.2), Part("freeze", 4.0, 6.4)]


def times_s(count: int) -> list[float]:
    return [n / 25 for n in range(count)]


def with_defects(folder: Path, name: str) -> Path:
    """Eight seconds with black, a freeze and silence."""
    pictures = scene(times_s(200), BLACK_AND_FREEZE)
    return write_clip(folder / name, pictures=pictures, sound=muted(programme(8.0), 2.0, 4.5))


def judged(result: ScanResult, status: CoverageStatus) -> set[str]:
    """Checks with this status."""
    return {row.check for row in result.coverage if row.status is status}


def test_sound_alone(tmp_path: Path) -> None:
    result = scanned(write_clip(tmp_path / "a.wav", sound=muted(programme(6.0), 1.0, 4.0)))
    assert found(result) == [("silence", "a:0")]
    blind = {row.check: row.reason for row in result.coverage if row.status is CoverageStatus.NOT_ASSESSABLE}
    assert blind["black"] == blind["freeze"] == "there is no video track"
    assert blind["av_skew"] == "needs both picture and sound"


def test_picture_alone(tmp_path: Path) -> None:
    result = scanned(write_clip(tmp_path / "a.mp4", pictures=scene(times_s(200), BLACK_AND_FREEZE)))
    assert found(result) == [("black", "v:0"), ("freeze", "v:0")]
    assert {"silence", "clipping", "loudness"} <= judged(result, CoverageStatus.NOT_ASSESSABLE)
    assert result.loudness == ()


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.flac"])
def test_cover_art_is_no_video_track(tmp_path: Path, name: str) -> None:
    sound = write_clip(tmp_path / "sound.wav", sound=programme(4.0))
    cover = write_clip(
        tmp_path / "cover.png", pictures=moving(1), codec="png", pixel_format="rgb24", container="image2"
    )
    ffmpeg(
        "-i",
        sound,
        "-i",
        cover,
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
        tmp_path / name,
    )
    result = scanned(tmp_path / name)
    assert found(result) == []
    assert result.media is not None
    assert [stream.id for stream in result.media.streams] == ["a:0"]


def test_subtitles_and_data_are_passed_over(tmp_path: Path) -> None:
    clip = with_defects(tmp_path, "clip.mp4")
    (tmp_path / "words.srt").write_text(
        "1\n00:00:00,500 --> 00:00:02,000\nhello\n\n2\n00:01:00,000 --> 00:02:00,000\nlate\n"
    )
    ffmpeg("-i", clip, "-i", tmp_path / "words.srt", "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "copy",
           "-c:s", "mov_text", tmp_path / "a.mp4")  # fmt: skip
    result = scanned(tmp_path / "a.mp4")
    assert found(result) == [("black", "v:0"), ("silence", "a:0"), ("freeze", "v:0")]
    assert result.media is not None
    assert [stream.id for stream in result.media.streams] == ["v:0", "a:0"]


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.ts", "b.avi", "b.flv", "b.h264"])
def test_pictures_coded_out_of_order(tmp_path: Path, name: str) -> None:
    """B pictures are decoded in another order than shown; AVI and bare H.264 do not even say in which."""
    lossless = write_clip(tmp_path / "a.mkv", pictures=scene(times_s(200), BLACK_AND_FREEZE), codec="ffv1")
    ffmpeg(
        "-i",
        lossless,
        "-c:v",
        "libx264",
        "-preset",
        "medium",
        "-crf",
        "16",
        "-bf",
        "3",
        "-g",
        "50",
        tmp_path / name,
    )
    result = scanned(tmp_path / name)
    assert found(result) == [("black", "v:0"), ("freeze", "v:0")]
    for check, part in zip(("black", "freeze"), BLACK_AND_FREEZE, strict=True):
        [(start_s, end_s)] = intervals(result, check)
        assert start_s == pytest.approx(part.start_s, abs=0.0415)
        assert end_s == pytest.approx(part.end_s, abs=0.0415)


def test_fields(tmp_path: Path) -> None:
    lossless = write_clip(
        tmp_path / "a.mkv", pictures=scene(times_s(200), BLACK_AND_FREEZE, 160, 96), codec="ffv1"
    )
    interlaced = ["-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-q:v", "3", "-g", "12"]
    ffmpeg("-i", lossless, "-vf", "setfield=tff", *interlaced, tmp_path / "a.mpg")
    result = scanned(tmp_path / "a.mpg")
    assert found(result) == [("black", "v:0"), ("freeze", "v:0")]


def test_an_edit_list_hides_what_lies_before_it(tmp_path: Path) -> None:
    """The clip is cut at 1.5 s between key frames, so pictures before zero are in the file and not shown."""
    clip = write_clip(tmp_path / "clip.mp4", pictures=scene(times_s(200), BLACK_AND_FREEZE), gop=100)
    ffmpeg("-ss", "0.48", "-i", clip, "-c", "copy", tmp_path / "a.mp4")
    result = scanned(tmp_path / "a.mp4")
    assert found(result) == [("black", "v:0"), ("freeze", "v:0")]
    assert intervals(result, "black") == [pytest.approx((0.52, 2.72), abs=0.001)]
    assert intervals(result, "freeze") == [pytest.approx((3.52, 5.92), abs=0.001)]
    assert result.covered_s == pytest.approx(7.52, abs=0.001)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.webm"])
def test_stamps_below_zero(tmp_path: Path, name: str) -> None:
    """Opus and AAC begin with samples that are to be thrown away, and have stamps below zero for them."""
    sound = replace(muted(programme(6.0), 1.0, 3.5), codec="aac" if name.endswith("mp4") else "libopus")
    path = write_clip(tmp_path / name, sound=sound)
    sounds = [item for item in decoded(path) if isinstance(item, Sound)]
    assert sounds[0].start_s == pytest.approx(0.0, abs=0.001)
    # Opus smears sound over its frames of 20 ms.
    assert intervals(scanned(path), "silence") == [pytest.approx((1.0, 3.5), abs=0.03)]


def test_a_clock_that_wraps_round(tmp_path: Path) -> None:
    """MPEG's stamps have 33 bits: after 26.5 hours they begin again at zero."""
    straight = [(n + 95_440 * 25) * 3600 for n in range(200)]
    assert straight[0] < 2**33 < straight[-1]
    result = scanned(
        write_clip(tmp_path / "a.ts", pictures=scene(times_s(200), BLACK_AND_FREEZE), pts=straight)
    )
    assert found(result) == [("black", "v:0"), ("freeze", "v:0")]
    assert intervals(result, "freeze") == [pytest.approx((4.0, 6.4), abs=0.001)]


@pytest.mark.parametrize("first_s", [0, 600])
def test_a_looped_stream_runs_on(tmp_path: Path, first_s: int) -> None:
    """Stamps that begin again are told, and what comes behind has the time at which it is played."""
    pts = [(n + first_s * 25) * 3600 for n in range(200)]
    sound = replace(muted(programme(8.0), 2.0, 4.5), codec="mp2", start_s=float(first_s))
    once = write_clip(
        tmp_path / "once.ts", pictures=scene(times_s(200), BLACK_AND_FREEZE), sound=sound, pts=pts
    )
    again = write_clip(
        tmp_path / "again.ts",
        pictures=scene(times_s(200), BLACK_AND_FREEZE),
        sound=replace(sound, start_s=0.0),
    )
    (tmp_path / "a.ts").write_bytes(once.read_bytes() + again.read_bytes())
    result = scanned(tmp_path / "a.ts")
    checks = [check for check, _ in found(result)]
    assert "pts_backward" in checks
    assert [check for check in checks if check in ("black", "freeze", "silence")] == [
        "black",
        "silence",
        "freeze",
    ] * 2
    assert intervals(result, "black") == [
        pytest.approx((1.0, 3.2), abs=0.05),
        pytest.approx((9.0, 11.2), abs=0.05),
    ]
    assert intervals(result, "silence") == [
        pytest.approx((2.0, 4.5), abs=0.05),
        pytest.approx((10.0, 12.5), abs=0.1),
    ]
    assert result.covered_s == pytest.approx(16.0, abs=0.15)
    assert "pts_gap" not in checks and "av_skew" not in checks


def test_a_hole_in_the_time_stamps(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.ts", pictures=moving(200), sound=programme(8.0))
    truth = gap(clip, tmp_path / "a.ts", at_s=3.0, gap_s=1.5)
    result = scanned(tmp_path / "a.ts")
    assert found(result) == [("pts_gap", "a:0"), ("pts_gap", "v:0")]
    spans = {event.stream: (event.start_s, event.end_s) for event in result.events}
    assert spans["v:0"] == pytest.approx((truth.start_s, truth.end_s), abs=0.05)
    assert spans["a:0"] == pytest.approx((truth.start_s, truth.end_s), abs=0.05)
    assert result.covered_s == pytest.approx(9.5, abs=0.05)


def test_a_variable_rate_is_no_hole(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pts = list(itertools.accumulate(int(step) for step in rng.choice([3000, 6000, 30_000, 60_000], 60)))
    result = scanned(write_clip(tmp_path / "a.mp4", pictures=moving(60), pts=pts))
    assert found(result) == []


@pytest.mark.parametrize("by_s", [0.4, -0.2])
def test_sound_that_starts_apart(tmp_path: Path, by_s: float) -> None:
    late = write_clip(tmp_path / "late.mkv", pictures=moving(125), sound=replace(programme(5.0), start_s=1.0))
    offset(late, tmp_path / "a.mkv", by_s=by_s - 1.0)
    result = scanned(tmp_path / "a.mkv")
    assert found(result) == [("av_skew", "a:0")]
    assert result.events[0].value == pytest.approx(by_s, abs=0.002)


@pytest.mark.parametrize("name", ["a.ts", "a.mp4"])
def test_damaged_packets_are_told_and_the_scan_goes_on(tmp_path: Path, name: str) -> None:
    pictures = scene(times_s(250), [Part("black", 7.0, 9.2)])
    lossless = write_clip(tmp_path / "lossless.mkv", pictures=pictures, sound=programme(10.0))
    ffmpeg("-i", lossless, "-c:v", "libx264", "-crf", "20", "-g", "25", "-bf", "0", tmp_path / f"clip-{name}")
    truth = damage(tmp_path / f"clip-{name}", tmp_path / name, start_s=2.0, end_s=3.0, share=0.1)
    result = scanned(tmp_path / name)
    assert result.status == "ok"
    broken = [event for event in result.events if event.check in ("decode_error", "corrupt_frame")]
    assert broken
    for event in broken:
        assert event.end_s is not None
        assert truth.start_s - 0.2 < event.start_s and event.end_s < truth.end_s + 0.6
    assert intervals(result, "black") == [pytest.approx((7.0, 9.2), abs=0.05)]
    assert result.covered_s == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize(("packets", "filler"), [(40, 0x00), (40, 0xFF), (3, 0x47)])
def test_lost_transport_packets(tmp_path: Path, packets: int, filler: int) -> None:
    clip = write_clip(tmp_path / "clip.ts", pictures=scene(times_s(250), [Part("black", 7.0, 9.2)]))
    raw = bytearray(clip.read_bytes())
    start = len(raw) // 3 // 188 * 188
    raw[start : start + 188 * packets] = bytes([filler]) * 188 * packets
    (tmp_path / "a.ts").write_bytes(raw)
    result = scanned(tmp_path / "a.ts")
    assert {"decode_error", "corrupt_frame"} & {check for check, _ in found(result)}
    assert intervals(result, "black") == [pytest.approx((7.0, 9.2), abs=0.05)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.flac", "a.mp3"])
def test_bytes_flipped_anywhere_never_raise(tmp_path: Path, name: str, seed: int) -> None:
    sound = replace(programme(3.0), codec={"a.flac": "flac", "a.mp3": "libmp3lame"}.get(name))
    pictures = () if name in ("a.flac", "a.mp3") else moving(50, 64, 48)
    path = write_clip(tmp_path / name, pictures=pictures, sound=sound)
    rng = np.random.default_rng(seed)
    values = np.frombuffer(path.read_bytes(), np.uint8).copy()
    places = rng.integers(0, len(values), max(4, len(values) // 500))
    values[places] = rng.integers(0, 256, len(places))
    path.write_bytes(values.tobytes())
    result = scanned(path)
    assert (result.error is None) == (result.status == "ok")
    assert all(event.end_s is None or event.end_s >= event.start_s >= 0.0 for event in result.events)


def test_sound_that_changes_its_layout_half_way(tmp_path: Path) -> None:
    stereo = write_clip(tmp_path / "stereo.ts", sound=muted(programme(5.0), 2.0, 4.5))
    mono = write_clip(tmp_path / "mono.ts", sound=muted(programme(5.0, channels=1), 1.0, 3.5))
    (tmp_path / "a.ts").write_bytes(stereo.read_bytes() + mono.read_bytes())
    sounds = [item for item in decoded(tmp_path / "a.ts") if isinstance(item, Sound)]
    assert {sound.samples.shape[0] for sound in sounds} == {1, 2}
    result = scanned(tmp_path / "a.ts")
    assert result.status == "ok"
    assert len(intervals(result, "silence")) == 2


def test_pictures_of_all_streams_are_told_apart(tmp_path: Path) -> None:
    one = write_clip(tmp_path / "one.mkv", pictures=moving(100))
    two = write_clip(tmp_path / "two.mkv", pictures=scene(times_s(100), [Part("black", 1.0, 3.4)]))
    ffmpeg("-i", one, "-i", two, "-map", "0", "-map", "1", "-c", "copy", tmp_path / "a.mkv")
    result = scanned(tmp_path / "a.mkv")
    assert found(result) == [("black", "v:1")]


@pytest.mark.parametrize("kind", [Picture, Sound])
def test_a_track_without_a_packet_is_missing(tmp_path: Path, kind: type) -> None:
    """Declared in the header, and never sent."""
    clip = with_defects(tmp_path, "clip.mp4")
    keep = "a" if kind is Picture else "v"
    empty = "v" if kind is Picture else "a"
    ffmpeg("-i", clip, "-map", "0", "-c", "copy", f"-bsf:{empty}", "noise=drop=1", tmp_path / "a.mkv")
    result = scanned(tmp_path / "a.mkv")
    assert ("missing_track", f"{empty}:0") in found(result)
    assert ("missing_track", f"{keep}:0") not in found(result)


@pytest.mark.parametrize("dark", [False, True])
def test_one_picture_is_too_short_for_a_defect(tmp_path: Path, dark: bool) -> None:
    pictures = flat(1, 16, 128, 128) if dark else moving(1)
    path = write_clip(
        tmp_path / "a.png", pictures=pictures, codec="png", pixel_format="rgb24", container="image2"
    )
    result = scanned(path)
    assert found(result) == []
    assert "black" in judged(result, CoverageStatus.NOT_ASSESSABLE)


def test_faults_carry_where_and_what(tmp_path: Path) -> None:
    once = write_clip(tmp_path / "once.ts", pictures=moving(50))
    (tmp_path / "a.ts").write_bytes(once.read_bytes() * 3)
    faults = [item for item in decoded(tmp_path / "a.ts") if isinstance(item, Fault)]
    back = [fault for fault in faults if fault.kind is FaultKind.PTS_BACKWARD]
    assert len(back) >= 2
    assert all("moved" in fault.detail and fault.stream == "v:0" for fault in back)
