"""Processes that measure: so many for all inputs together, each doing one piece of work at a time.

Work is done in the order in which it is asked for. Where its process dies, it is done again, once, by a
new one: what the first had sent already is the same, and is passed over.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from pipeline.areas import Areas
from pipeline.chunks import Chunk, Parts, Stopped
from pipeline.early import worth_splitting
from pipeline.errors import InputError
from pipeline.model import MediaInfo
from pipeline.source import is_local, redact
from pipeline.text import clean
from pipeline.worker import FAILED, ITEM, STOP
from pipeline.zygote import Zygote

__all__ = ["Party", "Work", "Workers"]

log = logging.getLogger(__name__)

AHEAD = 2
"""Chunks of an input that are begun beyond those that all workers can be at."""
CHUNKS_A_WORKER = 2
"""What is left would give each worker so many chunks of the next one's length: chunks grow shorter towards
the end, and the workers end together."""
FEWEST_PACKETS, MOST_PACKETS = 100, 1000
"""Six pictures of a chunk are decoded twice: fewer packets than this would make that dear."""
WAITING_ITEMS = 16
"""Items that wait for whoever asked; further ones keep the worker waiting."""
POLL_S = 0.1


class Work:
    """One piece of work: iterate over it for what it yields; ``close`` it when no more is wanted.

    When the scan of its party is stopped, ``orderly`` work is told so, and what it covered still comes.
    Raises, while it is iterated over, what the work raised, InputError where its process died twice, and
    ``Stopped`` where it is not orderly.
    """

    def __init__(
        self, name: str, given: tuple[Any, ...], url: str, party: Party, *, bounded: bool, orderly: bool
    ) -> None:
        self.request = (name, given)
        self.shown = clean(redact(url))
        self.closed = threading.Event()
        self.stopping = threading.Event()
        self._party, self._orderly = party, orderly
        self._items: queue.Queue[tuple[str, Any]] = queue.Queue(WAITING_ITEMS if bounded else 0)
        self._ended = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        while not self._ended:
            try:
                kind, value = self._items.get(timeout=POLL_S)
            except queue.Empty:
                if self._party.stopped():
                    if not self._orderly:
                        raise Stopped from None
                    self.stopping.set()
                continue
            if kind == ITEM:
                return value
            self._ended = True
            if kind == FAILED:
                raise value
            self._party.spent_s += value
        raise StopIteration

    def close(self) -> None:
        """Want no more of it."""
        self.closed.set()

    def put(self, message: tuple[str, Any]) -> None:
        """Hand a message to whoever asked, unless no more is wanted."""
        while not self.closed.is_set():
            try:
                return self._items.put(message, timeout=POLL_S)
            except queue.Full:
                continue


class Workers:
    """``jobs`` processes for ``inputs``, started when they are first needed; ``close`` ends them.

    ``zygote`` is one that was begun before; it is closed with the rest.
    """

    def __init__(self, jobs: int, inputs: int = 1, zygote: Zygote | None = None) -> None:
        self.jobs, self.inputs = jobs, inputs
        self._zygote = zygote
        self._waiting: deque[Work] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._threads = [threading.Thread(target=self._drive, daemon=True) for _ in range(jobs)]
        for thread in self._threads:
            thread.start()

    def party(self, stop: threading.Event | None = None) -> Party:
        """Those who measure one input, until ``stop`` is set."""
        return Party(self, stop)

    def ask(self, work: Work) -> Work:
        """Have something done as soon as a worker is free."""
        with self._changed:
            self._waiting.append(work)
            self._changed.notify()
        return work

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        if self._zygote is not None:
            self._zygote.close()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drive(self) -> None:
        """What each thread does: see that one process works."""
        process: _Process | None = None
        try:
            while (work := self._next()) is not None:
                process = self._do(work, process)
        finally:
            if process is not None:
                process.kill()

    def _next(self) -> Work | None:
        with self._changed:
            while not self._closing:
                if self._waiting:
                    work = self._waiting.popleft()
                    if not work.closed.is_set():
                        return work
                else:
                    self._changed.wait()
        return None

    def _do(self, work: Work, process: _Process | None) -> _Process | None:
        """Have it done by the process or by a new one; the one that is left can do the next work."""
        sent = 0
        for again in (False, True):
            try:
                process = process or self._begun()
                for number, message in enumerate(process.do(work, lambda: self._closing)):
                    if number >= sent:
                        work.put(message)
                        sent += 1
                    if message[0] != ITEM:
                        return process
                process.kill()
                work.put((FAILED, Stopped()))
                return None
            except (EOFError, OSError):
                died = f"the process that measured it died ({process.kill() if process else 'at its start'})"
                log.debug("%s: %s%s", work.shown, died, "" if again else "; it is measured again")
                process = None
        work.put((FAILED, InputError(f"{work.shown}: {died}, and so did the next")))
        return None

    def _begun(self) -> _Process:
        """A new worker.

        Raises:
            EOFError, OSError: the zygote has died; the next call has another one.
        """
        with self._changed:
            zygote = self._zygote = self._zygote or Zygote()
        try:
            return _Process(zygote)
        except (EOFError, OSError):
            with self._changed:
                if self._zygote is zygote:
                    self._zygote = None
                    zygote.close()
            raise


@dataclass(slots=True)
class Party:
    """The crew of one input, of workers that other inputs may share; ``spent_s`` is their CPU time."""

    workers: Workers
    stop: threading.Event | None = None
    spent_s: float = 0.0

    @property
    def window(self) -> int:
        """Chunks that are begun before the first of them is waited for."""
        return self.workers.jobs + AHEAD

    @property
    def threads(self) -> int:
        """Threads of a decoder, for an input that is measured in one pass."""
        return max(1, self.workers.jobs // self.workers.inputs)

    def stopped(self) -> bool:
        """Whether nobody waits for the end any more."""
        return self.stop is not None and self.stop.is_set()

    def worth(self, media: MediaInfo) -> bool:
        """Whether an input is long enough to be split."""
        return worth_splitting(media)

    def length(self, left: int) -> int:
        """Packets of the next chunk of a stream."""
        return max(FEWEST_PACKETS, min(MOST_PACKETS, left // (CHUNKS_A_WORKER * self.workers.jobs)))

    def measure(self, chunk: Chunk) -> Parts:
        """Have a chunk measured; its rows may wait here, for no more than ``window`` are begun.

        The rest of an input that cannot be split further may be of any length: its worker waits.
        """
        bounded = chunk.run.packets is None
        return self.workers.ask(Work("chunk", (chunk,), chunk.url, self, bounded=bounded, orderly=False))

    def apart(self, url: str, areas: Areas) -> Work | None:
        """Have a file measured in one pass by a worker; None where there is no other input.

        A remote input is open already, and may not be had twice.
        """
        if self.workers.inputs == 1 or not is_local(url):
            return None
        return self.workers.ask(
            Work("input", (url, self.threads, areas), url, self, bounded=True, orderly=True)
        )


class _Process:
    """One worker and the pipe to it."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._pid, self._pipe = zygote.begin()

    def do(self, work: Work, closing: Callable[[], bool]) -> Iterator[tuple[str, Any]]:
        """What it sends, up to the end, or to where no more is wanted.

        Raises:
            EOFError, OSError: it has died.
        """
        told = False
        self._pipe.send(work.request)
        while not (work.closed.is_set() or closing()):
            if work.stopping.is_set() and not told:
                self._pipe.send(STOP)
                told = True
            if self._pipe.poll(POLL_S):
                message = self._pipe.recv()
                yield message
                if message[0] != ITEM:
                    return

    def kill(self) -> str:
        """End it, whatever it is doing; how it ended."""
        self._pipe.close()
        try:
            status = self._zygote.end(self._pid)
        except (EOFError, OSError):
            return "nobody saw how"
        return f"signal {-status}" if status < 0 else f"status {status}"
