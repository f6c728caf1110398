"""A short run of the fuzz: mutated media, hostile playlists and broken requests at a served API."""

from __future__ import annotations

from pathlib import Path

from evals.fuzz import Fuzz, Seen


def test_the_service_stays_and_reaches_nothing_forbidden(tmp_path: Path) -> None:
    seen = Fuzz(tmp_path, seconds=5.0, seed=7).run()
    assert seen.sound, seen
    assert seen.requests > 20
    assert seen.scans > 0


def test_what_is_wrong_is_not_sound() -> None:
    assert Seen(requests=1).sound
    assert not Seen(wrong=["GET /: 500"]).sound
    assert not Seen(forbidden=1).sound
