"""What can go wrong with the store, as one line for the user."""

from __future__ import annotations

from pipeline.errors import UsageError

__all__ = ["NotFound", "StoreError", "Unsound"]


class StoreError(UsageError):
    """The store cannot be opened, read or written; names the store and what to do."""


class NotFound(StoreError):
    """What was asked for by its id is not stored."""


class Unsound(StoreError):
    """What is asked for makes no sense in itself, whatever is stored."""
