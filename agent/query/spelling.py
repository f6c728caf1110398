"""Mends words with one slip: a letter left out, put in, changed, or two that changed places."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["Speller"]

SHORTEST = 4
"""Letters of a word that is mended; in one so short no letter is taken for another."""

LONG = 9
"""From here on, two slips are mended as well."""

NEARLY = 0.84


class Speller:
    """Knows words, and finds the one that another is nearly; the first one given is preferred."""

    def __init__(self, words: Iterable[str]) -> None:
        """``words`` are in lower case; those that are more likely come first."""
        self._words = tuple(dict.fromkeys(word for word in words if len(word) >= SHORTEST))
        self._known = frozenset(self._words)
        self._long = [word for word in self._words if len(word) >= LONG]
        self._near: dict[str, list[str]] = {}
        for word in self._words:
            for key in _keys(word):
                self._near.setdefault(key, []).append(word)

    def mended(self, word: str) -> str:
        """The known word that this one is nearly, or the word itself."""
        if word in self._known or len(word) < SHORTEST:
            return word
        near = {found: None for key in _keys(word) for found in self._near.get(key, ())}
        for slips in (_moved, _grown, _changed if len(word) > SHORTEST else _never):
            for found in near:
                if slips(word, found):
                    return found
        close = get_close_matches(word, self._long, n=1, cutoff=NEARLY) if len(word) >= LONG - 1 else []
        return close[0] if close else word


def _keys(word: str) -> set[str]:
    """The word, and all that it becomes when one letter is taken out: two words that share one are near."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _moved(a: str, b: str) -> bool:
    apart = [at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    if len(a) != len(b) or len(apart) != 2 or apart[1] != apart[0] + 1:
        return False
    return a[apart[0]] == b[apart[1]] and a[apart[1]] == b[apart[0]]


def _grown(a: str, b: str) -> bool:
    long, short = (a, b) if len(a) > len(b) else (b, a)
    return len(long) == len(short) + 1 and short in _keys(long)


def _changed(a: str, b: str) -> bool:
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def _never(a: str, b: str) -> bool:
    return False
