"""Sound and picture apart by what is heard and seen: claps, strikes, bounces, flashes with a bang.

Onsets of sound are paired with all onsets of the picture near them: jolts, where something moves or
lights up at once, and strikes, where what moves is thrown upwards, as a ball, a hammer or a foot is.
Where content is in sync by some offset, that offset stands out of the others; where nothing stands out,
or more than one does, as in anything periodic, the check abstains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.checks.contract import (
    Check,
    CheckSettings,
    Conclusion,
    Evidence,
    Finding,
    NotAssessable,
    Onsets,
    Programme,
)

__all__ = ["CHECK"]

REACH_S, SEARCH_S = 2.0, 1.0
GRID_S, BLUR_S = 0.01, 0.025
APART_S, PAIR_S = 0.15, 0.06
SLACK_S = 0.02
"""Half a picture at 25 a second: no onset of a picture is known better."""


class AvContentSettings(CheckSettings):
    """ITU-R BT.1359: sound may lead by 45 ms and lag by 125 ms."""

    lead_s: float = Field(0.045, ge=0, le=60, description="how far sound may be ahead")
    lag_s: float = Field(0.125, ge=0, le=60, description="how far sound may be behind")
    least_pairs: int = Field(6, ge=3, le=1000, description="pairs of events that must agree")
    least_share: float = Field(
        0.6,
        ge=0,
        le=1,
        description="share of what is seen, or of what is heard if that is less, that must have a pair",
    )
    least_score: float = Field(5.0, ge=0, le=100, description="deviations the offset must stand out by")
    segment_s: float = Field(300.0, ge=10, le=36_000, description="length that is judged at once")


@dataclass(frozen=True, slots=True)
class _Match:
    kind: str
    offset_s: float
    pairs: int
    share: float
    score: float
    spread_s: float
    slope: float


def _match(
    seen: NDArray[np.float64], heard: NDArray[np.float64], kind: str, settings: AvContentSettings
) -> _Match | None:
    """The one offset of what is heard against what is seen that stands out, if one does.

    Both are (2, n): times (s), and how strong each is.
    """
    if seen.shape[1] < settings.least_pairs or heard.shape[1] < settings.least_pairs:
        return None
    lags = heard[0][:, None] - seen[0][None, :]
    found = _standing_out(lags, seen[1])
    if found is None or found[1] < settings.least_score:
        return None
    best, score = found
    closest = np.abs(lags - best).argmin(axis=1)
    pair = lags[np.arange(len(lags)), closest]
    paired = np.abs(pair - best) <= PAIR_S
    share = min(1.0, float(paired.sum()) / min(lags.shape))
    if paired.sum() < settings.least_pairs or share < settings.least_share:
        return None
    good, at_s = pair[paired], heard[0][paired]
    spread_s = float(np.median(np.abs(good - np.median(good))))
    slope = float(np.polyfit(at_s - at_s.mean(), good, 1)[0]) if np.ptp(at_s) > 0 else 0.0
    return _Match(kind, float(np.median(good)), int(paired.sum()), share, score, spread_s, slope)


RIVAL = 0.6
"""Another offset that stands out by more than this share of the best one leaves it open which it is. It must
do so by the number of pairs and by how strong they are: hands that set out, meet and come to rest give three
offsets, but they jolt most where they meet."""


def _standing_out(lags: NDArray[np.float64], strength: NDArray[np.float64]) -> tuple[float, float] | None:
    """The offset (s) at which most of the lags (heard, seen) agree, and by how many deviations it stands out.

    ``strength`` (seen,) is that of each onset of the picture. None where there is a rival.
    """
    near = np.abs(lags) <= REACH_S
    grid = np.arange(-REACH_S, REACH_S + GRID_S / 2, GRID_S)
    bumps = np.exp(-0.5 * ((lags[near][:, None] - grid) / BLUR_S) ** 2)
    counts, strong = bumps.sum(axis=0), np.broadcast_to(strength, lags.shape)[near] @ bumps
    both = np.minimum(counts / max(counts.max(), 1e-9), strong / max(strong.max(), 1e-9))
    best = int(np.where(np.abs(grid) <= SEARCH_S, both, -1.0).argmax())
    apart = np.abs(grid - grid[best]) > APART_S
    others = counts[apart]
    score = (counts[best] - others.mean()) / max(float(others.std()), 0.3)
    rises = [
        (one[apart] - one[apart].mean()) / max(one[best] - one[apart].mean(), 1e-9)
        for one in (counts, strong)
    ]
    return None if np.minimum(*rises).max() > RIVAL else (float(grid[best]), float(score))


def _conclude(programme: Programme, settings: AvContentSettings) -> Sequence[Conclusion | NotAssessable]:
    seen = [one for one in programme.onsets if one.stream.startswith("v:")]
    heard = [one for one in programme.onsets if one.stream.startswith("a:")]
    if not seen or not heard:
        return [NotAssessable("*", "needs both picture and sound")]
    first = [one for one in seen if one.stream == seen[0].stream]
    judged = 0
    found: list[Conclusion | NotAssessable] = []
    for sound in heard:
        for start_s, end_s, match in _segments(first, sound, programme.end_s, settings):
            judged += 1
            if -settings.lead_s - SLACK_S <= match.offset_s <= settings.lag_s + SLACK_S:
                continue
            found.append(Conclusion(sound.stream, start_s, end_s, _finding(match), f"{start_s:.0f}"))
    return found if judged else [NotAssessable("*", "too few events of picture and sound agree")]


def _segments(
    seen: Sequence[Onsets], heard: Onsets, end_s: float, settings: AvContentSettings
) -> Iterator[tuple[float, float, _Match]]:
    """Start, end and match of each part that can be judged; a short last part joins the one before.

    Of the kinds of onsets that are seen the one counts whose offset stands out most.
    """
    count = max(1, int(end_s / settings.segment_s + 0.5))
    edges = np.append(np.arange(count) * settings.segment_s, max(end_s, 0.0))
    for start_s, stop_s in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        inside = _between(heard, start_s, stop_s)
        tried = [
            _match(_between(one, start_s - REACH_S, stop_s + REACH_S), inside, one.kind, settings)
            for one in seen
        ]
        matches = [match for match in tried if match is not None]
        if matches:
            yield start_s, stop_s, max(matches, key=lambda match: match.score)


def _between(onsets: Onsets, start_s: float, stop_s: float) -> NDArray[np.float64]:
    """Times and strengths (2, n) of the onsets of a part."""
    at_s = np.array(onsets.at_s)
    strength = np.array(onsets.strength) if onsets.strength else np.ones(len(at_s))
    inside = (at_s >= start_s) & (at_s < stop_s)
    return np.stack([at_s[inside], strength[inside]])


def _finding(match: _Match) -> Finding:
    evidence: Evidence = {
        "direction": "sound is behind" if match.offset_s > 0 else "sound is ahead",
        "seen": match.kind,
        "pairs": match.pairs,
        "paired_share": round(match.share, 3),
        "score": round(match.score, 1),
        "spread_ms": round(1000 * match.spread_s, 1),
        "drift_ms_a_minute": round(60_000 * match.slope, 1),
    }
    confidence = min(0.95, 0.5 + 0.02 * match.pairs + 0.01 * match.score)
    return Finding(match.offset_s, confidence, evidence)


CHECK = Check(
    id="av_content",
    title="Sound and picture apart by their content",
    unit="s",
    needs=("media",),
    settings=AvContentSettings,
    conclude=_conclude,
)
