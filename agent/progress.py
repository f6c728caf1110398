"""A progress bar a scan, on a terminal; nothing at all anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from pipeline.scan import Progress
from pipeline.source import redact
from pipeline.text import clean

__all__ = ["ScanProgress"]

NAME_WIDTH = 40


class ScanProgress:
    """Shows how far each scan is; safe to tell from several threads.

    ``console`` is where the bars go; they are not shown where it is no terminal, or when ``quiet``.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            _FrameRateColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )

    @contextmanager
    def scan(self, url: str) -> Iterator[Callable[[Progress], None] | None]:
        """A bar for one input, while the block runs: call what it gives with each Progress."""
        if self._bars.disable:
            yield None
            return
        task = self._bars.add_task(_short(url), total=None, frames=0)
        try:
            yield lambda progress: self._tell(task, progress)
        finally:
            self._bars.remove_task(task)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """No bars while the block writes to the same terminal."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    def __enter__(self) -> ScanProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def _tell(self, task: TaskID, progress: Progress) -> None:
        done_s = progress.done_s
        if progress.duration_s is not None:
            done_s = min(done_s, progress.duration_s)
        self._bars.update(task, completed=done_s, total=progress.duration_s, frames=progress.frames)


class _FrameRateColumn(ProgressColumn):
    """Pictures a second since the scan began; media seconds a second where there are no pictures."""

    def render(self, task: Task) -> Text:
        """The rate of one scan."""
        elapsed_s = task.elapsed
        if not elapsed_s:
            return Text("")
        frames = task.fields.get("frames", 0)
        rate = f"{frames / elapsed_s:.0f} fps" if frames else f"{task.completed / elapsed_s:.1f}x"
        return Text(rate, "progress.data.speed")


def _short(url: str) -> str:
    """The end of the name, which tells files apart."""
    name = clean(redact(url))
    return name if len(name) <= NAME_WIDTH else "..." + name[3 - NAME_WIDTH :]
