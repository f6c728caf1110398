"""The lines of a digest: what happened in a stretch of time, what is still open, what was worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agent.page import Notice, Standing
from agent.report.words import humanize, listing, plural
from agent.verdict import Severity
from pipeline.text import clean

__all__ = ["MOST_WORST", "digest_lines"]

MOST_WORST = 8
MOST_CAUSES = 6


def digest_lines(notices: Sequence[Notice]) -> list[str]:
    """Lines for ``notices``, the worst first; one line where there are none."""
    if not notices:
        return ["No incident."]
    severities = Counter(notice.severity for notice in notices)
    told = listing(f"{severities[item]} {item.value}" for item in Severity if severities[item])
    causes = Counter(notice.cause for notice in notices).most_common(MOST_CAUSES)
    standings = Counter(notice.standing for notice in notices)
    inputs = len({notice.url for notice in notices})
    lines = [
        f"{plural(len(notices), 'incident')} on {plural(inputs, 'input')}: {told}.",
        f"Causes: {listing(f'{humanize(cause.value)} ({count})' for cause, count in causes)}.",
        f"Still open: {standings[Standing.OPEN]}; acknowledged: {standings[Standing.ACKNOWLEDGED]}; "
        f"muted: {standings[Standing.MUTED]}; over: {standings[Standing.OVER]}.",
    ]
    for notice in notices[:MOST_WORST]:
        name = f"{notice.severity.value.upper()}: {clean(notice.title, 120)} ({clean(notice.url, 120)})"
        lines.append(f"{name}, {notice.standing.value}, {notice.link or notice.incident}")
    if len(notices) > MOST_WORST:
        lines.append(f"and {len(notices) - MOST_WORST} more")
    return lines
