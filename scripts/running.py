"""A ``vidette serve`` of one's own: started in a process, killed without warning, started again.

For ``scripts.soak``, ``scripts.fuzz`` and their tests.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from agent.store import Store
from agent.store.tokens import Scope, add_token

__all__ = ["WORKER", "Service", "free_port"]

ROOT = Path(__file__).resolve().parents[1]
START_S = 120.0
WORKER = "agent.jobs.worker"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """One service over one store. What it says goes to ``folder/service.log``, of all its lives."""

    db: str
    folder: Path
    notify: Path | None = None
    workers: int = 2
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    token: str = ""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Who asks."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "service.log"

    @property
    def pid(self) -> int:
        """Its process; 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            RuntimeError: it ended instead, or does not answer.
        """
        if not self.token:
            with Store.open(self.db) as store, store.noting() as session:
                self.token = add_token(session, "driver", Scope.ADMIN, datetime.now(UTC))[1]
        command = [sys.executable, "-m", "agent.cli", "serve", "--port", str(self.port)]
        command += ["--workers", str(self.workers), "--db", self.db]
        command += ["--notify", str(self.notify)] if self.notify else []
        told = {
            "VIDETTE_DATA_DIR": str(self.folder / "data"),
            "VIDETTE_TRIAGE": "rules",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **told, **self.settings}
            )
        self._wait_until_it_answers()

    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def worker_pids(self) -> list[int]:
        """The processes of its workers."""
        try:
            children = psutil.Process(self.pid).children()
            return [child.pid for child in children if WORKER in child.cmdline()]
        except psutil.Error:
            return []

    def kill(self) -> None:
        """``kill -9``: it has no time for anything. Its workers are left to themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, patience_s: float = 60.0) -> int:
        """``SIGTERM``: it ends in order; its exit status.

        Raises:
            subprocess.TimeoutExpired: it did not end.
        """
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(patience_s)

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if not self.alive():
                raise RuntimeError(f"the service ended at its start: {self.log.read_text()[-2000:]}")
            try:
                httpx.get(f"{self.base}/v1/scans?limit=1", headers=self.headers, timeout=10)
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise RuntimeError("the service does not answer")
