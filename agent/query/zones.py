"""The time zone that a question names itself: ``14:00 UTC``, ``8pm New York time``, ``Europe/Paris``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

__all__ = ["zone_named"]

_SHORT = {
    "utc": "UTC",
    "gmt": "UTC",
    "cet": "Europe/Paris",
    "cest": "Europe/Paris",
    "bst": "Europe/London",
    "est": "America/New_York",
    "edt": "America/New_York",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "mst": "America/Denver",
    "mdt": "America/Denver",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "jst": "Asia/Tokyo",
    "aest": "Australia/Sydney",
}
_REGIONS = {
    "uk": "Europe/London",
    "eastern": "America/New_York",
    "us eastern": "America/New_York",
    "central european": "Europe/Paris",
    "pacific": "America/Los_Angeles",
    "us pacific": "America/Los_Angeles",
}
_OWN = re.compile(r"\b(?:(?:my|our|local|here)\s+time|local)\b(?=\s*(?:$|[,.?!]))")


def zone_named(text: str, own: ZoneInfo) -> tuple[ZoneInfo, tuple[tuple[int, int], ...]]:
    """The zone in which the times of a text in lower case are meant, and the characters that say so.

    Two zones in one question are none: the second stays in the text, unread.
    """
    spans = []
    zone = own
    found = _pattern().search(text)
    if found:
        zone = ZoneInfo(_zones()[" ".join((found["alone"] or found["city"]).split())])
        spans = [found.span()]
    elif mine := _OWN.search(text):
        spans = [mine.span()]
    return zone, tuple(spans)


@cache
def _zones() -> Mapping[str, str]:
    """Every name of a zone, in lower case: short, of a region, of a city, and whole."""
    whole = {name.lower(): name for name in available_timezones()}
    cities = {
        name.rpartition("/")[2].replace("_", " ").lower(): name
        for name in sorted(available_timezones(), reverse=True)
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))
    }
    return cities | whole | _REGIONS | _SHORT


@cache
def _pattern() -> re.Pattern[str]:
    def either(names: list[str]) -> str:
        return "|".join(
            re.escape(name).replace(r"\ ", r"\s+") for name in sorted(names, key=len, reverse=True)
        )

    alone = [*_SHORT, *(name for name in _zones() if "/" in name)]
    cities = [name for name in _zones() if "/" not in name and name not in _SHORT]
    return re.compile(
        rf"(?<![\w/])(?:(?P<alone>{either(alone)})(?:\s+time)?|(?P<city>{either(cities)})\s+time)(?![\w/])"
    )
