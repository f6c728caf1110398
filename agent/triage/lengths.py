"""Lengths of time as people write them: in digits and in words, in halves and quarters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.triage.clocks import HOURS

__all__ = ["NUMBERS", "lengths_in", "longest_told_s"]

_TEENS = tuple(f"{word}teen" for word in ["thir", "four", "fif", "six", "seven", "eigh", "nine"])
NUMBERS = (*HOURS, *_TEENS)
"""The numbers from one on, in words."""

_ONES = {word: str(number) for number, word in enumerate(NUMBERS, 1)}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "ninety": 90}
_SHARES = {"half": "0.5", "quarter": "0.25", "a quarter": "0.25", "three quarters": "0.75"}
_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}

_UNIT = r"(?:second|minute|hour)"
_SHARE = re.compile(rf"\b({'|'.join(_SHARES)}) (?:of )?an? (?={_UNIT}\b)")
_NUMBER = re.compile(rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(NUMBERS)}))?|({'|'.join(NUMBERS)}))\b")
_CUT = re.compile(
    rf"\b(?:cut|shortened|reduced|down|short) (?:down )?from \d+(?:\.\d+)? ({_UNIT})s?"
    rf" to (\d+(?:\.\d+)?)(?! ?{_UNIT})"
)
_VAGUE = ((re.compile(r"\b(?:a )?few\b"), "5"), (re.compile(r"\b(?:a )?couple of\b"), "2"))
# "Sixteen a second" is a rate, and "a second line" is one more of them.
_BEHIND = "of or and at in each every then long only before after when is on per to"
_ONE = re.compile(
    r"(?<!\d )(?<!frames )(?<!pictures )(?<!fields )(?<!times )(?<!of )\b(?:an?|(?<=for )the) "
    rf"(?=(?:minute|hour)\b|second\b(?! (?!(?:{_BEHIND.replace(' ', '|')})\b)[a-z]))"
)
_AND_A_HALF = re.compile(rf"\b(\d+)(?: and (?:a )?half (?={_UNIT})| ({_UNIT}) and a half\b)")
_HALF = re.compile(rf"\bhalf[ -](?={_UNIT}\b)")
_FAR_IN = (
    r"(?: in\s*(?:$|[,.;:)]|(?:she|he|we|they|it|you|there|until|till|to|when|where|and|for|a|picture|sound)"
    r"\b|the (?:picture|sound|film|file|programme|screen|voice|music)\b)| into\b)"
)
_CLOCK_H = re.compile(
    r"\b(?:from|at|until|till|to|between|and|by|before|after) (?:[6-9]|1\d|2[0-3])h\b(?! ?\d)"
)
"""A whole hour of the clock."""
_NONE_THERE = re.compile(rf"\bat [a-z0-9]+ {_UNIT}s? there (?:is|are) (?:no|none)\b")
"""``At thirteen minutes there is no break``: a place where nothing is."""
_PLACE_IN = re.compile(r"\b(?:at|from|to|until) \d{1,3} min \d\d\b(?! ?s)")
"""``At 4 min 12``: a place of a file."""
_USUAL = re.compile(
    r"\b(?:longer|more|shorter|less) than (?:the )?(?:usual |normal |planned |listed )?"
    rf"[a-z0-9. -]{{1,20}}?{_UNIT}s?\b"
)
"""A length that it is not."""
_AT = re.compile(r"\bat $")
"""What stands before a place that is told in minutes: ``at sixteen minutes``."""
_OF = re.compile(r"\bof (?:about |only |just |up to |some )?$")
_LENGTH = re.compile(
    r"(?<![\w:.])(\d{1,3}(?:\.\d+)?)[ -]?(?:(ms|s|h)|(sec|second|min|minute|hour)s?)(?![\w:])"
    rf"({_FAR_IN})?"
)


def longest_told_s(text: str) -> float | None:
    """The longest length of time that a text names, in seconds; None where it names none."""
    return max((length_s for length_s, place in _lengths(text) if not place), default=None)


def lengths_in(text: str) -> list[float]:
    """How far in something comes, in seconds: ``half an hour in``, ``20 minutes into the film``."""
    return [length_s for length_s, place in _lengths(text) if place]


def _lengths(text: str) -> Iterator[tuple[float, bool]]:
    """Lengths in seconds, and whether each is a place: so far in."""
    text = text.lower()
    for pattern in (_NONE_THERE, _CLOCK_H, _PLACE_IN, _USUAL):
        text = pattern.sub(" ", text)
    text = _in_digits(text)
    for found in _LENGTH.finditer(text):
        count, letters, word, place = found.groups()
        # "A pause of 1 second in the sound" is no second into it.
        far_in = place and not _OF.search(text, 0, found.start())
        far_in = far_in or (word in ("min", "minute") and _AT.search(text, 0, found.start()))
        yield float(count) * _UNITS[letters or word], bool(far_in)


def _in_digits(text: str) -> str:
    """``Four and a half minutes`` as ``4.5 minutes``, ``a quarter of an hour`` as ``0.25 hour``."""
    text = _SHARE.sub(lambda found: f"{_SHARES[found[1]]} ", text)
    text = _CUT.sub(r"to \2 \1", _NUMBER.sub(_digits, text))
    for vague, digits in _VAGUE:
        text = vague.sub(digits, text)
    text = _ONE.sub("1 ", text)
    text = _AND_A_HALF.sub(lambda found: f"{found[1]}.5 {found[2] or ''}", text)
    return _HALF.sub("0.5 ", text)


def _digits(found: re.Match[str]) -> str:
    if found[3]:
        return _ONES[found[3]]
    return str(_TENS[found[1]] + int(_ONES.get(found[2], "0")))
