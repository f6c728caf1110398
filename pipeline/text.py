"""Text from outside is untrusted: this makes it fit to print, store and show."""

from __future__ import annotations

import unicodedata

__all__ = ["clean"]

MAX_CHARACTERS = 300


def clean(text: str, limit: int = MAX_CHARACTERS) -> str:
    """One line of printable characters, at most ``limit`` long.

    Control, format (bidirectional overrides among them), surrogate and private characters become
    a replacement mark, so that a name can neither move a cursor nor hide what it says.
    """
    shown = "".join("\ufffd" if unicodedata.category(c) in _HIDDEN else c for c in text[: limit * 2])
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1] + "\u2026"


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
