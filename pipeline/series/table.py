"""Columns of one stream over some time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.model import StreamInfo

__all__ = ["Kind", "Table"]


class Kind(StrEnum):
    """What a row of a table is."""

    PICTURES = "pictures"
    SOUNDS = "sounds"
    LOUDNESS = "loudness"
    FAULTS = "faults"


@dataclass(frozen=True, slots=True)
class Table:
    """``start_s`` and ``end_s`` (n,); a column is (n,), or (n, channels) for sound.

    ``view`` names the region that pictures were measured in, and is empty for the whole picture.
    """

    kind: Kind
    stream: StreamInfo
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    columns: Mapping[str, NDArray[Any]]
    view: str = ""

    def __len__(self) -> int:
        return len(self.start_s)

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.columns[column]
