"""How one text of the context is put to a model: what was seen, the text, and what code compared.

Whether a text names the channel, and whether its own clock times hold the incident, is no matter of
opinion: code compares, and the model is told the result in words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from string import Template

from agent.prompting import Prompt, load_prompt
from agent.triage.phrases import phrases

__all__ = ["Reading", "ReadingPrompt", "lasting", "named_in", "reading_prompt", "time_told"]

MAX_SEEN = 3
MAX_TEXT = 400

_CLOCK = r"([01]?\d|2[0-3])[:.h]([0-5]\d)(?!\d|\.\d)"
_RANGE = re.compile(rf"\b{_CLOCK}\s*(?:-|\u2013|to|until|till|and|bis)\s*{_CLOCK}")
_UNTIL = re.compile(rf"\b(?:until|till|til|before|by|up to|done by|bis)\s+{_CLOCK}")
_FROM = re.compile(rf"\b(?:from|since|after|as of|starting|ab)\s+{_CLOCK}")
_SPACE = re.compile(r"[^a-z0-9]+")


class Reading(StrEnum):
    """What a text makes of an incident."""

    EXPECTED = "expected"
    WORSE = "worse"
    NOTHING = "nothing"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ReadingPrompt:
    """The prompt file ``reading``; ``answers`` are single tokens, in the order of ``Reading``."""

    source: Prompt
    form: Template
    answers: tuple[str, ...]
    named: Mapping[str, str]
    time: Mapping[str, str]
    lasts: Mapping[str, str]

    def asked(
        self, *, service: str, checks: Sequence[str], lasts: str, text: str, named: str, time: str
    ) -> str:
        """The question about one text; ``lasts``, ``named`` and ``time`` are keys of the tables."""
        seen = [phrases().check(check).title.lower() for check in dict.fromkeys(checks)][:MAX_SEEN]
        return self.form.substitute(
            service=service or "unnamed",
            seen=" and ".join(seen),
            lasts=self.lasts[lasts],
            text=text[:MAX_TEXT],
            named=self.named[named],
            time=self.time[time],
        )


@cache
def reading_prompt() -> ReadingPrompt:
    """The shipped prompt, read once."""
    source = load_prompt("reading")
    table = tomllib.loads(source.text)
    return ReadingPrompt(
        source,
        Template(table["form"].lstrip("\n")),
        tuple(table["answers"][reading] for reading in Reading),
        table["named"],
        table["time"],
        table["lasts"],
    )


def named_in(service: str, text: str) -> str:
    """``this`` where the text names the channel, whatever the spelling of gaps and case; else ``none``."""
    name, told = (f" {_SPACE.sub(' ', part.lower()).strip()} " for part in (service, text))
    tight = name.replace(" ", "")
    return "this" if tight and (name in told or tight in told.split()) else "none"


def lasting(length_s: float | None) -> str:
    """How long, as a key of the table ``lasts``; None where it goes on."""
    if length_s is None:
        return "on"
    bounds = (("moment", 1.0), ("seconds", 10.0), ("minute", 60.0), ("minutes", 600.0))
    return next((name for name, below_s in bounds if length_s < below_s), "long")


def time_told(text: str, start: datetime | None, end: datetime | None) -> str:
    """Whether the clock times of a text hold the incident: ``now``, ``other``, or ``none`` told.

    Clock times are read in the zone of ``start``. A range may run past midnight.
    """
    spans = [*_spans(text)]
    if start is None or not spans:
        return "none"
    return "now" if any(_holds(span, start, end or start) for span in spans) else "other"


_Span = tuple[timedelta | None, timedelta | None]


def _spans(text: str) -> list[_Span]:
    """The ranges of clock times in a text; None where a side is open."""
    found: list[_Span] = []
    plain = text.lower()
    for match in _RANGE.finditer(plain):
        a, b, c, d = map(int, match.groups())
        found.append((timedelta(hours=a, minutes=b), timedelta(hours=c, minutes=d)))
    if found:
        return found
    until, since = _UNTIL.search(plain), _FROM.search(plain)
    if until is None and since is None:
        return []
    sides = [timedelta(hours=int(m[1]), minutes=int(m[2])) if m else None for m in (since, until)]
    return [(sides[0], sides[1])]


def _holds(span: _Span, start: datetime, end: datetime) -> bool:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    slack = timedelta(minutes=2)
    for day in (-1, 0, 1):
        base = midnight + timedelta(days=day)
        if span[0] is None and span[1] is not None:
            # "until 05:00", said the evening before or in the night: up to half a day ahead.
            first, last = base + span[1] - timedelta(hours=12), base + span[1]
        elif span[1] is None and span[0] is not None:
            first, last = base + span[0], base + span[0] + timedelta(hours=12)
        elif span[0] is not None and span[1] is not None:
            first, last = base + span[0], base + span[1]
            last += timedelta(days=1) if last <= first else timedelta(0)
        else:
            continue
        if first - slack <= start and end <= last + slack:
            return True
    return False
