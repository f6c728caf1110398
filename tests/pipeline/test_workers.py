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
from pipeline.early import begun_early
from pipeline.model import MediaInfo, ScanResult, ScanStatus
from pipeline.profile import load_profile
from pipeline.scan import scan
from pipeline.source import open_container, probe
from pipeline.workers import FEWEST_PACKETS, MOST_PACKETS, Party, Workers
from pipeline.zygote import FORKING, METHOD, STARTING, Zygote
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


def _zygotes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "pipeline.worker" in " ".join(_command(child))]


def _workers() -> list[psutil.Process]:
    return [child for zygote in _zygotes() for child in zygote.children()]


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
    before = psutil.Process().children(recursive=True)
    with Workers(2) as two:
        yield two
    assert not _zygotes()
    assert {child for child in psutil.Process().children(recursive=True) if child.is_running()} <= {*before}


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
    assert not _zygotes()


def test_whole_inputs_go_to_processes_where_there_are_several(clip: Path) -> None:
    with Workers(2, inputs=2) as workers:
        party = workers.party()
        found = scan(str(clip), load_profile(), crew=party)
    assert party.spent_s > 0
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))


def test_a_worker_that_is_killed_is_replaced(clip: Path, workers: Workers) -> None:
    found = scan(str(clip), load_profile(), crew=Murderous(workers))
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))


def test_a_zygote_that_is_killed_is_replaced(clip: Path) -> None:
    zygote = Zygote()
    zygote.begin()[1].close()
    os.kill(_zygotes()[0].pid, signal.SIGKILL)
    with Workers(2, zygote=zygote) as workers:
        found = scan(str(clip), load_profile(), crew=Eager(workers))
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))
    assert not _zygotes()


def test_workers_are_forked_only_where_that_is_safe(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.zygote.METHOD", STARTING)
    with Workers(2) as workers:
        found = scan(str(clip), load_profile(), crew=Eager(workers))
        assert all("serving" in _command(worker) for worker in _workers())
    assert _facts(found) == _facts(scan(str(clip), load_profile(), threads=1))


@pytest.mark.skipif(METHOD != FORKING, reason="workers are not forked here")
def test_a_process_that_forks_has_one_thread_and_its_workers_end_as_they_do() -> None:
    with Zygote() as zygote:
        pid, pipe = zygote.begin()
        assert _zygotes()[0].num_threads() == 1
        os.kill(pid, signal.SIGKILL)
        assert zygote.end(pid) == -signal.SIGKILL
        pipe.close()
        idle, pipe = zygote.begin()
        pipe.close()
        assert zygote.end(idle) == 0


@pytest.mark.parametrize(
    ("long", "inputs", "jobs", "early"),
    [(False, 1, 2, False), (False, 2, 2, True), (True, 2, 1, False), (True, 1, 2, True)],
)
def test_workers_begin_early_where_they_will_be_wanted(
    clip: Path, monkeypatch: pytest.MonkeyPatch, long: bool, inputs: int, jobs: int, early: bool
) -> None:
    monkeypatch.setattr("pipeline.early.WORTH_SAMPLES", 96 * 64 * 25 * (4 if long else 16))
    with begun_early([str(clip)] * inputs, jobs) as zygote:
        assert (zygote is not None) is early


def test_nothing_begins_early_for_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.ts"
    os.mkfifo(pipe)
    for url in (str(pipe), str(tmp_path), str(tmp_path / "absent.mp4"), "http://127.0.0.1:9/live.m3u8"):
        with begun_early([url], 2) as zygote:
            assert zygote is None


def test_work_whose_process_always_dies_is_told_in_one_line(
    clip: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.zygote.MODULE", "pipeline.errors")
    found = scan(str(clip), load_profile(), crew=Eager(workers))
    assert found.status is ScanStatus.NOT_ASSESSABLE
    assert found.error is not None and "died" in found.error and "\n" not in found.error


def test_a_scan_that_is_stopped_says_how_far_it_came(clip: Path, workers: Workers) -> None:
    stop = threading.Event()
    stop.set()
    found = scan(str(clip), load_profile(), crew=Eager(workers, stop), stop=stop)
    assert found.interrupted and found.covered_s < 8.0
