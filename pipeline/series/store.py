"""A kept series: a folder with one Parquet file a stream and kind, and what the container declared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from pipeline.checks.contract import Programme
from pipeline.errors import InputError, UsageError
from pipeline.measure.picture import PICTURE_COLUMNS
from pipeline.measure.sound import SOUND_COLUMNS
from pipeline.model import StreamInfo
from pipeline.series.around import AROUND_COLUMNS
from pipeline.series.build import SHAPE_COLUMNS
from pipeline.series.derive import DERIVED_COLUMNS
from pipeline.series.table import Kind, Table
from pipeline.text import clean

__all__ = ["KeptSeries", "SeriesWriter", "open_series"]

SCHEMA = "vidette.series/1"
SHEET = "series.json"

COLUMNS: Mapping[Kind, frozenset[str]] = {
    Kind.PICTURES: frozenset({*PICTURE_COLUMNS, *DERIVED_COLUMNS, "key_frame", "corrupt"}),
    Kind.SOUNDS: frozenset({*SOUND_COLUMNS, *AROUND_COLUMNS, *SHAPE_COLUMNS, "gap_s"}),
    Kind.LOUDNESS: frozenset({"momentary_lufs", "short_term_lufs"}),
    Kind.FAULTS: frozenset({"kind", "detail"}),
}
"""What a table of each kind must have to be decided upon."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What lies beside the tables: ``files`` maps the name of each to its rows.

    ``areas`` says with what masks and regions the pictures were measured; ``views`` names the regions
    in the order of their files.
    """

    schema: str
    url: str
    identity: str
    profile: str
    programme: Programme
    files: dict[str, int]
    areas: str = ""
    views: tuple[str, ...] = ()


_SHEET = TypeAdapter(_Sheet)


class SeriesWriter:
    """Writes tables as they come; the folder appears under its name only when it is complete.

    Raises:
        UsageError: the folder cannot be written, or is there and is no series.
    """

    def __init__(self, folder: Path) -> None:
        self._shown = clean(str(folder))
        self._folder = folder.resolve()
        self._part = self._folder.parent / f".{self._folder.name}.vidette-part"
        if self._folder.exists() and not (self._folder / SHEET).is_file():
            raise UsageError(f"{self._shown}: is there already and is no kept series; name another")
        self._parts: dict[tuple[str, Kind, str], list[pq.ParquetWriter]] = {}
        self._views: list[str] = []
        self._files: dict[str, int] = {}
        self._stack = ExitStack()
        with self._telling():
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir(parents=True)

    def __enter__(self) -> SeriesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._telling():
                self._stack.close()
        finally:
            shutil.rmtree(self._part, ignore_errors=True)

    def feed(self, table: Table) -> None:
        """Append a table."""
        arrow = _to_arrow(table)
        parts = self._parts.setdefault((table.stream.id, table.kind, table.view), [])
        if table.view and table.view not in self._views:
            self._views.append(table.view)
        view = self._views.index(table.view) + 1 if table.view else 0
        with self._telling():
            if not parts or parts[-1].schema != arrow.schema:
                # A column cannot change half-way, the layout of a stream can: it goes on in another file.
                path = self._part / _file_name(table.stream.id, table.kind, len(parts), view)
                writer = pq.ParquetWriter(path, arrow.schema, compression="zstd")
                parts.append(self._stack.enter_context(writer))
            parts[-1].write_table(arrow)
        name = _file_name(table.stream.id, table.kind, len(parts) - 1, view)
        self._files[name] = self._files.get(name, 0) + len(table)

    def finish(self, url: str, identity: str, profile: str, programme: Programme, areas: str = "") -> None:
        """Close the files, write the sheet, and put the folder in its place."""
        sheet = _Sheet(SCHEMA, url, identity, profile, programme, self._files, areas, tuple(self._views))
        with self._telling():
            self._stack.close()
            (self._part / SHEET).write_bytes(_SHEET.dump_json(sheet, indent=1))
            shutil.rmtree(self._folder, ignore_errors=True)
            self._part.rename(self._folder)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise UsageError(f"{self._shown}: cannot be written ({exc.strerror or exc})") from exc


@dataclass(frozen=True, slots=True)
class KeptSeries:
    """A series that was read back."""

    folder: Path
    url: str
    identity: str
    profile: str
    programme: Programme
    areas: str = ""
    views: tuple[str, ...] = ()

    def tables(self) -> Iterator[Table]:
        """Every table, stream by stream, in order of time.

        Raises:
            InputError: a file is damaged, or of another version.
        """
        for totals in self.programme.streams:
            for kind in Kind:
                yield from _read_tables(self.folder, totals.info, kind)
            for number, view in enumerate(self.views, 1):
                for table in _read_tables(self.folder, totals.info, Kind.PICTURES, number):
                    yield replace(table, view=view)
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
        text = (folder / SHEET).read_text("utf-8")
        version = json.loads(text)["schema"]
        if version != SCHEMA:
            raise InputError(f"{shown}: is of schema {clean(str(version))}, this reads {SCHEMA}")
        sheet = _SHEET.validate_json(text)
        lost = next((name for name, rows in sheet.files.items() if not _is_whole(folder / name, rows)), None)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, pa.ArrowException) as exc:
        raise InputError(f"{shown}: the kept series is damaged ({type(exc).__name__})") from exc
    if lost is not None:
        raise InputError(f"{shown}: the kept series is damaged ({clean(lost)} is missing or has lost rows)")
    return KeptSeries(
        folder, sheet.url, sheet.identity, sheet.profile, sheet.programme, sheet.areas, sheet.views
    )


def _is_whole(path: Path, rows: int) -> bool:
    """Whether a table is there with all its rows: without, its checks would pass for clean."""
    return path.is_file() and pq.read_metadata(path).num_rows == rows


def _file_name(stream: str, kind: Kind, part: int, view: int = 0) -> str:
    number = f".{part}" if part else ""
    region = f".region-{view}" if view else ""
    return f"{stream.replace(':', '-').replace('*', 'all')}.{kind}{region}{number}.parquet"


def _to_arrow(table: Table) -> pa.Table:
    """Columns of two dimensions (channels) become ``name.0``, ``name.1``."""
    columns: dict[str, Any] = {"start_s": table.start_s, "end_s": table.end_s}
    for name, values in table.columns.items():
        if values.ndim == 2:
            columns |= {f"{name}.{n}": values[:, n] for n in range(values.shape[1])}
        else:
            columns[name] = values
    return pa.table(columns)


def _read_tables(folder: Path, stream: StreamInfo, kind: Kind, view: int = 0) -> Iterator[Table]:
    part = 0
    while (path := folder / _file_name(stream.id, kind, part, view)).is_file():
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    yield _from_arrow(batch, stream, kind)
        except (OSError, KeyError, pa.ArrowException) as exc:
            raise InputError(f"{clean(str(path))}: cannot be read ({type(exc).__name__})") from exc
        part += 1


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
    absent = COLUMNS[kind] - columns.keys()
    if absent:
        raise KeyError(min(absent))
    return Table(kind, stream, start_s, end_s, columns)
