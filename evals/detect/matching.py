"""Which events are right and which truths were found: the intersection criterion.

An event and a truth of the same check match where they share at least half of the shorter of the two
(as in the polyphonic sound detection score, without its demand that all of the truth be covered). A
truth is found if any event matches it; an event is right if it matches any truth. The onset may be off
by a picture period or 20 ms before that counts against a very short truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.detect.values import Allowed, Found, Result, Truth

__all__ = ["SOUND_SLACK_S", "Hit", "Outcome", "compare", "matches"]

SOUND_SLACK_S = 0.02


@dataclass(frozen=True, slots=True)
class Hit:
    """A truth that was found, with the events that match it."""

    truth: Truth
    events: tuple[Found, ...]

    @property
    def onset_error_s(self) -> float:
        """How much later than the defect the first event begins."""
        return min(event.start_s for event in self.events) - self.truth.start_s

    @property
    def end_error_s(self) -> float:
        """How much later than the defect the last event ends."""
        return max(event.end_s for event in self.events) - self.truth.end_s


@dataclass(frozen=True, slots=True)
class Outcome:
    """One clip, one check: what was found, missed, and told without cause."""

    hits: tuple[Hit, ...]
    missed: tuple[Truth, ...]
    right: tuple[Found, ...]
    false: tuple[Found, ...]
    allowed: tuple[Found, ...]


def matches(truth: Truth, event: Found, slack_s: float) -> bool:
    """Whether the two share at least half of the shorter; a touch is enough where that has no length."""
    shared = min(truth.end_s + slack_s, event.end_s) - max(truth.start_s - slack_s, event.start_s)
    shorter = min(truth.end_s - truth.start_s, event.end_s - event.start_s)
    return shared >= 0.5 * shorter and shared >= 0


def compare(result: Result, check: str) -> Outcome:
    """The events of one check in one clip against the truth."""
    fixture = result.fixture
    truths = [truth for truth in fixture.truths if truth.check == check]
    events = [event for event in result.found if event.check == check]
    pairs = {
        (t, e): matches(truth, event, _slack_s(truth, fixture.period_s))
        for t, truth in enumerate(truths)
        for e, event in enumerate(events)
    }
    hits, missed = [], []
    for t, truth in enumerate(truths):
        theirs = tuple(event for e, event in enumerate(events) if pairs[t, e])
        if theirs:
            hits.append(Hit(truth, theirs))
        else:
            missed.append(truth)
    right = tuple(event for e, event in enumerate(events) if any(pairs[t, e] for t in range(len(truths))))
    others = [event for event in events if event not in right]
    legitimate = tuple(event for event in others if _is_allowed(event, fixture.allowed))
    false = tuple(event for event in others if event not in legitimate)
    return Outcome(tuple(hits), tuple(missed), right, false, legitimate)


def _slack_s(truth: Truth, period_s: float) -> float:
    return SOUND_SLACK_S if truth.stream.startswith("a") else period_s


def _is_allowed(event: Found, allowed: Sequence[Allowed]) -> bool:
    """Whether the event lies, for the most part, where such events are legitimate."""
    length_s = event.end_s - event.start_s
    for item in allowed:
        shared = min(item.end_s, event.end_s) - max(item.start_s, event.start_s)
        if item.check == event.check and shared >= 0.5 * length_s and shared >= 0:
            return True
    return False
