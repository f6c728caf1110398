"""What may be begun while most of the program is not even loaded: this needs little of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pipeline.errors import InputError
from pipeline.model import MediaInfo
from pipeline.source import is_local, open_container, probe
from pipeline.zygote import Zygote

__all__ = ["WORTH_SAMPLES", "begun_early", "worth_splitting"]

WORTH_SAMPLES = 1.5e9
"""Below so many luma samples in all, starting processes costs more than it saves."""


def begun_early(inputs: Sequence[str], jobs: int) -> AbstractContextManager[Zygote | None]:
    """The zygote of the workers that these inputs will be given, where it is plain that they will.

    A worker is as long in coming as the program of whoever wants it: so both are loaded at once.
    """
    files = [url for url in inputs if is_local(url) and Path(url).is_file()]
    if jobs == 1 or not files or (len(inputs) == 1 and not _is_long(files[0])):
        return nullcontext()
    return Zygote()


def _is_long(url: str) -> bool:
    try:
        with open_container(url) as container:
            return worth_splitting(probe(container))
    except InputError:
        return False


def worth_splitting(media: MediaInfo) -> bool:
    """Whether an input is long enough to be measured in chunks by several processes."""
    rates = [(s.width or 0) * (s.height or 0) * (s.frame_rate or 0) for s in media.streams]
    return sum(rates) * (media.duration_s or 0) >= WORTH_SAMPLES
