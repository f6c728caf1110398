"""What a patrol finds of the defects that last two GOPs or longer, beside a full scan of the same clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.defects import Truth
from evals.detect.codings import CODINGS
from evals.detect.matching import compare
from evals.detect.running import found_in
from evals.detect.scoring import Interval, wilson
from evals.detect.values import Fixture, Result
from pipeline.checks import CHECKS
from pipeline.model import Mode
from pipeline.profile import load_profile
from pipeline.scan import scan

__all__ = ["PatrolScore", "long_truths", "on_patrol", "score_patrol"]

LONG_GOPS = 2


@dataclass(frozen=True, slots=True)
class PatrolScore:
    """Of the ``truths`` that last long enough: how many each way found; ``missed`` by the patrol alone."""

    truths: int
    full: int
    patrol: int
    recall: Interval
    missed: tuple[tuple[str, Truth], ...]


def on_patrol(fixture: Fixture, cache: Path) -> Result:
    """What vidette finds on patrol with its default profile."""
    return found_in(fixture, scan(str(fixture.path), load_profile("default"), mode=Mode.PATROL))


def long_truths(fixture: Fixture) -> list[Truth]:
    """The truths about pictures that last two GOPs or longer."""
    recipe = fixture.recipe
    least_s = LONG_GOPS * CODINGS[recipe.coding].gop_s
    return [
        truth
        for truth in fixture.truths
        if truth.stream.startswith("v:")
        and truth.check in CHECKS
        and truth.end_s - truth.start_s >= least_s - fixture.period_s
    ]


def score_patrol(pairs: Sequence[tuple[Result, Result]]) -> PatrolScore:
    """Of each clip what a full scan and what a patrol found."""
    truths = found = both = 0
    missed = []
    for whole, quick in pairs:
        for truth in long_truths(whole.fixture):
            truths += 1
            if truth in (hit.truth for hit in compare(whole, truth.check).hits):
                found += 1
                if truth in (hit.truth for hit in compare(quick, truth.check).hits):
                    both += 1
                else:
                    missed.append((whole.fixture.recipe.id, truth))
    return PatrolScore(truths, found, both, wilson(both, found), tuple(missed))
