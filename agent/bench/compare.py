"""Contenders on one clip: run in turn, each in fresh processes, and held against the first of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.bench.runs import Run, Spread

__all__ = ["Comparison", "Contender", "Standing", "compare"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to do the work: its name, and one run of it on a clip."""

    name: str
    run: Callable[[Path], Run]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contender did; the ratios are to the first contender, run by run."""

    name: str
    cpu_s: Spread
    wall_s: Spread
    peak_rss_mb: Spread
    written_mb: Spread
    cpu_ratio: Spread
    wall_ratio: Spread


@dataclass(frozen=True, slots=True)
class Comparison:
    """All contenders on one clip; ``frames`` is how many pictures the clip has."""

    clip: str
    repeats: int
    frames: int
    standings: tuple[Standing, ...]


def compare(
    clip: Path,
    contenders: Sequence[Contender],
    repeats: int,
    *,
    warm_up: bool = True,
    on_run: Callable[[str], None] | None = None,
) -> Comparison:
    """Run every contender ``repeats`` times.

    The order turns from round to round, so that none always runs on the warmer machine. With
    ``warm_up`` a first round is not counted: it fills the file cache and compiles the kernels.
    """
    rounds: list[dict[str, Run]] = []
    for index in range(repeats + warm_up):
        turn = index % len(contenders)
        done: dict[str, Run] = {}
        for contender in [*contenders[turn:], *contenders[:turn]]:
            done[contender.name] = contender.run(clip)
            if on_run:
                on_run(contender.name)
        rounds.append(done)
    counted = rounds[warm_up:]
    first = contenders[0].name
    standings = tuple(_standing(contender.name, first, counted) for contender in contenders)
    return Comparison(clip.name, repeats, max(run.frames for run in counted[0].values()), standings)


def _standing(name: str, first: str, rounds: Sequence[dict[str, Run]]) -> Standing:
    runs = [done[name] for done in rounds]
    return Standing(
        name=name,
        cpu_s=Spread.of([run.cpu_s for run in runs]),
        wall_s=Spread.of([run.wall_s for run in runs]),
        peak_rss_mb=Spread.of([run.peak_rss_mb for run in runs]),
        written_mb=Spread.of([run.written_mb for run in runs]),
        cpu_ratio=Spread.of([done[name].cpu_s / done[first].cpu_s for done in rounds]),
        wall_ratio=Spread.of([done[name].wall_s / done[first].wall_s for done in rounds]),
    )
