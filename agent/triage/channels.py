"""Which channel a note is of: this one, a sister of it, or one that goes on while this one does not."""

from __future__ import annotations

import re

from agent.triage.channel_names import (
    begins,
    begins_with_end,
    begins_with_number,
    first_words,
    holds_long,
    holds_pair,
    named_abroad,
    named_in,
    named_otherwise,
    words_of_name,
)
from agent.triage.note_words import sentences_of, speaks_of

__all__ = ["of_other_channel", "spared", "without_name"]

_NAME = re.compile(r"\b[A-Z]\w*")
_CLAUSE = re.compile(r"[.;!?,]\s+")
_STAYS = re.compile(
    r"\b(?:stays?|remains?|keeps?|is|runs?|goes|continues?)"
    r"(?: (?!not\b|no\b|never\b|off\b|down\b|out\b)[a-z]+){0,2}?"
    r" (?:on air|on the air|live|up(?! to\b)|in service|untouched|unaffected)\b"
    r"|\b(?:not|never) (?:touched|affected|concerned|involved|included|part of)\b"
    r"|\b(?:is|are|was|were) (?:even|steady|whole|intact|undamaged|in order)\b"
    r"|\bin full\b|\bhas (?:the rights|rights|a licence|its own)\b|\bas (?:usual|normal|always)\b"
    r"|\b(?:goes on|keeps) (?!saying|showing|claiming|telling)[a-z]+ing\b"
    r"|\bplays? (?:straight |right )?(?:on|through)\b"
    r"|\bis in sync\b|\bhas both\b|\bon its (?:old|own|usual)\b|\bhas (?:a|the|its) full\b|\bwith both\b"
    r"|\bnothing changes\b|\bnobody touches\b|\bstays? visible\b|\b[a-z]+s on (?:until|till|to|all)\b"
    r"|\bcarr(?:y|ies) on\b|\b(?:takes? no part|(?:do|does) not (?:take part|change))\b"
)
"""What a sentence says of a channel that nothing happens to."""
_NOTHING = re.compile(rf"\b(?:no|not|nothing|none|never)\b|{_STAYS.pattern}")
_DEMANDED = re.compile(r"\b(?:must|needs? to|has to|have to) (?:be|have|stay|run|carry|play)\b")
_PART_GOES_ON = re.compile(
    r"\b(?:pictures?|sound|audio|video|music|cameras?)"
    r" (?:stays?|remains?|keeps?|is|runs?|goes|continues?|carr(?:y|ies))\b"
)
"""A part of the signal goes on, and not the channel."""
_ALL_BUT = re.compile(
    r"\b(?:all|every)\b[a-z ]{0,30}? (?:but|except|apart from) (?:for )?((?:[a-z0-9]+ ?){1,3})"
)
_NO_MORE = re.compile(r"\b(?:nothing|no) (?:more|further|else)\b|\boff (?:the )?air\b|\bswitched off\b")
_LIKEWISE = re.compile(
    r"\b(?:also|too|as well|same|likewise|follows?|then|both (?:channels|feeds|lines|of them))\b"
)
HEAD = 3
"""So many words at the beginning of a sentence say of what it is."""


def of_other_channel(text: str, service: str) -> bool:
    """Whether a note names a sister of the channel, and not the channel itself.

    Sisters share their first word and differ in what follows: ``Sport 1`` and ``Sport 2``, ``Regio
    Nord`` and ``Regio Sued``, ``Plenum`` and ``Plenum Two``, ``TV Coast`` and ``TV Inland``. The first words
    may be left out, ``Path 1`` beside ``Derby Path 2``, and ``P2`` or ``on 2`` is short for the latter.
    """
    name = words_of_name(service)
    if not name:
        return False
    if named_abroad(text, name):
        return True
    named = named_in(text.lower(), name)
    return named_otherwise(text, name) if named is None else named


def spared(text: str, service: str) -> bool:
    """Whether a note, in a sentence of its own, tells the channel from one to which something happens.

    ``Ring B stays on air``, ``Premium Live has the rights``, ``this line is not touched``, ``all but B``.
    """
    name = words_of_name(service)
    if not name:
        return False
    small = text.lower()
    return _excepted(small, name) or _left_running(small, name) or _told_apart(text, name)


def without_name(text: str, service: str) -> str:
    """A text without the name of its channel and its parts, which may be words of sound or picture."""
    named = _NAME.findall(service)
    return re.sub(rf"\b(?:{'|'.join(named)})\b", " ", text) if named else text


def _excepted(text: str, name: list[str]) -> bool:
    """``All outputs but Santa Cruz``."""
    named = [words_of_name(found[1]) for found in _ALL_BUT.finditer(text)]
    return any(holds_pair(words, name) or holds_long(words, name) for words in named)


def _left_running(text: str, name: list[str]) -> bool:
    """Whether a later sentence or clause says of the channel that it goes on."""
    for sentence in sentences_of(text)[1:]:
        sister = named_in(sentence, name)
        if not sister and (_goes_on(sentence) if sister is False else _is_on(sentence, name)):
            return True
    return any(
        _goes_on(clause) and (begins_with_number(clause, name) or holds_long(words_of_name(clause), name))
        for clause in _CLAUSE.split(text)[1:]
    )


def _told_apart(text: str, name: list[str]) -> bool:
    """Whether a sentence of the channel follows one of a sister, and speaks of no such thing itself."""
    sentences = [(_names_sister(one, name), one.lower()) for one in sentences_of(text)]
    own = [
        one
        for sister, one in sentences
        if sister is False or (sister is None and (begins(one, name) or _is_on(one, name)))
    ]
    first = next((one for sister, one in sentences if sister), None)
    told = [one for _, one in sentences]
    if first is None or not own or told.index(own[0]) < told.index(first):
        return False
    effect, own_effect = _tells_effect(first), any(map(_tells_effect, own))
    if any(map(_LIKEWISE.search, own)) or (not effect and (_STAYS.search(first) or own_effect)):
        return False
    if effect and not own_effect:
        return True
    if named_in(first_words(first, HEAD), name) is True:
        return True
    return any(_NOTHING.search(one) or _DEMANDED.search(one) for one in own)


def _names_sister(sentence: str, name: list[str]) -> bool | None:
    """Whether a sentence names a sister, as ``named_in``, or another channel by its capitals."""
    sister = named_in(sentence.lower(), name)
    return True if sister is None and named_otherwise(sentence, name) else sister


def _tells_effect(sentence: str) -> bool:
    """Whether a sentence speaks of what is gone, dark or on a card, or of work."""
    return speaks_of(sentence, "absence", "dark", "stands", "seen", "gone")


def _goes_on(sentence: str) -> bool:
    """Whether a sentence says that something goes on, and of nothing that it is gone or on a card."""
    effect = speaks_of(sentence, "absence", "dark", "seen", "lost") or _NO_MORE.search(sentence)
    return bool(_STAYS.search(sentence)) and not effect and not _PART_GOES_ON.search(sentence)


def _is_on(sentence: str, name: list[str]) -> bool:
    """Whether a sentence says of the channel, by a part of its name, that it goes on."""
    words = words_of_name(sentence)
    rest = re.sub(rf"\b(?:{'|'.join(name)})\b", " ", sentence)
    named = begins(sentence, name) or holds_pair(words, name) or begins_with_end(words, name)
    return named and _goes_on(rest)
