"""The order of work for one input: open, decode, measure, keep, decide, correlate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.checks.contract import Programme
from pipeline.chunks import Crew, split
from pipeline.correlate import correlate
from pipeline.decide import Decider, thresholds
from pipeline.errors import InputError, UsageError
from pipeline.measuring import Measured, Progress, follow, measure, measure_split
from pipeline.model import Mode, ScanResult, ScanStatus, Timing
from pipeline.patrol import blinded, measure_patrol, patrols
from pipeline.profile import Profile
from pipeline.series import Table
from pipeline.series.store import SeriesWriter
from pipeline.series.thin import SignalThinner
from pipeline.source import InputContainer, identity, open_container, probe, redact
from pipeline.spans import TRACER, Stopwatch, tell_stages
from pipeline.text import clean

__all__ = ["Progress", "conclude", "scan"]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the caller of ``scan`` wants besides the result."""

    keep_series: Path | None
    on_progress: Callable[[Progress], None] | None
    stop: threading.Event | None
    signals: bool
    crew: Crew | None
    threads: int
    mode: Mode
    known_as: str | None

    def stopped(self) -> bool:
        """Whether the scan is to end early."""
        return self.stop is not None and self.stop.is_set()


def scan(
    url: str,
    profile: Profile,
    *,
    keep_series: Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    signals: bool = False,
    crew: Crew | None = None,
    threads: int = 0,
    mode: Mode = Mode.FULL,
    shown: str | None = None,
    known_as: str | None = None,
) -> ScanResult:
    """Scan one input; a bad one is told in the result, never raised.

    Args:
        keep_series: a folder to keep the measurements in, for ``replay``.
        on_progress: called some times a second.
        stop: when set, the scan ends early; the result says what was covered.
        signals: whether to collect thinned signals for plots.
        crew: who measures the pictures, in chunks, where the input can be split; else it is done here.
        threads: without a crew, how many each decoder may use, 0 for as many as there are cores.
        mode: a patrol looks at key frames, and at what is odd around them; an input whose key frames
            cannot be relied upon is looked at in full all the same, and the result says so.
        shown: what the input is called, where its own name says nothing (an upload, a gateway's address).
        known_as: what it is known by in stable ids; its own identity where it is not given.

    Raises:
        UsageError: ``keep_series`` cannot be written, or is wanted of a patrol.
    """
    if keep_series and mode is Mode.PATROL:
        raise UsageError("a patrol does not measure every picture: there is no series to keep of it")
    wall, cpu = time.perf_counter(), time.process_time()
    own = clean(redact(url))
    shown = own if shown is None else clean(shown)
    wishes = _Wishes(keep_series, on_progress, stop, signals, crew, threads, mode, known_as)
    try:
        with (
            TRACER.start_as_current_span("scan", attributes={"vidette.input": shown}, record_exception=False),
            open_container(url) as container,
        ):
            result = _scan_open(container, url, shown, profile, wishes)
    except InputError as exc:
        return ScanResult(shown, ScanStatus.NOT_ASSESSABLE, str(exc).replace(own, shown))
    wall_s = time.perf_counter() - wall
    cpu_s = time.process_time() - cpu + (crew.spent_s if crew else 0.0)
    timing = Timing(wall_s, cpu_s, result.covered_s / wall_s if wall_s else 0.0)
    return replace(result, timing=timing)


def _scan_open(
    container: InputContainer, url: str, shown: str, profile: Profile, wishes: _Wishes
) -> ScanResult:
    media = probe(container)
    if not media.streams:
        raise InputError(f"{shown}: holds no video or audio")
    name = wishes.known_as or identity(url)
    measured = Measured(media, profile.areas)
    decider = Decider(profile, name)
    thinner = SignalThinner() if wishes.signals else None
    found = patrols(url) if wishes.mode is Mode.PATROL else {}
    tables = (
        measure_patrol(url, measured, found, profile, wishes.stopped)
        if found
        else _tables(container, url, measured, wishes)
    )
    began_ns, measuring, deciding = time.time_ns(), Stopwatch(), Stopwatch()
    with SeriesWriter(wishes.keep_series) if wishes.keep_series else nullcontext() as writer:
        for table in measuring.of(tables):
            with deciding.running():
                decider.feed(table)
            if thinner:
                thinner.feed(table)
            if writer:
                writer.feed(table)
        programme = measured.programme()
        if not any(totals.rows for totals in programme.streams) and programme.complete:
            raise InputError(f"{shown}: not one picture or sample could be decoded")
        if writer:
            writer.finish(shown, name, profile.name, programme, str(profile.areas))
    with deciding.running():
        result = conclude(shown, name, decider, programme, thinner)
    decode_s = measured.decoding.seconds
    tell_stages(began_ns, decode=decode_s, measure=measuring.seconds - decode_s, decide=deciding.seconds)
    if not found:
        return result
    return replace(result, mode=Mode.PATROL, coverage=blinded(result.coverage, found))


def _tables(container: InputContainer, url: str, measured: Measured, wishes: _Wishes) -> Iterator[Table]:
    """Everything that is measured, in chunks where there is a crew and the input can be split."""
    told, stop, crew = wishes.on_progress, wishes.stop, wishes.crew
    if crew is None:
        yield from measure(container, measured, told, stop, wishes.threads)
    elif chunks := split(url, measured.media, crew, measured.areas):
        yield from measure_split(container, measured, chunks, crew, told, stop)
    elif apart := crew.apart(url, measured.areas):
        yield from follow(apart, measured, told)
    else:
        yield from measure(container, measured, told, stop, crew.threads)


def conclude(
    shown: str, name: str, decider: Decider, programme: Programme, thinner: SignalThinner | None
) -> ScanResult:
    """The result of a scan or a replay, from what the decider was fed."""
    events, coverage = decider.finish(programme)
    return ScanResult(
        url=shown,
        status=ScanStatus.OK,
        media=programme.media,
        events=events,
        incidents=correlate(events, name, programme.end_s),
        suppressed=decider.suppressed,
        coverage=coverage,
        loudness=tuple(totals.loudness for totals in programme.streams if totals.loudness),
        signals=thinner.signals() if thinner else (),
        thresholds=thresholds(decider.profile),
        covered_s=programme.end_s,
        interrupted=not programme.complete,
    )
