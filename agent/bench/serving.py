"""How the service bears load: reads of its API with very many incidents stored, new incidents, its page."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from agent.bench.browser import browser_path, dressed, page_loads
from agent.bench.filled import filled_store
from agent.bench.load import percentile
from agent.store import Store
from agent.store.tokens import Scope, add_token
from pipeline.errors import InputError

__all__ = ["ServeRun", "measure_serve"]

START_S = 120.0
PAGES = 20
"""So often is the page loaded, each time as if for the first time."""
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ServeRun:
    """``rate`` a second were asked for, or None: as many as can be; ``done`` a second came about.

    How long one took is in ms, from the time at which it was to begin.

    ``cpu_ms`` is what the process that answered took for one: the service, or whoever stored.
    ``slowest`` are the 95th percentiles of the kinds of requests.
    """

    name: str
    rate: float | None
    done: float
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float
    slowest: Mapping[str, float]


def measure_serve(incidents: int, reads: float, accepts: float, seconds: float) -> list[ServeRun]:
    """On a copy of a filled SQLite store: reads and incidents alone and both at once, and the page.

    Alone, both are also measured without a pace, for a pace that is kept says only that more could be.
    The page is measured where a Chromium is.

    Raises:
        InputError: the service, or what loads it, does not run.
    """
    source = filled_store(incidents)
    with tempfile.TemporaryDirectory(prefix="vidette-bench-") as folder:
        db = Path(folder) / "vidette.db"
        shutil.copyfile(source, db)
        with Store.open(str(db)) as store, store.noting() as session:
            token = add_token(session, "bench", Scope.READ, datetime.now(UTC))[1]
        with Store.open(str(db)) as store:
            shown = dressed(store)
        with _served(db, Path(folder)) as (base, pid):
            ask = {"kind": "reads", "base": base, "token": token, "seconds": seconds}
            bring = {"kind": "accept", "db": str(db), "seconds": seconds}
            runs = [
                _run("reads", reads, ask, pid),
                _run("reads, no pace", None, ask, pid),
                _run("incidents stored, no pace", None, bring, None),
            ]
            loader = _begun(bring, accepts)
            runs.append(_run("reads, while incidents are stored", reads, ask, pid))
            runs.append(_figures("incidents stored, while reads", accepts, _ended(loader), None))
            runs += _page(f"{base}/incidents/{shown}", token, pid)
    return runs


def _page(url: str, token: str, pid: int) -> list[ServeRun]:
    program = browser_path()
    if program is None:
        return []
    before, began = _cpu_s(pid), time.perf_counter()
    took_s = page_loads(program, url, token, PAGES)
    wall_s = time.perf_counter() - began
    found = {"took_s": took_s, "wall_s": wall_s, "failed": 0, "slowest": {}}
    return [_figures("an incident's page in Chromium", None, found, _cpu_s(pid) - before)]


@contextmanager
def _served(db: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a service without workers, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "agent.cli", "serve", "--workers", "0", "--port", str(port)]
    settings = {"VIDETTE_DATA_DIR": str(folder), "VIDETTE_RATE_READS": "1000000", "VIDETTE_TRIAGE": "rules"}
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--db", str(db)], stdout=log, stderr=log, env={**os.environ, **settings}
        )
    try:
        end = time.monotonic() + START_S
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise InputError("the service did not start")
            try:
                httpx.get(f"http://127.0.0.1:{port}/openapi.json", timeout=START_S)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _run(name: str, rate: float | None, asked: Mapping[str, object], pid: int | None) -> ServeRun:
    before = _cpu_s(pid)
    found = _ended(_begun(asked, rate))
    return _figures(name, rate, found, None if pid is None else _cpu_s(pid) - before)


def _begun(asked: Mapping[str, object], rate: float | None) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "agent.bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(json.dumps({**asked, "rate": rate or 0.0}).encode())
    process.stdin.close()
    return process


def _ended(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    told = process.stdout.read()
    process.stdout.close()
    if process.wait() or not told:
        raise InputError(f"what loads the service ended with status {process.returncode}")
    found: dict[str, Any] = json.loads(told)
    return found


def _figures(name: str, rate: float | None, found: Mapping[str, Any], cpu_s: float | None) -> ServeRun:
    took = found["took_s"]
    whole_s = found["cpu_s"] if cpu_s is None else cpu_s
    p50, p95, p99 = (1000 * percentile(took, percent) for percent in (50, 95, 99))
    slowest = {kind: 1000 * value for kind, value in found["slowest"].items()}
    done = len(took) / found["wall_s"]
    return ServeRun(
        name, rate, done, found["failed"], p50, p95, p99, 1000 * whole_s / max(len(took), 1), slowest
    )


def _cpu_s(pid: int | None) -> float:
    """CPU seconds of a process so far; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK
