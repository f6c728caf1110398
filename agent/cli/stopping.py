"""Ctrl-C: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Stopping"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR = b"\x1b[?25h"


class Stopping:
    """While it is entered, SIGINT and SIGTERM set ``event``; ``status`` is then the exit status.

    The second signal ends the process there and then: what is being stored is one transaction, so
    the store has all of it or nothing.
    """

    def __init__(self) -> None:
        self.event = threading.Event()
        self.status: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        # Only the main thread may handle signals; elsewhere whoever embeds this does.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        status = 128 + number
        if self.event.is_set():
            if sys.stderr.isatty():
                os.write(2, SHOW_CURSOR + b"\n")
            os._exit(status)
        self.status = status
        self.event.set()
        os.write(2, b"\nvidette: stopping; what was covered is reported. Once more ends at once.\n")
