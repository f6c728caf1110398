"""What a text or a number needs before it goes into a document or a database."""

from __future__ import annotations

import math

__all__ = ["encodable", "finite"]


def encodable(text: str) -> str:
    """``text`` with what UTF-8 or a database cannot hold written out as an escape.

    A file name of odd bytes reaches Python as lone surrogates: no encoder takes those, and
    PostgreSQL takes no NUL.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def finite(value: float | None, digits: int = 6) -> float | None:
    """``value`` rounded, or None where it is no number (silence measures minus infinity)."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)
