"""A real PostgreSQL for tests, where its programs and the driver are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import need, needs

__all__ = ["postgres_server", "programs"]

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/bin")


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database on a server of its own; skips where there can be none."""
    needs("psycopg")
    binaries = programs()
    as_user = _as_user()
    folder = Path(tempfile.mkdtemp(prefix="vidette-pg-"))
    try:
        if as_user:
            shutil.chown(folder, "postgres")
        data = folder / "data"
        _run([*as_user, binaries / "initdb", "-A", "trust", "-U", "vidette", "-N", "-D", data], folder)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        ctl = [*as_user, binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        _run([*ctl, "-o", options, "start"], folder)
        try:
            yield f"postgresql://vidette@/postgres?host={folder}"
        finally:
            _run([*ctl, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """The folder of its programs; skips where they are not installed."""
    folders = [folder for place in PLACES for folder in Path("/").glob(place.lstrip("/"))]
    found = next((folder for folder in folders if (folder / "initdb").exists()), None)
    need(found, "PostgreSQL is not installed")
    return Path(str(found))


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    need(shutil.which("runuser"), "PostgreSQL does not run as root, and there is no runuser")
    return ["runuser", "-u", "postgres", "--"]


def _run(command: list[str | Path], folder: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
    subprocess.run(
        [str(part) for part in command],
        check=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
