"""Standard output and standard error, for any terminal, pipe and locale."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console

from pipeline.text import clean

__all__ = ["make_streams_safe", "print_json", "problem", "results_console", "status_console"]

PIPE_WIDTH = 120
"""Columns of a table that goes to a pipe or a file, where COLUMNS does not say."""

PROBLEM_LIMIT = 1000


def make_streams_safe() -> None:
    """Write what the locale has no character for as an escape: a name must not end a scan."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def results_console() -> Console:
    """Where results go: standard output."""
    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(width=wide, highlight=False, markup=False, emoji=False)


def status_console() -> Console:
    """Where progress goes: standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_json(text: str) -> None:
    """A document on standard output, and nothing else."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def problem(message: str) -> None:
    """One line on standard error."""
    print(f"vidette: {clean(message, PROBLEM_LIMIT)}", file=sys.stderr, flush=True)
