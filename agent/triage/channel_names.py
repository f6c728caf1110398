"""The ways in which people name a channel, and a sister of it: in full, in short, by number, by its end.

A name is the list of its words and numbers, in small letters (``words_of_name``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile, pairwise

from agent.triage.lengths import NUMBERS
from agent.triage.note_words import speaks_of

__all__ = [
    "begins",
    "begins_with_end",
    "begins_with_number",
    "first_words",
    "holds_long",
    "holds_pair",
    "named_abroad",
    "named_in",
    "named_otherwise",
    "words_of_name",
]

_WORD = re.compile(r"[a-z0-9]+")
_TOLD = re.compile(
    r"\d{1,2}(?= (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)"
    r"|\d{1,2}[:.]\d\d\w*|\d{4,}\w*|([a-z0-9]+)|[^\w\s-]"
)
_KINDS = frozenset({"tv", "radio", "channel", "kanal", "canal", "sender", "tele", "telewizja"})
_DIRECTIONS = frozenset(
    "north south east west nord noord norte sued sud sul sur zuid est este oost ovest ouest oeste".split()  # noqa: SIM905
)
_REGIONS = frozenset(
    "europe asia africa america americas world international global overseas nordic baltic mena latam".split()  # noqa: SIM905
)
_LETTERS = frozenset("bcdefghjklmnopqrstuvwxyz")
_RANGE = re.compile(
    r"\b([a-z]+?)s? (\d{1,3}) (?:to|through) (\d{1,3})\b(?! ?(?:s|sec\w*|min\w*|h|hours?|utc|percent)\b)"
)
_LONG_NUMBER = re.compile(r"\b([a-z]+) (\d{4,})\b")
LONG_NUMBER = 4
"""From so many digits on, a number that follows no word of the name is a year or a time."""
_ARTICLES = frozenset({"the", "our", "but", "and", "only", "on", "meanwhile"})
_COUNTED = frozenset({"first", "second", "third", *NUMBERS})
LONG, LONG_LAST = 6, 4
"""A word of so many letters is a name by itself, or the last one is."""
_OUTPUTS = frozenset({"sd", "hd", "uhd", "web", "fm", "ott", "iptv"})
_DRAFT, _LINE = re.compile(r"v\d+"), re.compile(r"\d{2,}")
_OURS = frozenset({"channel", "feed", "line", "path", "stream", "circuit", "service"})


def words_of_name(service: str) -> list[str]:
    """The words of a name, or of any text."""
    return _WORD.findall(service.lower())


def first_words(text: str, count: int) -> str:
    """The first words of a text."""
    return " ".join([*_told(text)][:count])


def named_in(sentence: str, name: list[str]) -> bool | None:
    """Whether a sentence names a sister; False where it names the channel itself, None where neither."""
    if _in_short(sentence, name):
        return False
    told = list(_told(sentence))
    if drafts := [*_drafts(told, name)]:
        return all(drafts)
    found = [sister for part in _parts(name) if (sister := _of_sister(told, part)) is not None]
    found += [*_numbered(sentence, told, name), *_counted(told, name)]
    return all(found) if found else None


def _numbered(sentence: str, told: list[str], name: list[str]) -> Iterator[bool]:
    """Whether numbers behind words of a numbered name are others: ``Return 5``, of ``Return Sound 3``.

    ``Cameras 1 to 3`` are others than ``Camera 5``.
    """
    numbers = [word for word in name if word.isdigit()]
    words = {*name, "number", "no"}
    if any(len(number) >= LONG_NUMBER for number in numbers):
        found = (match for match in _LONG_NUMBER.finditer(sentence) if match[1] in words)
        yield from (match[2] not in numbers for match in found)
    if numbers:
        ranges = [found for found in _RANGE.finditer(sentence) if found[1] in words | _OURS]
        yield from (not any(int(f[2]) <= int(n) <= int(f[3]) for n in numbers) for f in ranges)
        yield from (
            number not in numbers
            for word, number in pairwise(told)
            if word in words | _OURS and not word.isdigit() and number.isdigit()
        )


def _drafts(told: list[str], name: list[str]) -> Iterator[bool]:
    """Whether a draft that words name is another: ``v1``, of ``Duel 19, file v2``."""
    if any(_DRAFT.fullmatch(word) for word in name):
        yield from (word not in name for word in told if _DRAFT.fullmatch(word))


def _counted(told: list[str], name: list[str]) -> Iterator[bool]:
    """Whether words count another than a counted name.

    ``First Date``, of ``Second Date``, or ``on B``, of ``Stage C``.
    """
    if name[-1] in _LETTERS:
        yield from (
            word != name[-1] for before, word in pairwise(told) if before == "on" and word in _LETTERS
        )
    if name[0] in _COUNTED and len(name) > 1:
        yield from (
            word != name[0] for word, after in pairwise(told) if word in _COUNTED and after == name[1]
        )


def begins(sentence: str, name: list[str]) -> bool:
    """Whether a sentence begins with a part of a name, articles aside, or with ``this channel``."""
    words = [*dropwhile(_ARTICLES.__contains__, _WORD.findall(sentence))]
    if begins_with_number(sentence, name):
        return True
    first = tuple(words[:2])
    if len(name) == 1 or len(first) == 1:
        return words[:1] == name
    if first[0] == name[-1] and first[0] in _LETTERS:
        return True
    if first[0] == "ours" or (first[0] == "this" and first[1] in _OURS):
        return True
    return first in pairwise(name) or (first[0] in name and first[1] in name and first[1].isdigit())


def begins_with_end(words: list[str], name: list[str]) -> bool:
    """Whether words begin with the end or a long word of a name: ``Visual``, of ``Radio Visual 103``."""
    first = [*dropwhile(_ARTICLES.__contains__, words)][:2]
    told = first[0] if first else ""
    if told in name[1:] and first[-1] in _OURS:
        return True
    end = next((word for word in reversed(name) if not word.isdigit()), "")
    last = (
        told == end
        and not speaks_of(told, "sound", "heard", "picture")
        and (len(told) >= LONG_LAST or told in _OUTPUTS or told in _DIRECTIONS)
    )
    return last or (told in name[1:] and len(told) >= LONG)


def begins_with_number(sentence: str, name: list[str]) -> bool:
    """Whether a sentence begins with the number of the channel: ``118 stays up``, of ``Net 118 Film``."""
    first = _WORD.findall(sentence)[:2]
    if len(first) == 2 and first[0] in _OURS and first[1].isdigit():
        return first[1] in name
    return bool(first) and first[0] in name and bool(_DRAFT.fullmatch(first[0]) or _LINE.fullmatch(first[0]))


def holds_pair(words: list[str], name: list[str]) -> bool:
    """Whether words hold two neighbours of a name."""
    return any(pair in pairwise(name) for pair in pairwise(words))


def holds_long(words: list[str], name: list[str]) -> bool:
    """Whether words hold one of a name, not its first, that is long enough to stand for it."""
    return any(
        word in words and len(word) >= LONG and not speaks_of(word, "sound", "picture") for word in name[1:]
    )


def _parts(name: list[str]) -> Iterator[list[str]]:
    """What of a name tells it from its sisters: all of it, and its ends up to each word that does so."""
    yield name
    ends = (
        at
        for at, word in enumerate(name)
        if at and (_tells_apart(word) or (word == "a" and at == len(name) - 1))
    )
    for last in ends:
        yield from (name[first : last + 1] for first in range(last))


def _in_short(text: str, name: list[str]) -> bool:
    """Whether a note calls the channel by its number: ``P2`` or ``on 2``, of ``Path 2``, or ``GBN 24``."""
    last = next((at for at in range(len(name) - 1, 0, -1) if name[at].isdigit()), 0)
    if not last:
        end = name[-1]
        told = rf"\bon {end}(?:$|[.,;!?])" if end == "a" else rf"\b(?:on|off|from|to|via|over) {end}\b"
        return len(end) == 1 and bool(re.search(told, text))
    firsts = "".join(word[0] for word in name[:last])
    initials = "|".join(firsts[at:] for at in range(len(firsts)))
    return bool(re.search(rf"\b(?:(?:{initials}) ?|on |no\.? |number ){name[last]}\b(?![:.]\d)", text))


def _of_sister(told: list[str], name: list[str]) -> bool | None:
    """Whether words name a sister and not the channel itself; None where they name neither."""
    length, sister = len(name), None
    for at in range(len(told)):
        if told[at] != name[0]:
            continue
        following = told[at : at + length]
        after = told[at + length] if at + length < len(told) else ""
        if following == name and not (length == 1 and _tells_apart(after)):
            return False
        alike = following[:-1] == name[:-1] and length > 1 and len(following) == length
        apart = alike and (_tells_apart(following[-1]) or (following[-1] == "a" and name[-1] in _LETTERS))
        if apart or (length == 1 and _tells_apart(after)):
            sister = True
    return sister


def _told(text: str) -> Iterator[str]:
    """Words; a mark between two of them and a time of day count as an empty one."""
    for found in _TOLD.finditer(text):
        yield found[1] or ""


def named_otherwise(text: str, name: list[str]) -> bool:
    """Whether a note names, by its capitals, another channel of the same kind, end or network."""
    return len(name) > 1 and any(other(text, name) for other in (_of_same_kind, _of_same_end, _of_region))


def _of_same_kind(text: str, name: list[str]) -> bool:
    """Whether a name follows the kind of channel (``TV``), which is not the own one."""
    if name[0] not in _KINDS:
        return False
    others = re.findall(rf"(?i:\b{name[0]}) ([A-Z][a-z]+)", text)
    return bool(others) and name[1] not in {other.lower() for other in others}


def _of_same_end(text: str, name: list[str]) -> bool:
    """Whether a name ends as the own one and begins otherwise: ``on Small Hall Live``, of ``Arena Live``."""
    other = rf"((?:[A-Z][\w'-]* )+)(?i:{name[-1]})\b"
    before = re.findall(rf"\b(?:on|of|at|for|from|to|in) {other}", text) + re.findall(rf"^{other}:", text)
    return bool(before) and not any(word in other.lower().split() for other in before for word in name[:-1])


def _of_region(text: str, name: list[str]) -> bool:
    """Whether the name goes on with a country, as in ``Arena KR``, which the own one does not."""
    countries = re.findall(rf"(?i:\b{' '.join(name[:-1])}) ([A-Z]{{2}})\b", text)
    return bool(countries) and name[-1] not in {country.lower() for country in countries}


def named_abroad(text: str, name: list[str]) -> bool:
    """Whether a note names the version for other regions, as ``Spor 7 Europe``, which the own one is not."""
    end = rf"(?:{name[-1]}|{' '.join(name[-2:])})"
    return not _REGIONS & set(name) and bool(
        re.search(rf"(?i:\b{end}) (?:{'|'.join(sorted(map(str.capitalize, _REGIONS)))})\b", text)
    )


def _tells_apart(word: str) -> bool:
    """Whether a word is of the kind that tells sister channels apart."""
    return word.isdigit() or word in NUMBERS or word in _DIRECTIONS or word in _LETTERS
