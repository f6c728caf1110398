"""Kept series: what is written comes back exactly, and what is damaged says so in one line."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.checks.contract import Programme, StreamTotals
from pipeline.errors import InputError, UsageError
from pipeline.measure.picture import PICTURE_COLUMNS
from pipeline.measure.sound import SOUND_COLUMNS
from pipeline.model import Fault, FaultKind, Loudness, MediaInfo, StreamInfo
from pipeline.profile import load_profile
from pipeline.replay import replay
from pipeline.scan import scan
from pipeline.series import Kind, Table
from pipeline.series.around import AROUND_COLUMNS
from pipeline.series.build import SHAPE_COLUMNS, fault_table
from pipeline.series.derive import DERIVED_COLUMNS
from pipeline.series.store import KeptSeries, SeriesWriter, open_series
from pipeline.series.thin import MOST_BUCKETS, SignalThinner
from tests.clips import black, moving, programme, write_clip

VIDEO = StreamInfo("v:0", "h264", 160, 90, 25.0, "yuv420p", start_s=0.0, duration_s=40.0)
AUDIO = StreamInfo("a:0", "aac", channels=2, channel_layout="stereo", sample_rate_hz=48_000, language="eng")
SECOND = StreamInfo("a:1", "aac", channels=1, sample_rate_hz=48_000)


def pictures(count: int, start_s: float = 0.0, seed: int = 1) -> Table:
    random = np.random.default_rng(seed)
    times = start_s + np.arange(count) / 25
    columns: dict[str, np.ndarray] = {
        name: random.random(count).astype(np.float32) for name in PICTURE_COLUMNS
    }
    columns["change_mean"][0] = np.nan
    columns |= {name: random.random(count) for name in DERIVED_COLUMNS}
    columns |= {name: random.random(count) < 0.5 for name in ("key_frame", "corrupt")}
    return Table(Kind.PICTURES, VIDEO, times, times + 0.04, columns)


def sounds(count: int, channels: int, stream: StreamInfo = AUDIO, start_s: float = 0.0) -> Table:
    random = np.random.default_rng(channels)
    times = start_s + np.arange(count) / 100
    columns: dict[str, np.ndarray] = {
        name: random.random((count, channels)).astype(np.float32)
        for name in (*SOUND_COLUMNS, *AROUND_COLUMNS)
    }
    columns |= {name: np.arange(count, dtype=np.int32) for name in SHAPE_COLUMNS}
    return Table(Kind.SOUNDS, stream, times, times + 0.01, {**columns, "gap_s": np.zeros(count)})


def loudness(count: int) -> Table:
    times = np.arange(count) / 10
    levels = np.array([-np.inf, np.nan, -23.0, *[-20.0] * (count - 3)])
    return Table(
        Kind.LOUDNESS, AUDIO, times, times + 0.1, {"momentary_lufs": levels, "short_term_lufs": -levels}
    )


def faults() -> list[Table]:
    words = ["", "moved back 1.000 s", 'line\nbreak, "quote" and é']
    return [
        fault_table(Fault(FaultKind.DECODE_ERROR, "v:0", n, n + 0.04, word), VIDEO)
        for n, word in enumerate(words)
    ]


def whole() -> Programme:
    media = MediaInfo("mov,mp4", 40.0, (VIDEO, AUDIO, SECOND), {"title": "Ünïcode ‮ name"})
    totals = (
        StreamTotals(VIDEO, 500, 0.0, 40.0),
        StreamTotals(AUDIO, 300, 0.5, 40.1, 39.6, Loudness("a:0", -23.05, None, -1.0)),
        StreamTotals(SECOND, 0, None, None),
    )
    return Programme(media, totals, 40.1, complete=False)


def kept(folder: Path, tables: list[Table]) -> KeptSeries:
    with SeriesWriter(folder) as writer:
        for table in tables:
            writer.feed(table)
        writer.finish("a.mp4", "/media/a.mp4", "default", whole())
    return open_series(folder)


def assert_same(found: Table, fed: list[Table]) -> None:
    """One table read back holds the rows of those that were fed, to the bit."""
    assert np.array_equal(found.start_s, np.concatenate([table.start_s for table in fed]))
    assert np.array_equal(found.end_s, np.concatenate([table.end_s for table in fed]))
    assert found.columns.keys() == fed[0].columns.keys()
    for name, values in found.columns.items():
        expected = np.concatenate([table[name] for table in fed])
        assert values.dtype == expected.dtype or values.dtype.kind == expected.dtype.kind == "U"
        assert np.array_equal(values, expected, equal_nan=values.dtype.kind == "f"), name


def test_tables_come_back_exactly(tmp_path: Path) -> None:
    fed = {
        (Kind.PICTURES, "v:0"): [pictures(250), pictures(250, 10.0, 2)],
        (Kind.FAULTS, "v:0"): faults(),
        (Kind.SOUNDS, "a:0"): [sounds(100, 2), sounds(200, 2, start_s=1.0)],
        (Kind.LOUDNESS, "a:0"): [loudness(50)],
    }
    series = kept(tmp_path / "series", [table for tables in fed.values() for table in tables])
    read: dict[tuple[Kind, str], list[Table]] = {}
    for table in series.tables():
        read.setdefault((table.kind, table.stream.id), []).append(table)
    assert read.keys() == fed.keys()
    for key, tables in read.items():
        joint = Table(
            tables[0].kind,
            tables[0].stream,
            np.concatenate([t.start_s for t in tables]),
            np.concatenate([t.end_s for t in tables]),
            {name: np.concatenate([t[name] for t in tables]) for name in tables[0].columns},
        )
        assert_same(joint, fed[key])


def test_the_sheet_comes_back_exactly(tmp_path: Path) -> None:
    series = kept(tmp_path / "series", [pictures(10)])
    assert series.programme == whole()
    assert (series.url, series.identity, series.profile) == ("a.mp4", "/media/a.mp4", "default")


def test_faults_of_no_stream_come_back(tmp_path: Path) -> None:
    nowhere = fault_table(Fault(FaultKind.DEMUX_ERROR, "*", 1.0, 1.0, "x"), StreamInfo("*", ""))
    (table,) = kept(tmp_path / "series", [nowhere]).tables()
    assert (table.stream.id, table["kind"].tolist()) == ("*", ["demux_error"])


def test_a_layout_that_changes_loses_no_row(tmp_path: Path) -> None:
    fed = [sounds(10, 2), sounds(20, 6, start_s=0.1), sounds(30, 2, start_s=0.3)]
    read = list(kept(tmp_path / "series", fed).tables())
    assert [table["rms"].shape for table in read] == [(10, 2), (20, 6), (30, 2)]
    for found, one in zip(read, fed, strict=True):
        assert_same(found, [one])


def test_eleven_channels_keep_their_order(tmp_path: Path) -> None:
    fed = sounds(4, 11)
    (found,) = kept(tmp_path / "series", [fed]).tables()
    assert_same(found, [fed])


def test_a_series_is_replaced_by_a_newer_one(tmp_path: Path) -> None:
    kept(tmp_path / "series", [pictures(10), sounds(10, 2)])
    series = kept(tmp_path / "series", [pictures(20)])
    assert [len(table) for table in series.tables()] == [20]
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file"])
def test_what_is_no_series_is_not_overwritten(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "mine"
    if kind == "file":
        target.write_text("precious")
    else:
        target.mkdir()
        if kind == "folder":
            (target / "thesis.txt").write_text("precious")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=r"mine: is there already and is no kept series; name another"):
        SeriesWriter(target)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", [".", "..", "/", "/proc/none/here", "a.txt/series"])
def test_where_nothing_can_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a file")
    with pytest.raises(UsageError, match=r"is there already|cannot be written"):
        SeriesWriter(Path(name))


def test_a_folder_that_vanishes_meanwhile_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"), SeriesWriter(tmp_path / "series") as writer:
        writer.feed(pictures(10))
        for part in tmp_path.iterdir():
            shutil.rmtree(part)
        writer.feed(sounds(10, 2))


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), SeriesWriter(tmp_path / "series") as writer:
        writer.feed(pictures(10))
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_failed_scan_leaves_the_older_series(tmp_path: Path, clean_clip: Path) -> None:
    folder = tmp_path / "series"
    scan(str(clean_clip), load_profile(), keep_series=folder)
    before = replay(folder, load_profile()).covered_s
    (tmp_path / "text.mp4").write_text("no video at all")
    assert scan(str(tmp_path / "text.mp4"), load_profile(), keep_series=folder).error
    assert replay(folder, load_profile()).covered_s == before


def test_a_scan_that_dies_half_way_leaves_no_folder(tmp_path: Path, clean_clip: Path) -> None:
    def die(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(str(clean_clip), load_profile(), keep_series=tmp_path / "series", on_progress=die)
    assert list(tmp_path.iterdir()) == []


def test_a_scan_that_is_stopped_keeps_what_it_has(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", pictures=[*moving(20), *black(80)], sound=programme(4.0))
    stop = threading.Event()
    result = scan(
        str(clip),
        load_profile(),
        keep_series=tmp_path / "series",
        on_progress=lambda _: stop.set(),
        stop=stop,
    )
    again = replay(tmp_path / "series", load_profile())
    assert result.interrupted and again.interrupted
    assert again.covered_s == result.covered_s < 4.0
    assert again.coverage == result.coverage


def edited(sheet: Path, **changes: Any) -> None:
    values = json.loads(sheet.read_text("utf-8"))
    sheet.write_text(json.dumps(values | changes), "utf-8")


def _replace_column(folder: Path) -> None:
    path = folder / "v-0.pictures.parquet"
    pq.write_table(pq.read_table(path).rename_columns({"dark_share": "lightness"}), path)


DAMAGE = {
    "sheet is no JSON": lambda f: (f / "series.json").write_text("{"),
    "sheet is a list": lambda f: (f / "series.json").write_text("[]"),
    "sheet is empty": lambda f: (f / "series.json").write_text(""),
    "sheet is not UTF-8": lambda f: (f / "series.json").write_bytes(b"\xff\xfe{}"),
    "sheet is deep": lambda f: (f / "series.json").write_text("[" * 100_000),
    "programme is gone": lambda f: edited(f / "series.json", programme=None),
    "programme is wrong": lambda f: edited(f / "series.json", programme={"end_s": "soon"}),
    "files are wrong": lambda f: edited(f / "series.json", files=[1]),
    "a table is gone": lambda f: (f / "v-0.pictures.parquet").unlink(),
    "a table is cut short": lambda f: _cut(f / "v-0.pictures.parquet"),
    "a table is no table": lambda f: (f / "v-0.pictures.parquet").write_bytes(b"hello"),
    "a table has fewer rows": lambda f: pq.write_table(
        pa.table({"start_s": [1.0]}), f / "v-0.pictures.parquet"
    ),
    "a table lacks a column": _replace_column,
}


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_series_gives_one_line(tmp_path: Path, damage: Any) -> None:
    kept(tmp_path / "series", [pictures(10)])
    damage(tmp_path / "series")
    with pytest.raises(InputError, match=r"damaged|cannot be read") as caught:
        replay(tmp_path / "series", load_profile())
    assert "\n" not in str(caught.value)
    assert "series" in str(caught.value)


def test_damage_inside_a_table_gives_one_line(tmp_path: Path) -> None:
    kept(tmp_path / "series", [pictures(2000)])
    path = tmp_path / "series" / "v-0.pictures.parquet"
    data = bytearray(path.read_bytes())
    data[200:2000] = bytes(1800)
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read"):
        replay(tmp_path / "series", load_profile())


def test_a_series_of_another_version_is_told(tmp_path: Path) -> None:
    kept(tmp_path / "series", [pictures(10)])
    edited(tmp_path / "series" / "series.json", schema="vidette.series/9")
    with pytest.raises(InputError, match=r"is of schema vidette\.series/9, this reads vidette\.series/1"):
        open_series(tmp_path / "series")


@pytest.mark.parametrize("name", ["nowhere", "empty", "file.txt"])
def test_what_is_no_series_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(InputError, match=rf"{name}: is no kept series; make one with"):
        open_series(tmp_path / name)


def test_signals_are_thinned_and_keep_their_extremes() -> None:
    thinner = SignalThinner()
    count = 5 * MOST_BUCKETS
    for first in range(0, count, 1000):
        table = pictures(1000, first / 25)
        level = np.full(1000, 50.0, np.float32)
        level[123] = 200.0 if first == 30_000 else 50.0
        thinner.feed(
            Table(table.kind, table.stream, table.start_s, table.end_s, {**table.columns, "luma_mean": level})
        )
    signal = next(one for one in thinner.signals() if one.column == "luma_mean")
    assert len(signal.time_s) <= 2 * MOST_BUCKETS
    assert np.all(np.diff(signal.time_s) > 0)
    assert (signal.low.min(), signal.high.max()) == (50, 200)
    peak_s = signal.time_s[signal.high.argmax()]
    assert peak_s <= 30_123 / 25 < peak_s + 8 / 25
