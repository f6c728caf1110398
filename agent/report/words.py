"""How values are written for a person: time codes, figures, plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["clock", "duration", "figure", "humanize", "listing", "plural", "split_unit", "timecode"]

UNITS = {
    "s": "s",
    "ms": "ms",
    "db": "dB",
    "dbfs": "dBFS",
    "dbtp": "dBTP",
    "lufs": "LUFS",
    "lu": "LU",
    "hz": "Hz",
}
"""Last word of a name -> how its unit is written."""

MINUS = "\N{MINUS SIGN}"


def timecode(time_s: float | None) -> str:
    """``HH:MM:SS.mmm``; ``ongoing`` where there is no end yet."""
    if time_s is None or not math.isfinite(time_s):
        return "ongoing"
    total_ms = round(abs(time_s) * 1000)
    seconds, milliseconds = divmod(total_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = MINUS if time_s < 0 and total_ms else ""
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"


def clock(time_s: float, step_s: float) -> str:
    """A short time for an axis whose ticks are ``step_s`` apart: ``0:05``, ``1:00:00``, ``0:04.25``."""
    decimals = 0 if step_s >= 1 else min(3, max(1, math.ceil(-math.log10(step_s) - 1e-9)))
    units = round(time_s * 10**decimals)
    whole, part = divmod(units, 10**decimals)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{head}.{part:0{decimals}d}" if decimals else head


def duration(length_s: float) -> str:
    """A length in the unit that suits it: ``40 ms``, ``2.4 s``, ``3 min 05 s``, ``1 h 02 min``."""
    if length_s < 0.9995:
        return f"{round(length_s * 1000)} ms"
    if length_s < 59.95:
        return f"{figure(round(length_s, 2 if length_s < 10 else 1))} s"
    seconds = round(length_s)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def figure(value: float | int | str) -> str:
    """A number with at most four significant digits, or the word as it is."""
    if isinstance(value, str):
        return value
    number = float(value)
    if math.isnan(number):
        return "n/a"
    if math.isinf(number):
        return f"{MINUS if number < 0 else ''}\N{INFINITY}"
    if number and abs(number) < 1e-4:
        text = f"{number:.2e}"
    elif abs(number) >= 1000 or number == int(number):
        text = f"{round(number):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    else:
        text = f"{number:.4g}"
    return text.replace("-", MINUS, 1) if number < 0 else text


def humanize(identifier: str) -> str:
    """``switch_to_backup`` -> ``switch to backup``."""
    return identifier.replace("_", " ")


def split_unit(name: str) -> tuple[str, str]:
    """``peak_dbtp`` -> ``("peak", "dBTP")``; the unit is empty where the name has none."""
    head, _, last = name.rpartition("_")
    return (humanize(head), UNITS[last]) if head and last in UNITS else (humanize(name), "")


def plural(count: int, noun: str, several: str | None = None) -> str:
    """``1 incident``, ``2 incidents``."""
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def listing(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *head, last = list(words) or [""]
    return f"{', '.join(head)} and {last}" if head else last
