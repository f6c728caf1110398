"""Makes a question plain: greetings taken off, shorthand written out, slips of spelling mended."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from agent.query.clock import COUNTS, MONTHS, WEEKDAYS
from agent.query.spelling import Speller
from agent.query.vocabulary import vocabulary

__all__ = ["mended", "plain_text"]

_GREETING = re.compile(
    r"^(?:(?:hi|hiya|hello|hey|howdy|good\s+(?:morning|afternoon|evening|day)|morning|afternoon|evening)"
    r"(?:\s+(?:there|all|everyone|everybody|team|folks|guys|mate|vidette))?\s*[!,.\-:]+\s*"
    r"|(?:hi|hiya|hello|hey)(?:\s+(?:there|all|everyone|team|folks|guys|mate|vidette))?\s+)+"
)
_SHORTHAND = (
    (re.compile(r"\b(?:last|past)\s+(?:nite|nght|nt)\b"), "last night"),
    (re.compile(r"\b(?P<which>last|this|past|previous)\s+(?:weak|wk|wek|weke|weeek)\b"), r"\g<which> week"),
    (
        re.compile(r"\b(?P<which>last|this|past|previous)(?P<unit>week|month|year|night|hour)\b"),
        r"\g<which> \g<unit>",
    ),
    (re.compile(r"\b(?:yday|yest|ystrdy|ytd)\b"), "yesterday"),
    (re.compile(r"\b(?:2day|tdy)\b"), "today"),
    (re.compile(r"\b(?:pls|plz|thx|tks|ta|asap|fyi|btw)\b"), "please"),
    (re.compile(r"\b(?P<level>critical|major|minor|info)\s*\+"), r"\g<level> or worse"),
    (re.compile(r"\b(?:h24|round the clock)\b"), "24 hours"),
    (re.compile(r"\bw/o\b"), "without"),
    (re.compile(r"\bsince\s+when\b"), "when"),
)
_TIMES: tuple[str, ...] = (
    *("today", "yesterday", "overnight", "midnight", "weekend", "morning", "afternoon", "evening"),
    *("since", "week", "month", "past", "previous", "between", "before", "after", "night", "tomorrow"),
)
_PATTERNS = (
    *("least", "most", "fewest", "worse", "higher", "above", "upwards", "severe", "nobody", "never"),
    *("through", "throughout", "until", "till", "during", "fortnight", "noon", "midday", "earlier"),
    *("prior", "preceding", "ranked", "sorted", "ordered", "arranged", "routed", "passed", "handed"),
)
"""Words that patterns know, and no table."""

_WORD = re.compile(r"(?<![\w.\-/:'#])[a-z]+(?![\w\-/:'])")


def plain_text(question: str) -> str:
    """A question in lower case without its greeting, with shorthand written out."""
    text = " ".join(question.lower().replace("\u2019", "'").split())
    greeted = _GREETING.match(text)
    if greeted and greeted.end() < len(text):
        text = text[greeted.end() :]
    for pattern, written in _SHORTHAND:
        text = pattern.sub(written, text)
    return text


def mended(text: str, known: Collection[str]) -> str:
    """The text with each word that is nearly one of the vocabulary's, or of times, spelled as that one.

    Args:
        known: words of the names of inputs, which are left as they are.
    """
    return _WORD.sub(lambda word: word[0] if word[0] in known else _spelled(word[0]), text)


def _spelled(word: str) -> str:
    return _speller().mended(word)


@cache
def _speller() -> Speller:
    """Times first, then what phrases are made of, then the words that say nothing."""
    words = vocabulary()
    months = (month for month in MONTHS if len(month) > 4)
    said = sorted(words.words - words.plain)
    return Speller((*COUNTS, *_PATTERNS, *WEEKDAYS, *months, *_TIMES, *said, *sorted(words.plain)))
