"""Checks generated text against the facts of its case. Code decides this, not a plea in a prompt.

What a text may hold is a closed list: the renderings of facts, the words of this case, a plain
lexicon, and four marks. What is not on the list does not get through, so there is no list of what to
look out for: a number word, a date, a percentage, a name, a link or a foreign digit are all simply
unknown. On top of that a time must be told as what it is (a start is no length), and a stream only
beside a defect that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from agent.triage.facts import Fact, Facts, Role
from agent.triage.phrases import phrases

__all__ = ["MAX_SUMMARY", "MAX_TITLE", "Violation", "cited", "verify"]

MAX_TITLE = 120
MAX_SUMMARY = 360

_BEFORE: dict[Role, frozenset[str]] = {
    Role.START: frozenset({"at", "from", "since"}),
    Role.END: frozenset({"to", "until"}),
    Role.DURATION: frozenset({"", "for", "lasting", "lasted"}),
    Role.VALUE: frozenset({"", "at", "by", "of", "reaching", "reached", "with"}),
    Role.OFFSET: frozenset({"by", "of", "missing"}),
    Role.COUNT: frozenset({"", "in", "with"}),
    Role.STREAM: frozenset({"on", "and", "of", "in"}),
}
"""The word that may stand before a fact of each role; empty is the start of the text or a mark."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a text: the piece, and why it cannot stand."""

    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.text!r} {self.reason}"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def verify(text: str, facts: Facts, *, limit: int = MAX_SUMMARY) -> tuple[Violation, ...]:
    """Everything that is wrong with a text; nothing, where it may be shown.

    Args:
        text: one line, at most ``limit`` characters.
        facts: the facts of the case that it speaks of.
        limit: the longest that it may be.
    """
    if not text or len(text) > limit:
        return (Violation(text[:20], f"must be 1 to {limit} characters, has {len(text)}"),)
    renderings = _by_rendering(facts)
    tokens = list(_tokens(text, renderings))
    found = [*_unknown(tokens, facts), *_misplaced(tokens, renderings, facts), *_junk(tokens, facts)]
    return tuple(dict.fromkeys(found))


def cited(texts: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """The names of the facts that texts cite, in the order of the facts."""
    renderings = _by_rendering(facts)
    told = {token.text for text in texts for token in _tokens(text, renderings) if token.kind == "fact"}
    return tuple(dict.fromkeys(fact.name for fact in facts.facts if told.intersection(fact.renderings)))


def _by_rendering(facts: Facts) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in facts.facts:
        for rendering in fact.renderings:
            found.setdefault(rendering, []).append(fact)
    return found


def _tokens(text: str, renderings: dict[str, list[Fact]]) -> Iterator[_Token]:
    """Facts, words, marks and single spaces; what is none of them comes out as ``other``."""
    longest_first = sorted(renderings, key=len, reverse=True)
    known = "|".join(map(re.escape, longest_first)) or "(?!)"
    scanner = re.compile(
        rf"(?P<fact>(?<![^ ])(?:{known})(?=$|[ ,;:]|\.(?= |$)))"
        r"|(?P<word>[A-Za-z]+(?:-[A-Za-z]+)*(?=$|[ ,;:.]))"
        r"|(?P<mark>(?<=[^ ])[.,;:](?=$| (?! )))"
        r"|(?P<gap>(?<=[^ ]) (?=[^ ]))"
        r"|(?P<other>[^ ]+| +)"
    )
    for match in scanner.finditer(text):
        kind = str(match.lastgroup)
        if kind != "gap":
            yield _Token(kind, match.group())


def _unknown(tokens: list[_Token], facts: Facts) -> Iterator[Violation]:
    """What is neither a fact nor a word that may be said here."""
    allowed = phrases().lexicon | facts.words
    opens = True
    for token in tokens:
        if token.kind == "other":
            yield Violation(token.text[:40], "is not a fact of this case")
        elif token.kind == "word":
            plain = token.text.lower()
            if any(part not in allowed for part in plain.split("-")):
                yield Violation(token.text[:40], "is not a word that may be used of this case")
            elif token.text not in (plain, plain.capitalize()) or (token.text != plain and not opens):
                yield Violation(token.text[:40], "has a capital letter where no sentence begins")
        opens = token.text == "."


def _misplaced(tokens: list[_Token], renderings: dict[str, list[Fact]], facts: Facts) -> Iterator[Violation]:
    """Facts told as what they are not: a start as a length, a stream beside another's defect."""
    before, defect = "", ""
    said: list[str] = []
    for token in tokens:
        if token.kind == "fact":
            roles = {fact.role for fact in renderings[token.text]}
            fitting = {role for role in roles if before in _BEFORE[role]}
            if not fitting:
                yield Violation(token.text, f"is a {' or '.join(sorted(roles))}: not after {before!r}")
            elif Role.STREAM in fitting and defect and token.text not in facts.defects[defect]:
                yield Violation(token.text, f"is not where {defect!r} was found")
        said = [*said, token.text.lower()] if token.kind == "word" else []
        defect = _named(said, facts) or defect
        # In a list of streams the word before "and" still holds: "on v:0 and a:0".
        before = token.text.lower() if token.kind == "word" else "" if token.kind == "mark" else "#"


def _named(said: list[str], facts: Facts) -> str:
    """The longest name of a defect that ends with the last word said, or nothing.

    "audio channel silent" is a channel's silence: its last word alone would be the silence of all.
    """
    tails = (" ".join(said[n:]) for n in range(len(said)))
    return next((tail for tail in tails if tail in facts.defects), "")


def _junk(tokens: list[_Token], facts: Facts) -> Iterator[Violation]:
    """Text that says nothing: no defect of the case in it, or the same words over and over."""
    said = [token.text.lower() for token in tokens if token.kind in ("word", "fact")]
    told = " ".join(said)
    names = [*facts.defects, *(title.lower() for title in facts.titles)]
    if not any(f" {name} " in f" {told} " for name in names):
        yield Violation(told[:40], "does not say what happened")
    runs = list(zip(said, said[1:], said[2:], said[3:], strict=False))
    if any(a == b for a, b in pairwise(said)) or len(set(runs)) < len(runs):
        yield Violation(told[:40], "repeats itself")
