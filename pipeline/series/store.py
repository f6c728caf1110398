"""A kept series: a folder with one Parquet file a stream and kind, and what the container declared."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.checks.contract import Programme, StreamTotals
from pipeline.errors import InputError, UsageError
from pipeline.model import Loudness, MediaInfo, StreamInfo
from pipeline.series.table import Kind, Table
from pipeline.text import clean

__all__ = ["KeptSeries", "SeriesWriter", "open_series"]

SCHEMA = "vidette.series/1"
SHEET = "series.json"


class SeriesWriter:
    """Writes tables as they come; the folder appears under its name only when it is complete.

    Raises:
        UsageError: the folder cannot be written, or is there and is no series.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._part = folder.with_name(folder.name + ".part")
        if folder.exists() and not (folder / SHEET).is_file():
            raise UsageError(f"{clean(str(folder))}: is there already and is no kept series; name another")
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._stack = ExitStack()
        try:
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir(parents=True)
        except OSError as exc:
            raise UsageError(f"{clean(str(folder))}: cannot be written ({exc.strerror})") from exc

    def __enter__(self) -> SeriesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        shutil.rmtree(self._part, ignore_errors=True)

    def feed(self, table: Table) -> None:
        """Append a table."""
        arrow = _to_arrow(table)
        name = _file_name(table.stream.id, table.kind)
        if name not in self._writers:
            writer = pq.ParquetWriter(self._part / name, arrow.schema, compression="zstd")
            self._writers[name] = self._stack.enter_context(writer)
        elif self._writers[name].schema != arrow.schema:
            return  # The layout changed half-way; a column cannot, and the events are not lost by it.
        self._writers[name].write_table(arrow)

    def finish(self, url: str, identity: str, profile: str, programme: Programme) -> None:
        """Close the files, write the sheet, and put the folder in its place."""
        self._stack.close()
        sheet = {
            "schema": SCHEMA,
            "url": url,
            "identity": identity,
            "profile": profile,
            "programme": dataclasses.asdict(programme),
        }
        (self._part / SHEET).write_text(json.dumps(sheet, indent=1), "utf-8")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._part.rename(self._folder)


@dataclasses.dataclass(frozen=True, slots=True)
class KeptSeries:
    """A series that was read back."""

    folder: Path
    url: str
    identity: str
    profile: str
    programme: Programme

    def tables(self) -> Iterator[Table]:
        """Every table, stream by stream, in order of time."""
        for totals in self.programme.streams:
            for kind in Kind:
                yield from _read_tables(self.folder, totals.info, kind)
        yield from _read_tables(self.folder, StreamInfo("*", ""), Kind.FAULTS)


def open_series(folder: Path) -> KeptSeries:
    """Read a kept series.

    Raises:
        InputError: it is none, or is damaged, or of another version.
    """
    shown = clean(str(folder))
    if not (folder / SHEET).is_file():
        raise InputError(f"{shown}: is no kept series; make one with 'vidette check --keep-series'")
    try:
        sheet = json.loads((folder / SHEET).read_text("utf-8"))
        if sheet.get("schema") != SCHEMA:
            raise InputError(f"{shown}: is of schema {clean(str(sheet.get('schema')))}, this reads {SCHEMA}")
        programme = _programme(sheet["programme"])
        return KeptSeries(folder, sheet["url"], sheet["identity"], sheet["profile"], programme)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InputError(f"{shown}: the kept series is damaged ({type(exc).__name__})") from exc


def _programme(values: dict[str, Any]) -> Programme:
    media = values["media"]
    streams = tuple(StreamInfo(**stream) for stream in media["streams"])
    totals = tuple(
        StreamTotals(
            **{
                **item,
                "info": StreamInfo(**item["info"]),
                "loudness": Loudness(**item["loudness"]) if item["loudness"] else None,
            }
        )
        for item in values["streams"]
    )
    info = MediaInfo(media["format"], media["duration_s"], streams, media["tags"])
    return Programme(info, totals, values["end_s"], values["complete"])


def _file_name(stream: str, kind: Kind) -> str:
    return f"{stream.replace(':', '-').replace('*', 'all')}.{kind}.parquet"


def _to_arrow(table: Table) -> pa.Table:
    """Columns of two dimensions (channels) become ``name.0``, ``name.1``."""
    columns: dict[str, Any] = {"start_s": table.start_s, "end_s": table.end_s}
    for name, values in table.columns.items():
        if values.ndim == 2:
            columns |= {f"{name}.{n}": values[:, n] for n in range(values.shape[1])}
        else:
            columns[name] = values
    return pa.table(columns)


def _read_tables(folder: Path, stream: StreamInfo, kind: Kind) -> Iterator[Table]:
    path = folder / _file_name(stream.id, kind)
    if not path.is_file():
        return
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield _from_arrow(batch, stream, kind)
    except (OSError, pa.ArrowException) as exc:
        raise InputError(f"{clean(str(path))}: cannot be read ({type(exc).__name__})") from exc


def _from_arrow(batch: pa.RecordBatch, stream: StreamInfo, kind: Kind) -> Table:
    flat = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}
    start_s, end_s = flat.pop("start_s"), flat.pop("end_s")
    columns: dict[str, Any] = {}
    for name, values in flat.items():
        base, dot, _ = name.rpartition(".")
        if not dot:
            columns[name] = values.astype(str) if values.dtype == object else values
        elif base not in columns:
            channels = [flat[key] for key in flat if key.rpartition(".")[0] == base]
            columns[base] = np.stack(channels, axis=1)
    return Table(kind, stream, start_s, end_s, columns)
