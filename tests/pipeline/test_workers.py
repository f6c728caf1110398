"""Processes that measure: the same result, and nothing left behind, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.chunks import Chunk, Parts, plan, split
from pipeline.decode.index import PacketIndex
from pipeline.model import MediaInfo, ScanResult, ScanStatus
from pipeline.profile import load_profile
from pipeline.scan import scan
from pipeline.source import open_container, probe
from pipeline.workers import FEWEST_PACKETS, MOST_PACKETS, Party, Workers
from tests.clips import Part as Defective
from tests.clips import programme, scene, write_clip

TIMES_S = [n / 25 for n in range(200)]


class Eager(Party):
    """Splits the shortest input, in chunks of forty packets."""

    def worth(self, media: MediaInfo) -> bool:
        """Always."""
        return True

    def length(self, left: int) -> int:
        """Short."""
        return 40


class Murderous(Eager):
    """Kills the process that measures the third chunk, ``deaths`` times."""

    deaths = 1

    def measure(self, chunk: Chunk) -> Parts:
        """Measure, and kill."""
        work = super().measure(chunk)
        if 3.0 < chunk.start_s < 4.0:
            threading.Thread(target=self._kill).start()
        return work

    def _kill(self) -> None:
        killed: set[int] = set()
        deadline = time.monotonic() + 20
        while len(killed) < self.deaths and time.monotonic() < deadline:
            for child in _workers():
                if child.pid not in killed:
                    killed.add(child.pid)
                    os.kill(child.pid, signal.SIGKILL)


def _workers() -> list[psutil.Process]:
    mine = psutil.Process().children(recursive=True)
    return [child for child in mine if child.is_running() and "pipeline.worker" in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture(scope="session")
def clip(clip_folder: Path) -> Path:
    """Eight seconds with a black and a frozen part over the borders of chunks."""
    parts = [Defective("black", 1.0, 3.5), Defective("freeze", 4.4, 7.0)]
    pictures = scene(TIMES_S, parts, 96, 64)
    return write_clip(clip_folder / "workers.mp4", pictures=pictures, sound=programme(8.0), gop=10)


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Two processes, and none when the test is over."""
    with Workers(2) as two:
        yield two
    assert not _workers()


def _facts(result: ScanResult) -> tuple[object, ...]:
    return (result.events, result.coverage, result.loudness, result.covered_s, result.interrupted)


def test_two_processes_find_what_one_finds(clip: Path, workers: Workers) -> None:
    with open_container(str(clip)) as container:
        assert len(split(str(clip), probe(container), Eager(workers))["v:0"]) == 5
    party = Eager(workers)
    found = scan(str(clip), load_profile(), crew=party)
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))
    assert {event.check for event in found.events} >= {"black", "freeze"}
    assert party.spent_s > 0 and found.timing is not None and found.timing.cpu_s > party.spent_s


@pytest.mark.parametrize(("minutes", "jobs"), [(1, 2), (3, 2), (3, 8), (60, 2), (60, 8)])
def test_workers_end_together(minutes: int, jobs: int) -> None:
    ticks = np.arange(minutes * 60 * 25)
    every = np.ones(len(ticks), np.bool_)
    index = PacketIndex("v:0", 0.04, 0.0, ticks, ticks, ticks + 1, ticks % 50 == 0, every)
    with Workers(jobs) as workers:
        chunks = plan("long.mp4", index, workers.party().length)
    begun = [*(max(chunk.start_s, 0.0) for chunk in chunks), len(ticks) / 25]
    lengths = np.round(np.diff(begun) * 25).astype(int).tolist()
    assert max(lengths) <= MOST_PACKETS and sum(lengths) == len(ticks)
    busy = [0] * jobs
    for packets in lengths:
        busy[int(np.argmin(busy))] += packets
    assert max(busy) - min(busy) <= FEWEST_PACKETS + 50


def test_a_short_input_starts_no_process(clip: Path, workers: Workers) -> None:
    assert scan(str(clip), load_profile(), crew=workers.party()).status is ScanStatus.OK
    assert not _workers()


def test_whole_inputs_go_to_processes_where_there_are_several(clip: Path) -> None:
    with Workers(2, inputs=2) as workers:
        party = workers.party()
        found = scan(str(clip), load_profile(), crew=party)
    assert party.spent_s > 0
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))


def test_a_worker_that_is_killed_is_replaced(clip: Path, workers: Workers) -> None:
    found = scan(str(clip), load_profile(), crew=Murderous(workers))
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))


def test_work_whose_process_always_dies_is_told_in_one_line(
    clip: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.workers.MODULE", "pipeline.errors")
    found = scan(str(clip), load_profile(), crew=Eager(workers))
    assert found.status is ScanStatus.NOT_ASSESSABLE
    assert found.error is not None and "died" in found.error and "\n" not in found.error


def test_a_scan_that_is_stopped_says_how_far_it_came(clip: Path, workers: Workers) -> None:
    stop = threading.Event()
    stop.set()
    found = scan(str(clip), load_profile(), crew=Eager(workers, stop), stop=stop)
    assert found.interrupted and found.covered_s < 8.0
