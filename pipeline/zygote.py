"""A process that loads decoders and kernels once, and becomes as many workers as are wanted by forking.

This is the end of whoever wants workers, and imports nothing heavy: so a program can have the loading
begun before it loads its own modules. The other end is ``pipeline.worker``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import send_handle
from pathlib import Path
from types import TracebackType

__all__ = ["BEGIN", "END", "FORKING", "MODULE", "STARTING", "Zygote"]

BEGIN, END = "begin", "end"
FORKING, STARTING = "forking", "starting"
METHOD = FORKING if sys.platform == "linux" else STARTING
"""Elsewhere the system's own libraries may not survive a fork: each worker loads everything itself."""
MODULE = "pipeline.worker"
ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Only a process without threads may fork, and workers have a core each."""


class Zygote:
    """Loading begins at once; ``begin`` waits for it. Threads may share one."""

    def __init__(self) -> None:
        self._control, theirs = Pipe()
        self._lock = threading.Lock()
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", MODULE, METHOD, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
        )
        theirs.close()

    def begin(self) -> tuple[int, Connection]:
        """A new worker: its process id, and the pipe to it.

        Raises:
            EOFError, OSError: this process has died.
        """
        ours, theirs = Pipe()
        try:
            with self._lock, theirs:
                self._control.send((BEGIN, 0))
                send_handle(self._control, theirs.fileno(), self._process.pid)
                return self._control.recv(), ours
        except (EOFError, OSError):
            ours.close()
            raise

    def end(self, pid: int) -> int:
        """End a worker, at once where it does not end by itself; its exit status, negative for a signal.

        Raises:
            EOFError, OSError: this process has died.
        """
        with self._lock:
            self._control.send((END, pid))
            return int(self._control.recv())

    def close(self) -> None:
        """End this process; a worker that is left ends when its pipe is closed."""
        self._process.kill()
        self._process.wait()
        self._control.close()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
