"""Plans that were moved, in the times that people write: what was due at one time and is at another."""

from __future__ import annotations

import re

from agent.triage.clocks import CLOCK, ONE_CLOCK, written_clock
from agent.triage.lengths import longest_told_s

__all__ = ["as_moved"]

_NO_CLOCK = r"(?!\d|[:.]\d)"
_FROM_TO = re.compile(
    rf"\b(?:mov(?:es?|ed)|shift(?:s|ed)|push(?:es|ed)|put back|postponed|delayed|rescheduled|brought forward)"
    rf"(?: back| on| forward)?,? from {CLOCK} to (?={CLOCK}{_NO_CLOCK})"
)
_FROM_PART = re.compile(
    rf"\bmoved from the [a-z ]{{3,30}}? \(?{CLOCK}(?: utc)?\)?,? to (?={CLOCK}{_NO_CLOCK})"
)
_BY = re.compile(
    rf"(?<![\d:.]){CLOCK}{_NO_CLOCK}([^.;!?]{{0,80}}?\b(?:"
    r"(?P<later>(?:pushed|moved|put|set|shifted)(?: it)? back|delayed|postponed)"
    r"|(?:brought|moved|pulled|put)(?: it)? forward|moved(?: it)? up)"
    r"(?: by)?,? (?P<length>[a-z0-9 .-]{3,30}))"
)
_INSTEAD = re.compile(rf"({CLOCK}) (?:utc )?instead of (?:at )?{CLOCK}{_NO_CLOCK}")
_WAS_DUE = re.compile(
    rf"\b(?:was|were|had been) (?:first )?(?:due|planned|down|set|booked|announced|scheduled)"
    rf"(?: at| for) {CLOCK}{_NO_CLOCK}"
)


def as_moved(text: str) -> str:
    """A text, its times of day written plainly, without the times that no longer hold.

    ``Moves from 18:10 to 18:40`` becomes ``at 18:40``, ``due at 19:30, pushed back half an hour`` is at
    ``20:00``, ``18:40 instead of 18:10`` at ``18:40``; and what ``was due at 14:40`` is left out where
    another time is told.
    """
    text = _INSTEAD.sub(r"\1", _BY.sub(_by, _FROM_TO.sub("at ", _FROM_PART.sub("at ", text))))
    rest = _WAS_DUE.sub(" ", text)
    return rest if ONE_CLOCK.search(rest) else text


def _by(found: re.Match[str]) -> str:
    length_s = longest_told_s(found["length"])
    if length_s is None:
        return found[0]
    moved = int(length_s // 60) * (1 if found["later"] else -1)
    return f"{written_clock(int(found[1]) * 60 + int(found[2]) + moved)}{found[3]}"
