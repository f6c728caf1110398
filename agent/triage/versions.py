"""Which version of a title a note is of: the file at hand, or another one that it tells it from."""

from __future__ import annotations

import re

from agent.triage.note_words import any_of, sentences_of, word_lists

__all__ = ["of_other_version"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_NUMBERED = re.compile(r"\b[a-z]{2,5}-\d+(?:-[a-z])?\b")
"""A version by its number: ``PRM-3118-B``."""


def of_other_version(text: str) -> bool:
    """Whether a note tells of another version, and says in a later sentence that the file at hand is not it.

    ``The web version has no sound at 5:00. This file is the TV version``. A sentence on the file at hand that
    allows something, or names the same version again, tells nothing apart.
    """
    sentences = sentences_of(text.lower().rstrip(".!?"))
    own = next((at for at, one in enumerate(sentences) if _of_file_at_hand(one)), 0)
    before = ". ".join(sentences[:own])
    if not own or re.search(r"\bthis\b", before) or not _tells_version(before):
        return False
    return not re.search(rf"\b{any_of('allows')}", sentences[own]) and not _same(sentences[own], before)


def _of_file_at_hand(sentence: str) -> bool:
    """``This upload is``, ``what lies here is``, ``the TV version, this file``."""
    thing = any_of("things")
    begins = rf"(?:this(?: {thing})?|(?:the )?{thing} here|what (?:lies|you have|we have|is) here)"
    aside = rf"(?:(?:which is )?this {thing}|the {thing} here)"
    return bool(re.search(rf"^(?:but )?{begins} (?:is|are)\b|, {aside}(?:,|$)|\({aside}\)", sentence))


def _tells_version(text: str) -> bool:
    return bool(re.search(rf"\b{any_of('versions')}", text) or _NUMBERED.search(text))


def _same(own: str, before: str) -> bool:
    """Whether all that the file at hand is called stands before as well."""
    plain = word_lists()["things"] | word_lists()["plain"]
    called = set(_NAME.findall(own.split(",")[0])) - plain
    return called <= set(_NAME.findall(before))
