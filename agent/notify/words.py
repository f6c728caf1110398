"""A message in plain words: what every format starts from. Text of others is made fit to print here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.page import Kind, Message, Notice, Standing
from agent.report.words import duration, humanize, listing, plural, timecode
from agent.text import encodable
from agent.verdict import Severity
from pipeline.text import clean

__all__ = [
    "MARKS",
    "MOST_TOLD",
    "NAME",
    "SUMMARY",
    "TITLE",
    "body",
    "facts",
    "headline",
    "mark",
    "news",
    "span",
    "standing_words",
    "told_of",
    "words_of",
    "worse",
    "worth_telling",
]

MARKS: Mapping[Severity, str] = {
    Severity.CRITICAL: "\N{LARGE RED CIRCLE}",
    Severity.MAJOR: "\N{LARGE ORANGE CIRCLE}",
    Severity.MINOR: "\N{LARGE YELLOW CIRCLE}",
    Severity.INFO: "\N{LARGE BLUE CIRCLE}",
}
OVER_MARK = "\N{WHITE HEAVY CHECK MARK}"

TITLE = 140
SUMMARY = 1200
NAME = 200
MOST_TOLD = 20
"""Incidents of one message that are told one by one."""


def words_of(text: str, limit: int) -> str:
    """One line of text of others: no control characters, at most ``limit`` long, encodable."""
    return encodable(clean(" ".join(text.split()), limit))


def headline(message: Message) -> str:
    """``CRITICAL: Signal lost for 3.04 s, and 2 more``."""
    if message.headline:
        return words_of(message.headline, TITLE)
    first = message.notices[0]
    more = f", and {len(message.notices) - 1} more" if len(message.notices) > 1 else ""
    told = words_of(first.title, TITLE) + more
    if message.kind is Kind.OVER:
        return f"Over: {told}"
    unheard = "Not acknowledged: " if message.step else ""
    return f"{unheard}{first.severity.value.upper()}: {told}"


def mark(message: Message) -> str:
    """A coloured circle for the worst that goes on, a check mark where all is over."""
    if message.kind is Kind.OVER:
        return OVER_MARK
    return MARKS[message.notices[0].severity] if message.notices else ""


def span(notice: Notice) -> str:
    """From when to when, on the input's own clock, and how long."""
    told = f"{timecode(notice.start_s)} to {timecode(notice.end_s)}"
    return told if notice.end_s is None else f"{told} ({duration(notice.end_s - notice.start_s)})"


def standing_words(notice: Notice) -> str:
    """``acknowledged by Ada``."""
    by = f" by {words_of(notice.by, NAME)}" if notice.by else ""
    return f"{notice.standing.value}{by}"


def facts(notice: Notice) -> list[tuple[str, str]]:
    """What one wants to know at a glance: name and value."""
    return [
        ("Input", words_of(notice.url, NAME)),
        ("When", span(notice)),
        ("Cause", humanize(notice.cause.value)),
        ("Next", humanize(notice.action.value)),
        ("For", humanize(notice.route.value)),
        ("State", standing_words(notice)),
    ]


def body(message: Message) -> str:
    """The whole message as text of several lines."""
    lines = [words_of(line, SUMMARY) for line in message.lines]
    for notice in message.notices[:MOST_TOLD]:
        lines += ["", f"{notice.severity.value.upper()}: {words_of(notice.title, TITLE)}"]
        lines += [words_of(notice.summary, SUMMARY)]
        lines += [f"{name}: {value}" for name, value in facts(notice)]
        lines += [notice.link] if notice.link else [f"Incident {notice.incident}"]
    if len(message.notices) > MOST_TOLD:
        lines += ["", f"and {len(message.notices) - MOST_TOLD} more"]
    changes = news(message)
    told = [*(("What is new:", *changes) if changes else ()), *lines]
    return "\n".join(told).strip("\n")


def told_of(notices: Sequence[Notice]) -> dict[str, dict[str, str]]:
    """What is worth remembering of what was told, to say later what changed."""
    return {
        notice.incident: {
            "severity": notice.severity.value,
            "standing": notice.standing.value,
            "title": words_of(notice.title, TITLE),
            "cause": notice.cause.value,
            "action": notice.action.value,
            "model": words_of(notice.model, NAME),
        }
        for notice in notices
    }


def news(message: Message) -> list[str]:
    """What changed since the message was last told; empty at first, and where nothing of note did."""
    if not message.told:
        return []
    many = len(message.notices) > 1
    lines = []
    added = [notice for notice in message.notices if notice.incident not in message.told]
    for notice in message.notices:
        before = message.told.get(notice.incident)
        changes = _changes(notice, before) if before else []
        if changes:
            name = f"{words_of(notice.title, TITLE)}: " if many else ""
            lines.append(name + "; ".join(changes))
    if added:
        named = listing([words_of(notice.title, TITLE) for notice in added[:3]])
        more = f" and {len(added) - 3} more" if len(added) > 3 else ""
        lines.append(f"{plural(len(added), 'incident')} more: {named}{more}")
    if message.kind is Kind.OVER and not lines:
        lines.append("Over.")
    return lines


def worse(message: Message) -> bool:
    """Whether something is new, or more severe than was told."""
    for notice in message.notices:
        before = message.told.get(notice.incident)
        if before is None or notice.severity.rank > Severity(before["severity"]).rank:
            return True
    return False


def worth_telling(message: Message) -> bool:
    """Whether a destination that cannot edit what it sent should send again."""
    if message.kind is not Kind.UPDATE or not message.told:
        return True
    return worse(message)


def _changes(notice: Notice, before: Mapping[str, str]) -> list[str]:
    told = []
    if notice.severity.value != before["severity"]:
        told.append(f"severity {before['severity']} \N{RIGHTWARDS ARROW} {notice.severity.value}")
    if notice.cause.value != before["cause"]:
        was, now = humanize(before["cause"]), humanize(notice.cause.value)
        told.append(f"cause {was} \N{RIGHTWARDS ARROW} {now}")
    if notice.action.value != before["action"]:
        told.append(f"next: {humanize(notice.action.value)}")
    if words_of(notice.title, TITLE) != before["title"]:
        told.append(
            f"now told as \N{LEFT DOUBLE QUOTATION MARK}{words_of(notice.title, TITLE)}"
            "\N{RIGHT DOUBLE QUOTATION MARK}"
        )
    if told and words_of(notice.model, NAME) != before["model"]:
        told.append(f"judged by {words_of(notice.model, NAME)}")
    if notice.standing.value != before["standing"]:
        again = "open again" if notice.standing is Standing.OPEN else standing_words(notice)
        told.append(again)
    return told
