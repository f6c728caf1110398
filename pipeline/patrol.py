"""A patrol: key frames only, all sound, all packets; what looks odd is decoded in full.

Key frames are a tenth of the cost of all pictures. They are measured and shown to the checks, without
the checks' patience: one that is bad for a moment is a suspicion. So is a hole in the stamps, sound that
falls silent, and packets that shrink to nothing between key frames (a picture that stands or is black
costs an encoder almost nothing). Around a suspicion the pictures are decoded in full, from the key frame
before it to the one behind, and those alone are decided upon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.areas import Areas
from pipeline.checks import CHECKS
from pipeline.chunks import Chunk, cut, measure_chunk, places
from pipeline.decode import Picture, decode
from pipeline.decode.index import PacketIndex, SplitError, decode_keys, read_index
from pipeline.measuring import Measured
from pipeline.model import Coverage, CoverageStatus, Fault
from pipeline.profile import Profile
from pipeline.series import Kind, Table
from pipeline.series.build import PictureSeries
from pipeline.source import is_local, media_streams, open_container

__all__ = ["Patrol", "blinded", "measure_patrol", "patrols", "suspicions"]

NEEDS_EVERY_PICTURE = frozenset(
    {"pts_gap", "duplicate_frames", "dropped_frames", "frame_rate", "flash", "flicker"}
)
"""Checks that ask what happens from one picture to the next: key frames far apart mislead them."""
EVERY_PICTURE_TELLS = ("damage_share", "flash_count")
"""Columns that mean nothing between key frames, and by which checks let others off."""
QUIET_DBFS, QUIET_S = -60.0, 0.5
"""Sound below this for so long is a suspicion about the picture, too."""
HOLE, MOST_HOLES = 1.5, 0.1
"""A step of so many usual ones is a hole, unless more than this share of all steps are: a variable rate."""
COLLAPSED, COLLAPSED_S, COLLAPSED_MORE = 0.1, 0.12, 0.2
"""Packets of so much time below this share of what is usual say that pictures stand, where their share of
all lies this much above that of other groups: some coders have small packets among large ones everywhere."""
SWOLLEN = 2.5
"""Packets between key frames so many times as large as is usual: noise, flashes, damage."""
UNEVEN, OTHER_RATE, FEW_OTHER, MOST_OTHER = 0.1, 0.3, 4, 0.1
"""Steps off the usual one by the first share are uneven; a group of which another share is so than of the one
before is of another rate, unless more than so many groups, and this share of all, are."""
LEAD_S = 1.0
"""So much before a suspicion is decoded, too: checks compare with what was usual in the shot."""
SOFTER, LOST_EDGES, SOFT_RATIO = 0.75, 0.95, 0.8
"""A key frame is suspiciously soft whose sharpness and edges are below these parts of those of the one
before, and whose sharpness is below this: less than the blur check asks for, for two seconds lie between."""
COARSER_TIMES, COARSER_LEVEL = 1.2, 0.8
"""And suspiciously coarse where the floor of its texture rose by this factor and so many levels more."""
ALIKE = {"luma_mean": 8.0, "luma_std": 8.0, "colour_u": 4.0, "colour_v": 4.0}
"""Key frames of one shot differ by no more levels in light, contrast and colour, wherever the camera went;
the next shot may well be softer."""
TURNING = ("bend_ratio", "edge_step", "texture_floor")
USUAL_GROUPS = 15
"""So many groups of pictures before and behind say what is usual."""
TOLD_INTERVALS = 3

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Patrol:
    """What is odd about one video stream, by group of pictures; ``at`` are the packets they begin with."""

    index: PacketIndex
    at: NDArray[np.int64]
    odd: NDArray[np.bool_]
    bursts: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def of(cls, index: PacketIndex) -> Patrol:
        """A patrol that has seen the packets alone."""
        at = np.array([0, *places(index)])
        patrol = cls(index, at, np.zeros(len(at), np.bool_))
        begins_s = index.start_s[at]
        for odd, before in ((_strange_sizes(index, at), 1), (_other_rates(index, at), 2)):
            patrol.mark(begins_s[odd], begins_s[odd], before)
        shown_s = np.sort(index.start_s)
        holes = np.flatnonzero(np.diff(shown_s) > HOLE * index.period_s)
        if len(holes) <= MOST_HOLES * len(shown_s):
            patrol.mark(shown_s[holes], shown_s[holes + 1], before=1)
        return patrol

    def look(self, table: Table, profile: Profile) -> None:
        """Look at key frames: what is bad began behind the last good one, or still the one before it."""
        bad = suspicions(table, profile) | _turned(table)
        bad_s = table.start_s[bad]
        self.mark(bad_s, bad_s, before=2)

    def listen(self, table: Table) -> None:
        """Hear whether the sound falls silent."""
        quiet = table["rms"].max(axis=1) < 10 ** (QUIET_DBFS / 20)
        for first, stop in _runs(quiet):
            if table.end_s[stop - 1] - table.start_s[first] >= QUIET_S:
                self.mark(table.start_s[first : first + 1], table.end_s[stop - 1 : stop], before=0)

    def mark(self, start_s: Floats, end_s: Floats, before: int) -> None:
        """Suspect the groups of these times, and so many before them."""
        begins_s = self.index.start_s[self.at]
        lead = np.searchsorted(begins_s, start_s - LEAD_S, side="right") - 1
        firsts = np.minimum(np.searchsorted(begins_s, start_s, side="right") - 1 - before, lead)
        lasts = np.searchsorted(begins_s, end_s, side="right") - 1
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            self.odd[max(first, 0) : last + 1] = True

    def chunks(self, url: str, areas: Areas) -> Iterator[Chunk]:
        """What is to be decoded in full: whole groups of pictures, and damage is welcome."""
        stops = [*self.at.tolist(), len(self.index)]
        for first, stop in _runs(self.odd):
            chunk = replace(cut(url, self.index, stops[first], stops[stop], areas), promised=None)
            last_s = float(self.index.start_s.max()) + self.index.period_s
            self.bursts.append((max(chunk.start_s, 0.0), min(chunk.end_s, last_s)))
            yield chunk

    def reason(self) -> str:
        """What the patrol is blind to, and where it was not."""
        group_s = float(np.diff(self.index.start_s[self.at]).max(initial=0.0))
        told = [f"{start_s:.1f}-{end_s:.1f} s" for start_s, end_s in self.bursts[:TOLD_INTERVALS]]
        if len(self.bursts) > TOLD_INTERVALS:
            told.append(f"and {len(self.bursts) - TOLD_INTERVALS} more intervals")
        seen = f"decoded in full: {', '.join(told)}" if told else "nothing was decoded in full"
        return f"patrol: what is shorter than a GOP ({group_s:.1f} s) between key frames is not seen; {seen}"


def suspicions(table: Table, profile: Profile) -> NDArray[np.bool_]:
    """Which key frames a check would find bad, were they to last; (n,)."""
    bad = np.zeros(len(table), np.bool_)
    untold = {name: np.zeros_like(table[name]) for name in EVERY_PICTURE_TELLS}
    table = replace(table, columns={**table.columns, **untold})
    for check in CHECKS.values():
        if check.lanes is None or Kind.PICTURES not in check.reads or not profile[check.id].enabled:
            continue
        if check.id not in NEEDS_EVERY_PICTURE and table.view == profile.view_of(check.id):
            for lane in check.lanes(table, profile[check.id]):
                bad |= lane.bad
    return bad


def patrols(url: str) -> dict[str, Patrol]:
    """A patrol for each video stream; none where the key frames of an input cannot be relied upon.

    Raises:
        InputError: the input cannot be opened any more.
    """
    if not is_local(url):
        return {}
    try:
        with open_container(url) as container:
            found = {
                name: Patrol.of(index)
                for name, index in read_index(container, media_streams(container)).items()
            }
    except SplitError:
        return {}
    return found if all(len(patrol.at) > 1 for patrol in found.values()) else {}


def measure_patrol(
    url: str, measured: Measured, found: Mapping[str, Patrol], profile: Profile, stop: Callable[[], bool]
) -> Iterator[Table]:
    """Tables of all sound, and of the pictures that are decoded in full.

    Raises:
        InputError: the input cannot be opened any more.
    """
    for table in _heard(url, measured, found, stop):
        if table.kind is Kind.SOUNDS:
            for patrol in found.values():
                patrol.listen(table)
        yield table
    for name, patrol in found.items():
        series = measured.pictures[name]
        keys = PictureSeries(series.stream, series.areas)
        for table in _looked_at(url, name, keys, stop):
            patrol.look(table, profile)
        for chunk in patrol.chunks(url, measured.areas):
            yield from _burst(chunk, measured, series, stop)
        series.rows, series.first_s = keys.rows, float(patrol.index.start_s.min())
        series.end_s = float(patrol.index.start_s.max()) + patrol.index.period_s
    measured.complete = not stop()


def _heard(
    url: str, measured: Measured, found: Mapping[str, Patrol], stop: Callable[[], bool]
) -> Iterator[Table]:
    with open_container(url) as container:
        streams = {name: s for name, s in media_streams(container).items() if name not in found}
        for item in decode(container, streams, threads=1):
            if stop():
                break
            yield from measured.push(item)
    yield from measured.finish()


def _looked_at(url: str, name: str, keys: PictureSeries, stop: Callable[[], bool]) -> Iterator[Table]:
    """The key frames of a stream, as tables."""
    with open_container(url) as container:
        for item in decode_keys(container, media_streams(container)[name], name):
            if stop():
                break
            if isinstance(item, Picture):
                yield from keys.push(item)
    yield from keys.finish()


def _burst(
    chunk: Chunk, measured: Measured, series: PictureSeries, stop: Callable[[], bool]
) -> Iterator[Table]:
    """The tables of pictures that are decoded in full; nothing is known of those before."""
    for part in measure_chunk(chunk):
        if stop():
            break
        for item in part.items:
            if item.start_s >= chunk.end_s:
                continue
            yield from measured.push(item) if isinstance(item, Fault) else series.add(item)
    yield from series.restart()


def blinded(coverage: Sequence[Coverage], found: Mapping[str, Patrol]) -> tuple[Coverage, ...]:
    """The coverage with the blind spot in it: no check of pictures that were passed over is clean."""
    first = next(iter(found.values()))
    rows = []
    for row in coverage:
        check = CHECKS[row.check]
        reads_pictures = bool({Kind.PICTURES, Kind.FAULTS} & set(check.reads))
        if row.status is CoverageStatus.CLEAN and reads_pictures and not row.stream.startswith("a:"):
            reason = found.get(row.stream, first).reason()
            row = replace(row, status=CoverageStatus.NOT_ASSESSABLE, reason=reason)
        rows.append(row)
    return tuple(rows)


def _turned(table: Table) -> NDArray[np.bool_]:
    """Key frames of the same shot as the one before that are much softer or coarser; (n,)."""
    turned = np.zeros(len(table), np.bool_)
    bend, edge, floor = (np.asarray(table[name], np.float64) for name in TURNING)
    softer = (bend[1:] <= SOFTER * bend[:-1]) & (edge[1:] <= LOST_EDGES * edge[:-1])
    softer &= (bend[1:] > 0) & (bend[1:] <= SOFT_RATIO)
    coarser = floor[1:] >= COARSER_TIMES * floor[:-1] + COARSER_LEVEL
    alike = np.all([np.abs(np.diff(table[name])) <= levels for name, levels in ALIKE.items()], axis=0)
    turned[1:] = (softer | coarser) & alike
    return turned


def _strange_sizes(index: PacketIndex, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Groups in which packets are for a good while far smaller, or on the whole far larger, than around."""
    between = [index.size[first + 1 : stop] for first, stop in zip(at, [*at[1:], len(index)], strict=True)]
    usual = np.array([np.median(sizes) if len(sizes) else np.nan for sizes in between])
    usual_around = _around(usual)
    small = np.array(
        [(sizes < COLLAPSED * level).sum() for sizes, level in zip(between, usual_around, strict=True)]
    )
    share = small / np.maximum([len(sizes) for sizes in between], 1)
    collapsed = (small * index.period_s >= COLLAPSED_S) & (share >= _around(share) + COLLAPSED_MORE)
    return collapsed | (usual > SWOLLEN * usual_around)


def _around(values: Floats) -> Floats:
    """The median of each value and those near it, as far as they are known; (n,)."""
    near = [values[max(0, n - USUAL_GROUPS) : n + USUAL_GROUPS + 1] for n in range(len(values))]
    known = [part[np.isfinite(part)] for part in near]
    return np.array([np.median(part) if len(part) else np.nan for part in known])


def _other_rates(index: PacketIndex, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Groups that show pictures at another rate than the one before, or not at one; (n,)."""
    uneven = np.zeros(len(at))
    for n, (first, stop) in enumerate(zip(at, [*at[1:], len(index)], strict=True)):
        steps_s = np.diff(np.sort(index.start_s[first:stop]))
        if len(steps_s):
            uneven[n] = (np.abs(steps_s / index.period_s - 1.0) > UNEVEN).mean()
    other = np.abs(np.diff(uneven, prepend=uneven[:1])) >= OTHER_RATE
    return other if other.sum() <= max(FEW_OTHER, MOST_OTHER * len(at)) else np.zeros_like(other)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and behind-last place of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
