"""What can go wrong, as one tree.

    VidetteError                 a sentence for the user; never a traceback
    ├── UsageError               the command or its configuration is wrong (exit status 2)
    │   └── ProfileError         a profile, policy or settings file is wrong
    └── InputError               an input could not be assessed (exit status 3)

A message names what was wrong, the value found, and what to do next.
"""

from __future__ import annotations

__all__ = ["InputError", "ProfileError", "UsageError", "VidetteError"]


class VidetteError(Exception):
    """Base of every error that reaches a user as one line."""


class UsageError(VidetteError):
    """The command or its configuration is wrong."""


class ProfileError(UsageError):
    """A profile, policy or settings file is wrong; names the file, the key, the rule, the value."""


class InputError(VidetteError):
    """An input cannot be opened, or holds nothing that can be decoded."""
