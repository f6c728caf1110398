"""A process that measures for another: ``python -m pipeline.worker FD``, FD being one end of a pipe.

It is sent ``(function, arguments)``, and sends back what the function yields, one by one, then how it
ended. Ctrl-C is not for it: whoever started it tells it to stop, or goes away, and then so does it.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from pipeline.chunks import measure_chunk
from pipeline.decode.index import SplitError
from pipeline.errors import VidetteError
from pipeline.measuring import measure_apart

__all__ = ["DONE", "FAILED", "FUNCTIONS", "ITEM", "STOP", "main"]

log = logging.getLogger(__name__)

ITEM, DONE, FAILED = "item", "done", "failed"
STOP = "stop"
FUNCTIONS: dict[str, Callable[..., Iterator[Any]]] = {"chunk": measure_chunk, "input": measure_apart}
"""What a worker can be asked to do; each yields what is to be sent back."""


def main(arguments: list[str]) -> int:
    """Serve until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(int(arguments[0]))
    requests: queue.SimpleQueue[tuple[str, tuple[Any, ...]]] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(connection, requests, stop), daemon=True).start()
    while True:
        name, given = requests.get()
        try:
            _serve(connection, name, given, stop)
        except (BrokenPipeError, ConnectionResetError):
            return 0


def _listen(
    connection: Connection, requests: queue.SimpleQueue[tuple[str, tuple[Any, ...]]], stop: threading.Event
) -> None:
    """Take requests, and the wish to stop; nobody at the other end is the end."""
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        if message == STOP:
            stop.set()
        else:
            stop.clear()
            requests.put(message)


def _serve(connection: Connection, name: str, given: tuple[Any, ...], stop: threading.Event) -> None:
    began = time.process_time()
    extra = {"stop": stop} if name == "input" else {}
    try:
        for item in FUNCTIONS[name](*given, **extra):
            connection.send((ITEM, item))
    except (SplitError, VidetteError) as exc:
        connection.send((FAILED, exc))
    except OSError:
        raise
    except Exception as exc:
        log.debug("a worker failed", exc_info=True)
        connection.send((FAILED, RuntimeError(f"in a worker: {type(exc).__name__}: {exc}")))
    else:
        connection.send((DONE, time.process_time() - began))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
