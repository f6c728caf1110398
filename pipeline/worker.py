"""Processes that measure for another: ``python -m pipeline.worker METHOD FD``, FD being one end of a pipe.

The first is a zygote: it loads everything, and for each pipe that it is sent it forks a worker (or
starts one, where forking is not safe). A worker is sent ``(function, arguments)``, and sends back what
the function yields, one by one, then how it ended. Ctrl-C is not for them: whoever started them tells
them to stop, or goes away, and then so do they.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any, NoReturn

from pipeline.chunks import measure_chunk
from pipeline.decode.index import SplitError
from pipeline.decode.pixels import blank
from pipeline.errors import VidetteError
from pipeline.measure import PictureMeter
from pipeline.measuring import measure_apart
from pipeline.zygote import BEGIN, FORKING

__all__ = ["DONE", "FAILED", "FUNCTIONS", "ITEM", "STOP", "main"]

log = logging.getLogger(__name__)

ITEM, DONE, FAILED = "item", "done", "failed"
STOP = "stop"
FUNCTIONS: dict[str, Callable[..., Iterator[Any]]] = {"chunk": measure_chunk, "input": measure_apart}
"""What a worker can be asked to do; each yields what is to be sent back."""
SERVING = "serving"
END_S, POLL_S = 0.2, 0.005


def main(arguments: list[str]) -> int:
    """Serve until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    method, pipe = arguments[0], Connection(int(arguments[1]))
    if method == SERVING:
        return _work(pipe)
    if method == FORKING:
        _load_kernels()
        gc.freeze()
    with contextlib.suppress(EOFError, OSError):
        while True:
            request, pid = pipe.recv()
            if request == BEGIN:
                pipe.send(_begun(pipe, recv_handle(pipe), forking=method == FORKING))
            else:
                pipe.send(_ended(pid))
    return 0


def _load_kernels() -> None:
    """Measure two pictures of the usual kind: kernels are loaded, or compiled, when they are first used."""
    meter = PictureMeter()
    for n in range(2):
        meter.row(blank(n / 25))


def _begun(control: Connection, pipe: int, *, forking: bool) -> int:
    """Begin a worker at the other end of a pipe; its process id."""
    if forking:
        pid = os.fork()
        if not pid:
            control.close()
            _work_and_exit(Connection(pipe))
    else:
        os.set_inheritable(pipe, True)
        command = [sys.executable, "-P", "-m", "pipeline.worker", SERVING, str(pipe)]
        pid = os.posix_spawn(sys.executable, command, os.environ)
    os.close(pipe)
    return pid


def _work_and_exit(pipe: Connection) -> NoReturn:
    """What a forked worker does; nothing of the process that it was may go on behind it."""
    status = 1
    try:
        status = _work(pipe)
    finally:
        os._exit(status)


def _ended(pid: int) -> int:
    """How a worker ended, by itself or soon by a signal: its exit status, negative for a signal."""
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL_S)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _work(connection: Connection) -> int:
    """Do what is asked for, one piece after the other."""
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
