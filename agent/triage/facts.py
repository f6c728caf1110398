"""The facts of a case: every number, time, stream and defect that a text about it may name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from agent.triage.phrases import phrases
from agent.verdict import Case
from pipeline.model import DefectEvent, Incident

__all__ = ["Fact", "Facts", "Role", "facts_of", "seconds", "timecode"]

MAX_EVENTS = 40
"""An incident can have thousands of events; nobody writes a sentence about more than these."""

MAX_TIME_S = 359_999.0

_STREAM = re.compile(r"[va]:\d{1,3}")
_UNIT = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)?")
_EVIDENCE_UNITS = {"lufs": "LUFS", "lu": "LU", "dbtp": "dBTP", "db": "dB", "s": "s", "hz": "Hz"}


class Role(StrEnum):
    """What a fact is, for a start may not be told as a length."""

    START = "start"
    END = "end"
    DURATION = "duration"
    VALUE = "value"
    OFFSET = "offset"
    COUNT = "count"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact and how it may be written, the usual way first."""

    name: str
    role: Role
    renderings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of a case.

    ``words`` may be said of this case beside the general lexicon; ``defects`` maps each word or title
    that names a defect of it to the streams that have that defect; ``titles`` name it as a whole.
    """

    facts: tuple[Fact, ...]
    words: frozenset[str]
    defects: Mapping[str, frozenset[str]]
    titles: tuple[str, ...]

    def named(self, name: str) -> str | None:
        """The usual rendering of a fact, if the case has it."""
        return next((fact.renderings[0] for fact in self.facts if fact.name == name), None)


def facts_of(case: Case) -> Facts:
    """The facts of a case, from its incident alone: what the container says of itself is no fact."""
    incident = case.incident
    found = [*_incident_facts(incident)]
    for event in islice(incident.events, MAX_EVENTS):
        found += _event_facts(event)
    book, checks = phrases(), {event.check for event in incident.events}
    cause = book.causes[incident.cause]
    words = set(cause.words)
    defects: dict[str, set[str]] = {}
    for check in checks:
        spoken = book.check(check)
        words |= spoken.words
        for word in (*spoken.defect, spoken.title.lower()):
            defects.setdefault(word, set()).update(e.stream for e in incident.events if e.check == check)
    for told in book.actions.values():
        words |= set(told.split())
    unique = {(fact.name, fact.renderings): fact for fact in found if fact.renderings}
    streams = {word: frozenset(names) for word, names in defects.items()}
    return Facts(tuple(unique.values()), frozenset(words), streams, cause.title)


def timecode(time_s: float) -> str:
    """``HH:MM:SS.mmm`` from the start of the input; what is beyond 99 hours stays there."""
    total_ms = round(min(max(time_s, 0.0), MAX_TIME_S) * 1000)
    whole_s, ms = divmod(total_ms, 1000)
    return f"{whole_s // 3600:02d}:{whole_s // 60 % 60:02d}:{whole_s % 60:02d}.{ms:03d}"


def seconds(length_s: float) -> str:
    """A length as it is usually said: ``3.0 s``, ``40 ms``."""
    if 0 < length_s < 0.9995:
        return f"{max(1, round(length_s * 1000))} ms"
    return f"{length_s:.1f} s"


def _incident_facts(incident: Incident) -> Iterator[Fact]:
    yield from _times("incident", incident.start_s, incident.end_s)
    count = len(incident.events)
    plural = "" if count == 1 else "s"
    yield Fact("incident.events", Role.COUNT, (f"{count} event{plural}", f"{count} defect{plural}"))


def _event_facts(event: DefectEvent) -> Iterator[Fact]:
    name = f"{event.check}.{event.stream}"
    if _STREAM.fullmatch(event.stream):
        yield Fact(f"{name}.stream", Role.STREAM, (event.stream,))
    yield from _times(name, event.start_s, event.end_s)
    yield Fact(f"{name}.value", _role(event.unit), _measured(event.value, event.unit))
    for key, value in event.evidence.items():
        unit = _EVIDENCE_UNITS.get(key.rpartition("_")[2])
        if unit is not None and not isinstance(value, str):
            yield Fact(f"{name}.{key}", _role(unit), _measured(float(value), unit))


def _role(unit: str) -> Role:
    """A value in seconds is no point in time, and must not read like one."""
    return Role.OFFSET if unit == "s" else Role.VALUE


def _times(name: str, start_s: float, end_s: float | None) -> Iterator[Fact]:
    yield Fact(f"{name}.start_s", Role.START, _point(start_s))
    if end_s is not None:
        yield Fact(f"{name}.end_s", Role.END, _point(end_s))
        yield Fact(f"{name}.duration_s", Role.DURATION, _length(end_s - start_s))


def _point(time_s: float) -> tuple[str, ...]:
    if not math.isfinite(time_s) or time_s < 0 or time_s > MAX_TIME_S:
        return ()
    code = timecode(time_s)
    short = (code[:-4],) if code.endswith(".000") else ()
    return _distinct((code, *_decimals(time_s, "s"), *short))


def _length(length_s: float) -> tuple[str, ...]:
    if not math.isfinite(length_s) or length_s < 0.0005:
        return ()
    return _distinct((seconds(length_s), *_decimals(length_s, "s")))


def _measured(value: float, unit: str) -> tuple[str, ...]:
    """A value with its unit; a time may be told without its sign, for words give the direction."""
    if not math.isfinite(value) or not _UNIT.fullmatch(unit):
        return ()
    if unit == "s":
        return _distinct((seconds(abs(value)), *_decimals(abs(value), unit)))
    ways = _decimals(value, unit)
    if value == 1 and unit.endswith("s"):
        return (f"1 {unit.removesuffix('s')}", *ways)
    return _distinct(ways)


def _decimals(value: float, unit: str) -> tuple[str, ...]:
    """To at most three decimals, where that is near; a count is told whole, a level to one first."""
    ways = [f"{value:.{places}f} {unit}" for places in (1, 2, 3)]
    if value == round(value):
        ways.insert(0 if unit.islower() and unit != "s" else 1, f"{value:.0f} {unit}")
    near = max(min(0.05, 0.05 * abs(value)), 0.0005)
    return tuple(way for way in ways if abs(float(way.split(" ", 1)[0]) - value) <= near)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
