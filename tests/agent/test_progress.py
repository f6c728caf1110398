"""Progress: a bar on a terminal, nothing at all in a pipe."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from agent.progress import ScanProgress
from pipeline.scan import Progress


def _shown(*, terminal: bool, quiet: bool = False, duration_s: float | None = 60.0) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100, color_system=None)
    url = "https://user:secret@host/[red]" + 50 * "x" + "/end.mp4"
    with ScanProgress(console, quiet=quiet) as progress:
        with progress.scan(url) as tell:
            if tell is not None:
                tell(Progress(30.0, duration_s, 750))
                progress._bars.refresh()
        with progress.hidden():
            pass
    return file.getvalue()


def test_a_terminal_sees_the_name_the_share_and_the_rate() -> None:
    shown = _shown(terminal=True)
    for wanted in ("/end.mp4", "50%", "fps"):
        assert wanted in shown
    assert "secret" not in shown


def test_an_unknown_length_has_no_share() -> None:
    shown = _shown(terminal=True, duration_s=None)
    assert "fps" in shown
    assert "50%" not in shown


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True), (False, True)])
def test_anything_else_sees_nothing(terminal: bool, quiet: bool) -> None:
    assert _shown(terminal=terminal, quiet=quiet) == ""
