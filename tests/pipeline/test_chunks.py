"""A scan in chunks gives what one pass gives: every table, event, figure and signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from evals.defects import Defect, inject_pictures, inject_samples
from evals.remux import damage, gap
from pipeline.chunks import Alone, Chunk, Parts, measure_chunk, split
from pipeline.measuring import Measured, measure, measure_split
from pipeline.model import ScanResult
from pipeline.profile import load_profile
from pipeline.scan import scan
from pipeline.series import Kind, Table
from pipeline.source import open_container, probe
from tests.clips import moving, programme, write_clip
from tests.pipeline.scans import ffmpeg

RATE = 25
PICTURES = 350
GOP = 7
DEFECTS = (
    Defect("black", 1.0, 3.4),
    Defect("freeze", 4.0, 6.5),
    Defect("green", 7.0, 7.8),
    Defect("freeze_grain", 8.4, 10.9),
    Defect("black_logo", 11.5, 14.0),
    Defect("silence", 2.0, 4.4),
    Defect("clipping", 5.0, 5.5),
    Defect("true_peak", 6.5, 7.0),
    Defect("channel_silence", 7.5, 13.5),
)
"""Each spans the border of a chunk, whether there are two of them or fifty."""

ENCODINGS: Mapping[str, tuple[str, ...]] = {
    "h264-closed.mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", f"{GOP}"),
    "h264-open.mp4": (
        *("-c:v", "libx264", "-preset", "veryfast", "-bf", "3"),
        *("-x264-params", f"open-gop=1:keyint={GOP}:min-keyint=3:scenecut=0:b-adapt=0:b-pyramid=normal"),
    ),
    "h264-open.ts": (
        *("-c:v", "libx264", "-preset", "veryfast", "-bf", "3"),
        *("-x264-params", f"open-gop=1:keyint={GOP}:min-keyint=3:scenecut=0:b-adapt=0:b-pyramid=normal"),
    ),
    "hevc-open.mp4": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params"),
        f"open-gop=1:keyint={GOP}:min-keyint=3:bframes=3:b-adapt=0:scenecut=0:pools=1:log-level=error",
    ),
    "hevc-open.mkv": (
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params"),
        f"open-gop=1:keyint={GOP}:min-keyint=3:bframes=3:b-adapt=0:scenecut=0:pools=1:log-level=error",
    ),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", f"{GOP}"),
    "vp9.webm": (
        *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"),
        *("-g", f"{GOP}", "-auto-alt-ref", "1", "-lag-in-frames", "5", "-c:a", "libopus"),
    ),
    "prores.mov": ("-c:v", "prores_ks", "-c:a", "pcm_s16le"),
}


@pytest.fixture(scope="session")
def faulty(clip_folder: Path) -> Path:
    """Fourteen seconds with a defect of every kind, coded without loss."""
    pictures = inject_pictures(moving(PICTURES, 96, 64), Fraction(RATE), DEFECTS)
    sound = programme(PICTURES / RATE)
    samples = inject_samples(sound.samples, sound.rate_hz, DEFECTS)
    return write_clip(
        clip_folder / "faulty.mov",
        pictures=list(pictures),
        sound=type(sound)(samples, sound.rate_hz, codec="pcm_s16le"),
        gop=GOP,
    )


@pytest.fixture(scope="session")
def encoded(clip_folder: Path, faulty: Path) -> Callable[[str], Path]:
    """The faulty clip in one of ``ENCODINGS``, made once."""

    def make(name: str) -> Path:
        path = clip_folder / f"chunks-{name}"
        if not path.exists():
            ffmpeg("-i", faulty, *ENCODINGS[name], path)
        return path

    return make


def _tables(path: Path, crew: Alone | None = None) -> list[Table]:
    with open_container(str(path)) as container:
        measured = Measured(probe(container))
        if crew is None:
            return list(measure(container, measured, threads=1))
        return list(measure_split(container, measured, _split(path, crew), crew))


def _split(path: Path, crew: Alone) -> dict[str, list[Chunk]]:
    with open_container(str(path)) as container:
        return split(str(path), probe(container), crew)


@dataclass(frozen=True, slots=True)
class Counting(Alone):
    """Remembers the chunks that it measured."""

    runs: list[Chunk] = field(default_factory=list)

    def measure(self, chunk: Chunk) -> Parts:
        """Measure a chunk when it is asked for."""
        self.runs.append(chunk)
        return measure_chunk(chunk)


def _of(tables: list[Table], stream: str, kind: Kind) -> list[Table]:
    return [table for table in tables if table.stream.id == stream and table.kind is kind]


def _assert_same(found: list[Table], wanted: list[Table]) -> None:
    keys = {(table.stream.id, table.kind) for table in wanted}
    assert {(table.stream.id, table.kind) for table in found} == keys
    for key in keys:
        for one, other in zip(_of(found, *key), _of(wanted, *key), strict=True):
            np.testing.assert_array_equal(one.start_s, other.start_s)
            np.testing.assert_array_equal(one.end_s, other.end_s)
            assert one.columns.keys() == other.columns.keys()
            for name in one.columns:
                np.testing.assert_array_equal(one[name], other[name], err_msg=f"{key} {name}")


def _scan(path: Path, crew: Alone | None = None) -> ScanResult:
    return scan(str(path), load_profile(), signals=True, crew=crew, threads=1)


@pytest.mark.parametrize("name", ENCODINGS)
def test_chunks_measure_what_one_pass_measures(name: str, encoded: Callable[[str], Path]) -> None:
    path = encoded(name)
    wanted = _tables(path)
    for parts in (2, 3, 7, 50):
        crew = Alone(PICTURES // parts)
        assert 0.6 * parts <= len(_split(path, crew)["v:0"]) <= parts
        _assert_same(_tables(path, crew), wanted)


@pytest.mark.parametrize("name", ["h264-open.mp4", "mpeg2.ts"])
def test_every_event_figure_and_signal_is_the_same(name: str, encoded: Callable[[str], Path]) -> None:
    one_pass, in_chunks = _scan(encoded(name)), _scan(encoded(name), Alone(20))
    assert {event.check for event in one_pass.events} >= {
        *("black", "freeze", "solid_color", "silence", "channel_silence", "true_peak")
    }
    for fact in ("events", "incidents", "coverage", "loudness", "thresholds", "covered_s", "media"):
        assert getattr(in_chunks, fact) == getattr(one_pass, fact), fact
    signals = {(signal.stream, signal.column): signal for signal in in_chunks.signals}
    assert len(signals) == len(one_pass.signals)
    for signal in one_pass.signals:
        np.testing.assert_array_equal(signals[signal.stream, signal.column].low, signal.low)
        np.testing.assert_array_equal(signals[signal.stream, signal.column].high, signal.high)


def test_no_chunk_of_a_sound_stream_is_measured_twice(encoded: Callable[[str], Path]) -> None:
    path, crew = encoded("h264-open.mp4"), Counting(35)
    _tables(path, crew)
    assert crew.runs == _split(path, crew)["v:0"]


def test_an_edit_list_hides_the_same_pictures(encoded: Callable[[str], Path], tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    ffmpeg("-ss", "1.1", "-i", encoded("h264-open.mp4"), "-c", "copy", cut)
    crew = Alone(20)
    assert len(_split(cut, crew)["v:0"]) > 5
    _assert_same(_tables(cut, crew), _tables(cut))


def test_a_hole_in_the_stamps_stays_where_it_is(encoded: Callable[[str], Path], tmp_path: Path) -> None:
    holed = tmp_path / "holed.mp4"
    gap(encoded("h264-closed.mp4"), holed, at_s=5.5, gap_s=3.0)
    assert "pts_gap" in {event.check for event in _scan(holed).events}
    _assert_same(_tables(holed, Alone(20)), _tables(holed))


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_damage_is_told_as_one_pass_tells_it(
    suffix: str, encoded: Callable[[str], Path], tmp_path: Path
) -> None:
    broken = tmp_path / f"broken.{suffix}"
    damage(encoded("h264-closed.mp4"), broken, start_s=3.4, end_s=4.0, share=0.2)
    wanted = _tables(broken)
    assert any(table["corrupt"].any() for table in _of(wanted, "v:0", Kind.PICTURES))
    crew = Counting(20)
    _assert_same(_tables(broken, crew), wanted)
    assert crew.runs[-1].run.packets is None, "the rest was measured in one run"


def test_a_stream_that_refreshes_itself_bit_by_bit_is_not_cut(faulty: Path, tmp_path: Path) -> None:
    path = tmp_path / "refresh.mp4"
    coding = f"intra-refresh=1:keyint={GOP}:scenecut=0"
    ffmpeg("-i", faulty, "-c:v", "libx264", "-preset", "veryfast", "-x264-params", coding, path)
    assert _split(path, Alone(20))
    _assert_same(_tables(path, Alone(20)), _tables(path))


def test_fields_coded_apart(faulty: Path, tmp_path: Path) -> None:
    path = tmp_path / "fields.ts"
    coding = ("-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-g", "7", "-bf", "2")
    ffmpeg("-i", faulty, "-vf", "scale=96:64:interl=1", *coding, path)
    _assert_same(_tables(path, Alone(20)), _tables(path))


@pytest.mark.parametrize("name", ["clip.avi", "clip.h264"])
def test_formats_without_times_of_their_own_are_not_split(name: str, faulty: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    ffmpeg("-i", faulty, "-an", "-c:v", "libx264", "-preset", "ultrafast", "-g", "7", path)
    assert _split(path, Alone(20)) == {}


def test_a_clip_with_one_key_frame_is_not_split(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "one.mp4", pictures=moving(60, 96, 64), gop=250)
    assert _split(path, Alone(10)) == {}
