"""A real Alertmanager for tests, where its program is installed."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.needs import needs_program

__all__ = ["alertmanager_server", "alerts"]

CONFIGURATION = "route: {receiver: none}\nreceivers: [{name: none}]\n"
START_S = 20


@contextmanager
def alertmanager_server(folder: Path) -> Iterator[str]:
    """The address of an Alertmanager of its own, in ``folder``; skips where there can be none."""
    program = needs_program("prometheus-alertmanager", "alertmanager")
    (folder / "alertmanager.yml").write_text(CONFIGURATION)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url, process)
            yield url
        finally:
            process.kill()


def alerts(url: str) -> list[dict[str, Any]]:
    """The alerts that it shows as active."""
    with urllib.request.urlopen(f"{url}/api/v2/alerts?active=true", timeout=5) as answer:  # noqa: S310
        return list(json.load(answer))


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=1):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("Alertmanager did not start")
