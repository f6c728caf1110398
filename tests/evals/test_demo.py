"""The demo's clip, end to end through the pipeline: all that was put in is found, and where it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.demo import make_clip
from evals.sample import CITY, MEADOW
from pipeline.model import EventState
from pipeline.profile import load_profile
from pipeline.scan import scan

EXACT_S = 0.01
"""A window of sound; a picture lasts four times as long."""


def test_every_defect_of_the_demo_is_found_to_the_frame(tmp_path: Path) -> None:
    clip, truth = make_clip(tmp_path)
    document = json.loads((tmp_path / "demo.truth.json").read_text(encoding="utf-8"))
    assert len(document["truths"]) == len(truth)
    found = scan(str(clip), load_profile("ebu-r128")).events
    assert {event.check for event in found} == {item.check for item in truth}
    for item in truth:
        events = [event for event in found if event.check == item.check and event.stream == item.stream]
        nearest = min(events, key=lambda event: abs(event.start_s - item.start_s))
        assert nearest.start_s == pytest.approx(item.start_s, abs=EXACT_S), item
        assert nearest.state is EventState.RESOLVED
        if item.check != "loudness":
            assert nearest.end_s == pytest.approx(item.end_s, abs=EXACT_S), item


@pytest.mark.parametrize("clip", [MEADOW, CITY], ids=lambda clip: clip.name)
def test_the_clean_clips_have_no_event(clip: Path) -> None:
    assert scan(str(clip), load_profile()).events == ()
