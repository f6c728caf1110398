"""Decide again from a kept series, under the same profile or another; nothing is decoded."""

from __future__ import annotations

import time
from dataclasses import replace as changed
from pathlib import Path

from pipeline.decide import Decider
from pipeline.errors import UsageError
from pipeline.model import ScanResult, Timing
from pipeline.profile import Profile
from pipeline.scan import conclude
from pipeline.series.store import open_series
from pipeline.series.thin import SignalThinner
from pipeline.text import clean

__all__ = ["replay"]


def replay(series: Path, profile: Profile, *, signals: bool = False) -> ScanResult:
    """What a scan with this profile would have found.

    Raises:
        InputError: there is no kept series at that path, or it is damaged.
        UsageError: it was measured with other masks or regions than the profile has.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    kept = open_series(series)
    if kept.areas != str(profile.areas):
        raise UsageError(
            f"{clean(str(series))}: was measured with other masks or regions than profile "
            f"{clean(profile.name)!r} has: scan the input again with that profile"
        )
    decider = Decider(profile, kept.identity)
    thinner = SignalThinner() if signals else None
    for table in kept.tables():
        decider.feed(table)
        if thinner:
            thinner.feed(table)
    result = conclude(kept.url, kept.identity, decider, kept.programme, thinner)
    wall_s = time.perf_counter() - wall
    return changed(result, timing=Timing(wall_s, time.process_time() - cpu, result.covered_s / wall_s))
