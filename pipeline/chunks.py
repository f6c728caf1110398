"""One video stream in chunks: where it may be cut, what a chunk gives, and how chunks are joined.

A chunk begins at a key frame. It goes on a few pictures past the key frame of the next one: so the
leading pictures of that key frame (open GOPs) are decoded with what they refer to, its row knows the
picture before it, and the two decoders can be compared. Where they disagree, or a chunk does not give
exactly the pictures that its packets promise, everything from the last sure key frame on is measured
in one run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from pipeline.areas import Areas
from pipeline.decode import Picture
from pipeline.decode.index import UNKNOWN, PacketIndex, Run, SplitError, decode_run, read_index
from pipeline.measure import PictureMeter
from pipeline.model import Fault, MediaInfo
from pipeline.series.build import PictureRow, picture_row
from pipeline.source import is_local, media_streams, open_container, redact

__all__ = [
    "Alone",
    "Apart",
    "Chunk",
    "Crew",
    "Part",
    "Parts",
    "Stopped",
    "cut",
    "join",
    "measure_chunk",
    "places",
    "plan",
    "split",
]

log = logging.getLogger(__name__)

NO_AREAS = Areas()
LEADING_PACKETS = 64
"""A key frame with leading pictures further behind it than this is no place to cut."""
PROVING_PACKETS = 3
"""Packets behind a key frame and its leading pictures that both chunks decode, for comparison."""
MOST_PACKETS = 20_000
ROWS_A_PART = 100


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of packets, and the pictures that it must give.

    ``start_s`` is when its key frame is shown (-inf for the first chunk), ``end_s`` when the next one's
    is (inf for the last). ``promised`` are the times of all pictures from ``start_s`` on, or None where
    nothing is promised: the first chunk begins as the stream does, however that may be.
    """

    url: str
    run: Run
    start_s: float = -np.inf
    end_s: float = np.inf
    promised: tuple[float, ...] | None = None
    areas: Areas = NO_AREAS


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows and faults of a chunk, in order."""

    items: tuple[PictureRow | Fault, ...]


class Stopped(Exception):
    """Whoever wanted the parts of a chunk has ended the scan."""


class Parts(Protocol):
    """The parts of a chunk as they come; ``close`` when no more are wanted."""

    def __iter__(self) -> Iterator[Part]: ...
    def close(self) -> None: ...


class Crew(Protocol):
    """Who measures an input. ``window`` chunks are begun before the first of them is waited for.

    ``threads`` is for a decoder in one pass, ``spent_s`` what was spent elsewhere, in CPU seconds.
    """

    @property
    def window(self) -> int: ...
    @property
    def threads(self) -> int: ...
    @property
    def spent_s(self) -> float: ...
    def worth(self, media: MediaInfo) -> bool:
        """Whether an input is long enough to be split."""
        ...

    def length(self, left: int) -> int:
        """Packets that the next chunk of a stream should have, of so many that are left."""
        ...

    def measure(self, chunk: Chunk) -> Parts:
        """Measure a chunk; begins at once, or when it is first asked for."""
        ...

    def apart(self, url: str, areas: Areas) -> Apart | None:
        """Measure a whole input elsewhere in one pass, or not."""
        ...


class Apart(Protocol):
    """What ``measuring.measure_apart`` yields, from elsewhere; ``close`` when no more is wanted."""

    def __iter__(self) -> Iterator[Any]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Alone:
    """A crew of nobody: chunks of ``packets`` are measured where they are asked for, one by one."""

    packets: int
    window: int = 1
    threads: int = 1
    spent_s: float = 0.0

    def worth(self, media: MediaInfo) -> bool:
        """Whether an input is long enough to be split."""
        return True

    def length(self, left: int) -> int:
        """Packets that a chunk should have."""
        return self.packets

    def measure(self, chunk: Chunk) -> Parts:
        """Measure a chunk when it is asked for."""
        return measure_chunk(chunk)

    def apart(self, url: str, areas: Areas) -> None:
        """Nobody is elsewhere."""


def split(url: str, media: MediaInfo, crew: Crew, areas: Areas = NO_AREAS) -> dict[str, list[Chunk]]:
    """The chunks of each video stream of an input; none where it is to be measured in one pass.

    ``areas`` are the masks and regions that its pictures are measured with.

    Raises:
        InputError: the input cannot be opened any more.
    """
    if not (is_local(url) and crew.worth(media)):
        return {}
    try:
        with open_container(url) as container:
            indexes = read_index(container, media_streams(container))
        plans = {name: plan(url, index, crew.length, areas) for name, index in indexes.items()}
    except SplitError as exc:
        log.debug("%s: one pass: %s", redact(url), exc)
        return {}
    return plans if all(len(chunks) > 1 for chunks in plans.values()) else {}


def plan(url: str, index: PacketIndex, length: Callable[[int], int], areas: Areas = NO_AREAS) -> list[Chunk]:
    """Chunks of about ``length`` (of the packets that are left) or more; one alone where none may be cut.

    Raises:
        SplitError: the rows of a chunk would be too many to hold.
    """
    cuts = [0]
    for at in places(index):
        packets = length(len(index) - cuts[-1])
        if at - cuts[-1] >= packets and len(index) - at >= packets / 2:
            cuts.append(at)
    if max(np.diff([*cuts, len(index)])) > MOST_PACKETS:
        raise SplitError(f"{index.stream}: too long without a place to cut")
    stops = [*cuts[1:], len(index)]
    return [cut(url, index, first, stop, areas) for first, stop in zip(cuts, stops, strict=True)]


def cut(url: str, index: PacketIndex, first: int, stop: int, areas: Areas = NO_AREAS) -> Chunk:
    """The chunk from packet ``first`` to packet ``stop``, both of ``places``, or the start and the end."""
    start_s = index.start_s
    last = stop if stop == len(index) else _past_leading(index, stop) + PROVING_PACKETS
    begins_s = -np.inf if first == 0 else float(start_s[first])
    ends_s = np.inf if stop == len(index) else float(start_s[stop])
    shown = start_s[first:last][index.shown[first:last]]
    promised = None if first == 0 else tuple(np.sort(shown[shown >= begins_s]).tolist())
    return Chunk(url, _run(index, first, min(last, len(index))), begins_s, ends_s, promised, areas)


def _run(index: PacketIndex, first: int, last: int) -> Run:
    count = last - first
    if first == 0:
        return Run(index.stream, packets=count, digest=index.digest(first, last))
    pts, dts, size = (int(column[first]) for column in (index.pts, index.dts, index.size))
    return Run(index.stream, pts, pts if dts == UNKNOWN else dts, size, count, index.digest(first, last))


def places(index: PacketIndex) -> list[int]:
    """Key frames that every packet before is shown before, and whose leading pictures are near."""
    pts = index.pts
    before = np.append(np.iinfo(np.int64).min, np.maximum.accumulate(pts)[:-1])
    after = np.minimum.accumulate(pts[::-1])[::-1]
    far = np.append(after[LEADING_PACKETS:], np.full(min(LEADING_PACKETS, len(pts)), np.iinfo(np.int64).max))
    sure = index.key & index.shown & (before < pts) & (far[: len(pts)] > pts)
    return [int(at) for at in np.flatnonzero(sure) if at > 0]


def _past_leading(index: PacketIndex, at: int) -> int:
    """Behind the last packet that is shown before the key frame ``at``."""
    near = index.pts[at : at + LEADING_PACKETS]
    return at + 1 + int(np.flatnonzero(near <= near[0])[-1])


def measure_chunk(chunk: Chunk) -> Generator[Part]:
    """Decode and measure a chunk; the first row of a later chunk stands for comparison only.

    Raises:
        SplitError: it does not give what its packets promise.
        InputError: the input cannot be opened any more.
    """
    promised = iter(chunk.promised or ())
    meter = PictureMeter(chunk.areas)
    items: list[PictureRow | Fault] = []
    with open_container(chunk.url) as container:
        for item in decode_run(container, media_streams(container), chunk.run):
            if not isinstance(item, Picture | Fault) or item.start_s < chunk.start_s:
                continue
            if chunk.promised is not None and (isinstance(item, Fault) or item.corrupt):
                raise SplitError(f"{chunk.run.stream}: damage at {item.start_s:.3f} s")
            if chunk.promised is not None and item.start_s != next(promised, None):
                raise SplitError(f"{chunk.run.stream}: no picture was promised at {item.start_s:.3f} s")
            items.append(picture_row(meter, item) if isinstance(item, Picture) else item)
            if len(items) == ROWS_A_PART:
                yield Part(tuple(items))
                items = []
    if next(promised, None) is not None:
        raise SplitError(f"{chunk.run.stream}: fewer pictures than packets from {chunk.start_s:.3f} s on")
    if items:
        yield Part(tuple(items))


def join(chunks: Sequence[Chunk], measure: Callable[[Chunk], Parts], window: int) -> Generator[Part]:
    """The rows and faults of all chunks as one pass over the stream would give them.

    ``window`` chunks are begun before the first of them is waited for.
    """
    begun: list[Parts] = []
    try:
        beyond: dict[float, PictureRow] = {}
        for number, chunk in enumerate(chunks):
            begun += [measure(ahead) for ahead in chunks[number + len(begun) : number + window]]
            with closing(begun.pop(0)) as parts:
                items, beyond = _checked(chunk, [item for part in parts for item in part.items], beyond)
            yield Part(tuple(items))
        return
    except SplitError as exc:
        log.debug("one run from %.3f s on: %s", chunk.start_s, exc)
    finally:
        for parts in begun:
            parts.close()
    sure = chunks[max(0, number - 1)]
    rest = replace(sure, run=replace(sure.run, packets=None, digest=0), end_s=np.inf, promised=None)
    with closing(measure(rest)) as parts:
        for part in parts:
            yield Part(tuple(item for item in part.items if item.start_s > chunk.start_s))


def _checked(
    chunk: Chunk, items: list[PictureRow | Fault], beyond: dict[float, PictureRow]
) -> tuple[list[PictureRow | Fault], dict[float, PictureRow]]:
    """What is a chunk's own, and its rows from the next key frame on; ``beyond`` is that of the last."""
    seen = {item.start_s: item for item in items if isinstance(item, PictureRow)}
    if chunk.promised is None and list(seen) != sorted(seen):
        raise SplitError(f"{chunk.run.stream}: the first pictures are out of order")
    for start_s, row in beyond.items():
        other = seen.get(start_s)
        if other is None or not _same(row, other):
            raise SplitError(f"{chunk.run.stream}: a decoder begun here differs at {start_s:.3f} s")
    own = [item for item in items if chunk.start_s < item.start_s <= chunk.end_s]
    return own, {start_s: row for start_s, row in seen.items() if start_s >= chunk.end_s}


def _same(row: PictureRow, other: PictureRow) -> bool:
    """Whether two decoders gave the same picture; what changed since the one before may differ."""
    alike = (row.duration_s, row.key_frame) == (other.duration_s, other.key_frame)
    return alike and bool((row.thumb == other.thumb).all())
