"""A case in words, line by line, as a model is told it: what was measured, and what is known."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from string import Template
from typing import Any

from agent.context import Context, Relation
from agent.policy_rules import bad_s
from agent.prompting import Prompt, load_prompt
from agent.triage.allowed import Extent, Recovery, Times, Weight, weigh
from agent.triage.named_times import FILES, fits_in_time
from agent.triage.notes import readable
from agent.triage.phrases import phrases
from agent.verdict import Case
from pipeline.model import Cause, Incident

__all__ = ["examples_of", "notes_of", "questions_prompt", "tell", "tell_mildest", "words"]

MAX_FOUND = 6
MAX_NOTES, MAX_RUN_BOOK = 4, 2
"""The newest notes and the first entries: a small model has a small context."""


@cache
def questions_prompt() -> Prompt:
    """The shipped prompt of the local models."""
    return load_prompt("questions")


@cache
def words() -> Mapping[str, Any]:
    """The tables of that prompt."""
    return tomllib.loads(questions_prompt().text)


def tell(case: Case) -> str:
    """The case, a fact a line."""
    return "\n".join([*_measured(case), *_known(case)])


def notes_of(case: Case) -> tuple[str, ...]:
    """The notes that a model may be shown, letter by letter: readable, and of this time."""
    context = case.context
    fit = [note.text for note in context.notes if readable(note.text) and _of_this_time(note.text, case)]
    return tuple(dict.fromkeys(fit))[-MAX_NOTES:]


def _of_this_time(text: str, case: Case) -> bool:
    """Whether the times that a note names hold the incident, or what it tells became so before it.

    What is told of a file may be of the time when it is on the air.
    """
    if case.context.delivery in FILES:
        return True
    return any(fits_in_time(text, case.incident, case.context, since=since) for since in (False, True))


def tell_mildest(case: Case) -> str:
    """The same defect, over at once, and with nothing known beside it: what habit is measured by."""
    mild = words()["habit"]
    weight = Weight(Times(mild["times"]), Extent(mild["extent"]), Recovery(mild["recovery"]))
    return "\n".join(_measured(case, weight, length=str(words()["length"][0]["text"])))


@cache
def examples_of(cause: Cause) -> str:
    """The examples of a cause, each on a line of its own."""
    rows = (row for row in words()["examples"] if row["cause"] == cause)
    return "".join(Template(words()["example"]["text"]).substitute(row) + "\n" for row in rows)


def _measured(case: Case, mildest: Weight | None = None, length: str = "") -> Iterator[str]:
    incident = case.incident
    found = list(dict.fromkeys(f"{event.check} on {event.stream}" for event in incident.events))
    yield _line("found", found=", ".join(found[:MAX_FOUND]))
    weight, sure = weigh(case), _sure(incident)
    if weight is None:
        yield _line("whole", measured=_values(incident), sure=sure)
    else:
        weight = mildest or weight
        yield _line(
            "how",
            length=length or _length(incident),
            times=words()["times"][weight.times],
            extent=words()["extent"][weight.extent],
            recovery=words()["recovery"][weight.recovery],
            sure=sure,
        )
    yield _line("cause", cause=incident.cause.value)
    yield _line(
        "rule",
        severity=case.floor.value,
        intent=case.intent.value,
        action=case.action.value,
        route=case.route.value,
    )


def _known(case: Case) -> Iterator[str]:
    context, incident = case.context, case.incident
    if service := _service(context):
        yield _line("service", service=service)
    on = [
        _beside(words()["slot"][slot.kind], context.relation(slot.period, incident))
        for slot in context.schedule
    ]
    if on:
        yield _line("on", on=", ".join(dict.fromkeys(on)))
    works = [_beside("it", context.relation(work.period, incident)) for work in context.maintenance]
    if works:
        yield _line("maintenance", maintenance=", ".join(dict.fromkeys(works)))
    if context.recent:
        counted = Counter(words()["feedback"][old.feedback] for old in context.recent)
        yield _line("recent", recent=", ".join(f"{told} x{count}" for told, count in counted.items()))
    told = [entry.text for entry in context.run_book if readable(entry.text)]
    for text in told[:MAX_RUN_BOOK]:
        yield _line("run_book", text=text)
    for number, text in enumerate(notes_of(case), 1):
        yield _line("note", number=number, text=text)


def _line(name: str, **values: object) -> str:
    return Template(words()["line"][name]).substitute(values)


def _service(context: Context) -> str:
    told = [
        words()["tier"][context.tier] if context.tier else "",
        words()["delivery"][context.delivery] if context.delivery else "",
        words()["audience"][context.audience] if context.audience else "",
    ]
    return ", ".join(part for part in told if part)


def _beside(what: str, relation: Relation) -> str:
    return Template(words()["relation"][relation]).substitute(what=what)


def _length(incident: Incident) -> str:
    if incident.end_s is None:
        return str(words()["ongoing"]["text"])
    length_s = bad_s(incident.events)
    return next(str(row["text"]) for row in words()["length"] if length_s < row["below_s"])


def _sure(incident: Incident) -> str:
    events = incident.events
    mean = sum(event.confidence for event in events) / len(events) if events else 0.0
    return next(str(row["text"]) for row in words()["sure"].values() if mean >= row["from"])


def _values(incident: Incident) -> str:
    """The values that say how bad a property of the programme is."""
    telling = (event for event in incident.events if phrases().check(event.check).value)
    told = [f"{event.value:.3g} {event.unit}" for event in telling]
    return ", ".join(dict.fromkeys(told[:MAX_FOUND])) or "with no figure"
