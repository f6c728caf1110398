"""Which channel a note is of: this one, a sister of it, or one that goes on while this one does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile, pairwise

from agent.triage.lengths import NUMBERS
from agent.triage.note_words import speaks_of

__all__ = ["of_other_channel", "spared", "without_name"]

_WORD = re.compile(r"[a-z0-9]+")
_NAME = re.compile(r"\b[A-Z]\w*")
_TOLD = re.compile(
    r"\d{1,2}(?= (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)"
    r"|\d{1,2}[:.]\d\d\w*|\d{4,}\w*|([a-z0-9]+)|[^\w\s-]"
)
_KINDS = frozenset({"tv", "radio", "channel", "kanal", "canal", "sender", "telewizja"})
_DIRECTIONS = frozenset(
    "north south east west nord noord norte sued sud sul sur zuid est este oost ovest ouest oeste".split()  # noqa: SIM905
)
_LETTERS = frozenset("bcdefghjklmnopqrstuvwxyz")
_SENTENCE, _CLAUSE = re.compile(r"[.;!?]\s+"), re.compile(r"[.;!?,]\s+")
_STAYS = re.compile(
    r"\b(?:stays?|remains?|keeps?|is|runs?|goes|continues?)(?: (?!not\b|no\b|never\b|off\b)[a-z]+){0,2}? "
    r"(?:on air|on the air|live|up|in service|untouched|unaffected)\b"
    r"|\b(?:not|never) (?:touched|affected|concerned|involved|included|part of)\b"
    r"|\bin full\b|\bhas (?:the rights|rights|a licence|its own)\b|\bas (?:usual|normal|always)\b"
    r"|\b(?:goes on|keeps) [a-z]+ing\b|\bplays? (?:on|through)\b"
    r"|\bis in sync\b|\bon its (?:old|own|usual)\b|\bhas (?:a|the|its) full\b"
    r"|\bnothing changes\b|\bcarr(?:y|ies) on\b|\b(?:takes? no part|(?:do|does) not take part)\b"
)
"""What a sentence says of a channel that nothing happens to."""
_NOTHING = re.compile(rf"\b(?:no|not|nothing|none|never)\b|{_STAYS.pattern}")
_LIKEWISE = re.compile(
    r"\b(?:also|too|as well|same|likewise|follows?|then|both (?:channels|feeds|lines|of them))\b"
)
_ARTICLES = frozenset({"the", "our", "but", "and", "only", "on", "meanwhile"})
_COUNTED = frozenset({"first", "second", "third", *NUMBERS})
LONG, LONG_LAST = 6, 4
"""A word of so many letters is a name by itself, or the last one is."""
_OUTPUTS = frozenset({"sd", "hd", "uhd", "web", "fm", "ott", "iptv"})
HEAD = 3
"""So many words at the beginning of a sentence say of what it is."""

_OURS = frozenset({"channel", "feed", "line", "path", "stream", "circuit", "service"})


def of_other_channel(text: str, service: str) -> bool:
    """Whether a note names a sister of the channel, and not the channel itself.

    Sisters share their first word and differ in what follows: ``Sport 1`` and ``Sport 2``, ``Regio
    Nord`` and ``Regio Sued``, ``Plenum`` and ``Plenum Two``, ``TV Coast`` and ``TV Inland``. The first words
    may be left out, ``Path 1`` beside ``Derby Path 2``, and ``P2`` or ``on 2`` is short for the latter.
    """
    name = _WORD.findall(service.lower())
    if not name:
        return False
    if (found := _named_in(text.lower(), name)) is not None:
        return found
    return len(name) > 1 and any(other(text, name) for other in (_of_same_kind, _of_same_end, _of_region))


def spared(text: str, service: str) -> bool:
    """Whether a note, in a sentence of its own, tells the channel from one to which something happens.

    ``Ring B stays on air``, ``Premium Live has the rights``, ``this line is not touched``: such a sentence
    begins with the name, or so much of it as tells the channel from others, or follows one of a sister.
    """
    if not (name := _WORD.findall(service.lower())):
        return False
    sentences = [(_named_in(one, name), one) for one in _SENTENCE.split(text.lower())]
    own = [
        one
        for sister, one in sentences
        if sister is False or (sister is None and (_begins(one, name) or _goes_on(one, name)))
    ]
    if any(_goes_on(one, name) for one in own if one != sentences[0][1]):
        return True
    if any(_numbers(one, name) and _goes_on(one, name) for one in _CLAUSE.split(text.lower())[1:]):
        return True
    first = next((one for sister, one in sentences if sister), None)
    if first is None or not own or text.lower().index(own[0]) < text.lower().index(first):
        return False
    if (_STAYS.search(first) and not _tells_effect(first)) or any(_LIKEWISE.search(one) for one in own):
        return False
    if _tells_effect(first) and not any(_tells_effect(one) for one in own):
        return True
    headed = _named_in(" ".join([*_told(first)][:HEAD]), name)
    return headed is True or any(_NOTHING.search(one) for one in own)


def _tells_effect(sentence: str) -> bool:
    """Whether a sentence speaks of what is gone, dark or on a card, or of work."""
    return speaks_of(sentence, "absence", "dark", "stands", "seen", "gone")


def _goes_on(sentence: str, name: list[str]) -> bool:
    """Whether a sentence says of the channel that it goes on, and of nothing that it is gone or on a card."""
    effect = speaks_of(sentence, "absence", "dark", "seen", "lost")
    words = _WORD.findall(sentence)
    named = _begins(sentence, name) or any(pair in pairwise(name) for pair in pairwise(words))
    return bool(_STAYS.search(sentence)) and not effect and (named or _begins_with_end(words, name))


def _begins_with_end(words: list[str], name: list[str]) -> bool:
    """Whether words begin with the end or a long word of a name: ``Visual``, of ``Radio Visual 103``."""
    first = [*dropwhile(_ARTICLES.__contains__, words)][:1]
    told = first[0] if first else ""
    last = told == name[-1] and (len(told) >= LONG_LAST or told in _OUTPUTS or told in _DIRECTIONS)
    return last or (told in name[1:] and len(told) >= LONG)


def _named_in(sentence: str, name: list[str]) -> bool | None:
    """Whether a sentence names a sister; False where it names the channel itself, None where neither."""
    if _in_short(sentence, name):
        return False
    told = list(_told(sentence))
    found = [sister for part in _parts(name) if (sister := _of_sister(told, part)) is not None]
    found += [*_numbered(told, name), *_counted(told, name)]
    return all(found) if found else None


def _numbered(told: list[str], name: list[str]) -> Iterator[bool]:
    """Whether numbers behind words of a numbered name are others: ``Return 5``, of ``Return Sound 3``."""
    numbers = [word for word in name if word.isdigit()]
    words = {*name, "number", "no"}
    if numbers:
        yield from (
            number not in numbers for word, number in pairwise(told) if word in words and number.isdigit()
        )


def _counted(told: list[str], name: list[str]) -> Iterator[bool]:
    """Whether words before the second of a counted name count another: ``First Date``, of ``Second Date``."""
    if name[0] in _COUNTED and len(name) > 1:
        yield from (
            word != name[0] for word, after in pairwise(told) if word in _COUNTED and after == name[1]
        )


def _begins(sentence: str, name: list[str]) -> bool:
    """Whether a sentence begins with a part of a name, articles aside, or with ``this channel``."""
    words = [*dropwhile(_ARTICLES.__contains__, _WORD.findall(sentence))]
    if _numbers(sentence, name):
        return True
    first = tuple(words[:2])
    if len(name) == 1 or len(first) == 1:
        return words[:1] == name
    if first[0] == "ours" or (first[0] == "this" and first[1] in _OURS):
        return True
    return first in pairwise(name) or (first[0] in name and first[1] in name and first[1].isdigit())


def _numbers(sentence: str, name: list[str]) -> bool:
    """Whether a sentence begins with the number of the channel: ``118 stays up``, of ``Net 118 Film``."""
    first = _WORD.findall(sentence)[:1]
    return bool(first) and first[0] in name and first[0].isdigit() and len(first[0]) > 1


def _parts(name: list[str]) -> Iterator[list[str]]:
    """What of a name tells it from its sisters: all of it, and its ends up to each word that does so."""
    yield name
    ends = (at for at, word in enumerate(name) if at and (_tells_apart(word) or word == "a"))
    for last in ends:
        yield from (name[first : last + 1] for first in range(last))


def _in_short(text: str, name: list[str]) -> bool:
    """Whether a note calls the channel by its number: ``P2`` or ``on 2``, of ``Path 2``, or ``GBN 24``."""
    last = next((at for at in range(len(name) - 1, 0, -1) if name[at].isdigit()), 0)
    if not last:
        return len(name[-1]) == 1 and bool(re.search(rf"\bon {name[-1]}(?:$|[.,;!?])", text))
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
        if (alike and _tells_apart(following[-1])) or (length == 1 and _tells_apart(after)):
            sister = True
    return sister


def _told(text: str) -> Iterator[str]:
    """Words; a mark between two of them and a time of day count as an empty one."""
    for found in _TOLD.finditer(text):
        yield found[1] or ""


def _of_same_kind(text: str, name: list[str]) -> bool:
    """Whether a name follows the kind of channel (``TV``), which is not the own one."""
    if name[0] not in _KINDS:
        return False
    others = re.findall(rf"(?i:\b{name[0]}) ([A-Z][a-z]+)", text)
    return bool(others) and name[1] not in {other.lower() for other in others}


def _of_region(text: str, name: list[str]) -> bool:
    """Whether the name goes on with a country, as in ``Arena KR``, which the own one does not."""
    countries = re.findall(rf"(?i:\b{' '.join(name[:-1])}) ([A-Z]{{2}})\b", text)
    return bool(countries) and name[-1] not in {country.lower() for country in countries}


def without_name(text: str, service: str) -> str:
    """A text without the name of its channel and its parts, which may be words of sound or picture."""
    named = _NAME.findall(service)
    return re.sub(rf"\b(?:{'|'.join(named)})\b", " ", text) if named else text


def _of_same_end(text: str, name: list[str]) -> bool:
    """Whether a name ends as the own one and begins otherwise: ``on Small Hall Live``, of ``Arena Live``."""
    other = rf"((?:[A-Z][\w'-]* )+)(?i:{name[-1]})\b"
    before = re.findall(rf"\b(?:on|of|at|for|from|to|in) {other}", text) + re.findall(rf"^{other}:", text)
    return bool(before) and not any(word in other.lower().split() for other in before for word in name[:-1])


def _tells_apart(word: str) -> bool:
    """Whether a word is of the kind that tells sister channels apart."""
    return word.isdigit() or word in NUMBERS or word in _DIRECTIONS or word in _LETTERS
