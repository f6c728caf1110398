"""Text in Slack: nothing of others can call a channel, make a link, or run past a limit."""

from __future__ import annotations

from agent.notify.words import words_of

__all__ = ["ACTIONS", "CONTEXT", "FIELD", "HEADER", "SECTION", "escaped"]

HEADER = 150
SECTION = 3000
FIELD = 2000
CONTEXT = 2000
"""Characters that Slack takes, counted after escaping."""

ACTIONS = {"ack": "Acknowledge", "mute": "Mute", "false_alarm": "False alarm"}
"""What the buttons do -> what they say."""

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str, limit: int) -> str:
    """``text`` as Slack shows it literally; at most ``limit`` characters, no entity cut in two."""
    pieces = [ESCAPES.get(character, character) for character in words_of(text, limit)]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    kept, length = [], 1
    for piece in pieces:
        length += len(piece)
        if length > limit:
            break
        kept.append(piece)
    return "".join(kept) + "\N{HORIZONTAL ELLIPSIS}"
