"""Workers and the service are killed while scans go on: nothing is lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

from evals.chaos import Chaos, Counted, dark_clip


def test_nothing_is_lost_when_everything_dies(tmp_path: Path) -> None:
    clip = dark_clip(tmp_path / "dark.ts")
    chaos = Chaos(str(tmp_path / "vidette.db"), tmp_path, clip, scans=6, kills=3, every_s=(0.5, 1.5))
    counted = chaos.run()
    assert counted.sound, counted
    assert counted.kills == 3


def test_what_is_lost_or_doubled_is_not_sound() -> None:
    fine = Counted(scans=5, over=5, unassessed=1, incidents=4, opened=4, doubled=0, kills=3)
    assert fine.sound
    for wrong in (
        Counted(5, 4, 0, 5, 5, 0, 3),
        Counted(5, 5, 0, 4, 4, 0, 3),
        Counted(5, 5, 0, 5, 5, 1, 3),
        Counted(5, 5, 0, 5, 4, 0, 3),
    ):
        assert not wrong.sound
