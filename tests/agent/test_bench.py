"""The speed figures: what is measured, how it is summed up, and what a wrong clip is told."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import platformdirs
import pytest

from agent.bench import serving
from agent.bench.browser import browser_path
from agent.bench.child import run_command
from agent.bench.compare import Contender, compare
from agent.bench.filters import run_filters
from agent.bench.looping import repeated
from agent.bench.media import sample
from agent.bench.runs import Run, Spread, compare_scan, measure_memory
from agent.bench.split import detectors, run_split
from agent.bench.wire import Wire
from pipeline.errors import InputError, UsageError
from tests.agent.notify.servers import Answer
from tests.agent.notify.servers import serving as answering
from tests.clips import moving, programme, write_clip


@pytest.mark.parametrize(
    ("values", "spread"),
    [([2.0], Spread(2, 2, 2)), ([3.0, 1.0, 2.0], Spread(2, 1, 3)), ([1.0, 2.0], Spread(1.5, 1, 2))],
)
def test_spread(values: list[float], spread: Spread) -> None:
    assert Spread.of(values) == spread


def test_samples_are_found() -> None:
    assert sample("city.mp4").is_file()
    with pytest.raises(UsageError, match="--clip"):
        sample("absent.mp4")


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_a_repeated_clip_has_running_time_stamps(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, pictures=moving(50), sound=programme(2.0))
    long = repeated(clip, tmp_path / f"long-{name}", 5.0)
    with av.open(str(long)) as container:
        times = [float(frame.time or 0.0) for frame in container.decode(video=0)]
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 150
    assert 0.038 < min(steps) <= max(steps) < 0.042


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_the_sound_of_a_repeated_clip_runs_on_with_its_pictures(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, pictures=moving(50), sound=programme(2.0))
    other = write_clip(tmp_path / f"other-{name}", pictures=moving(50, seed=2), sound=programme(2.0))
    long = repeated([clip, other, other], tmp_path / f"long-{name}", 12.0)
    with av.open(str(long)) as container:
        sound = list(container.decode(audio=0))
    begins_s = np.array([float(frame.time or 0.0) for frame in sound])
    lengths_s = np.array([frame.samples / frame.sample_rate for frame in sound])
    assert np.abs(np.diff(begins_s) - lengths_s[:-1]).max() < 0.002
    assert begins_s[-1] + lengths_s[-1] - begins_s[0] == pytest.approx(12.0, abs=0.05)


def test_what_cannot_be_repeated_is_told(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film")
    with pytest.raises(InputError, match=r"text\.mp4"):
        repeated(text, tmp_path / "long.mp4", 5.0)
    sound = write_clip(tmp_path / "sound.wav", sound=programme(1.0))
    with pytest.raises(UsageError, match=r"sound\.wav: cannot be copied"):
        repeated(sound, tmp_path / "long.flv.unknown", 5.0)


def test_scan_and_decoding_do_the_same_work(clean_clip: Path) -> None:
    seen: list[int] = []
    result = compare_scan(clean_clip, 1, seen.append)
    assert seen == [0, 1]
    assert result.frames == 100
    assert result.ratio.median == result.scan_cpu_s.median / result.decode_cpu_s.median > 0
    assert result.scan_peak_rss_mb.median > 10


def test_memory_is_told_at_each_tenth(clean_clip: Path) -> None:
    result = measure_memory(clean_clip, 12.0)
    assert result.run.frames == 300
    assert len(result.run.rss_mb) == 10
    assert list(result.run.rss_mb) == sorted(result.run.rss_mb)


def test_contenders_run_in_turn_and_are_held_against_the_first() -> None:
    order: list[str] = []
    seconds = {"slow": iter([9.0, 4.0, 6.0]), "fast": iter([9.0, 1.0, 3.0])}

    def contender(name: str) -> Contender:
        def run(clip: Path) -> Run:
            cpu_s = next(seconds[name])
            return Run(cpu_s, cpu_s / 2, frames=7)

        return Contender(name, run)

    result = compare(Path("a.mp4"), [contender("slow"), contender("fast")], 2, on_run=order.append)
    assert order == ["slow", "fast", "fast", "slow", "slow", "fast"]
    assert (result.clip, result.frames, result.repeats) == ("a.mp4", 7, 2)
    slow, fast = result.standings
    assert slow.cpu_s == Spread(5.0, 4.0, 6.0)
    assert fast.cpu_ratio == Spread(0.375, 0.25, 0.5)


def test_the_split_design_does_the_same_work_and_writes_every_picture(clean_clip: Path) -> None:
    run = run_split(clean_clip)
    assert run.frames == 100
    assert run.written_mb > 0.1
    assert run.cpu_s > 0
    assert {"black", "silence"} <= set(detectors())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_a_contender_may_be_held_to_some_cores() -> None:
    asked = "import os, sys; sys.exit(len(os.sched_getaffinity(0)))"
    before = os.sched_getaffinity(0)
    assert run_command([sys.executable, "-c", asked], good=(1,), cores=1).wall_s > 0
    assert os.sched_getaffinity(0) == before


def test_ffmpeg_runs_every_filter(clean_clip: Path, tmp_path: Path) -> None:
    assert run_filters(clean_clip).cpu_s > 0
    with pytest.raises(InputError, match=r"failed: .*No such file"):
        run_filters(tmp_path / "absent.mp4")


def test_a_service_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    monkeypatch.setattr(serving, "PAGES", 1)
    runs = {run.name: run for run in serving.measure_serve(200, 20.0, 5.0, 0.5)}
    reads, stored = runs["reads, while incidents are stored"], runs["incidents stored, while reads"]
    assert (reads.rate, stored.rate, runs["reads, no pace"].rate) == (20.0, 5.0, None)
    assert all(run.failed == 0 and 0 < run.p50_ms <= run.p95_ms <= run.p99_ms for run in runs.values())
    assert len(runs["reads, no pace"].slowest) > 1
    assert ("an incident's page in Chromium" in runs) == (browser_path() is not None)


def test_a_service_that_hangs_up_is_told() -> None:
    async def ask(port: int) -> tuple[int, bytes]:
        async with Wire.to(f"http://127.0.0.1:{port}", "none") as wire:
            return await wire.get("/")

    with answering(lambda request: Answer(404, b"nothing")) as url:
        assert asyncio.run(ask(int(url.rpartition(":")[2]))) == (404, b"nothing")
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with pytest.raises(OSError, match=r"hung up|reset"):
            asyncio.run(ask(server.getsockname()[1]))
        thread.join()


def test_the_command_prints_one_document(clean_clip: Path) -> None:
    command = [sys.executable, "-m", "agent.cli", "bench", "memory", "--minutes", "0.1", "--json"]
    done = subprocess.run(
        [*command, "--clip", str(clean_clip)], capture_output=True, check=True, env=os.environ
    )
    document = json.loads(done.stdout)
    assert (document["schema"], document["kind"]) == ("vidette.bench/1", "memory")
    assert document["run"]["frames"] == 200


def test_a_missing_clip_is_one_line() -> None:
    command = [sys.executable, "-m", "agent.cli", "bench", "scan", "--clip", "absent.mp4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["vidette: --clip absent.mp4: there is no such file"]
