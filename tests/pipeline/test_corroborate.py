"""What stands beside an event makes it more sure or less, and is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.causes import Evidence, explain
from pipeline.checks import CHECKS
from pipeline.corroborate import LEAST, MOST, SIGNS, corroborate
from pipeline.model import DefectEvent
from pipeline.profile import load_profile
from pipeline.timeline import Span, Timeline
from tests.pipeline.judging import events as judged_events
from tests.pipeline.judging import heard, noise, shown
from tests.pipeline.test_correlate import event

PROFILE = load_profile()
PICTURES = np.arange(0, 60, 0.04)


def fading(start_s: float, end_s: float, over_s: float) -> np.ndarray:
    """Light of 120, dark (16) within a span, with ramps of ``over_s`` before and after it."""
    away = np.maximum(np.maximum(start_s - PICTURES, PICTURES - end_s + 0.04), 0)
    return np.asarray(16 + 104 * np.clip(away / max(over_s, 1e-9), 0, 1))


def timeline(
    *,
    cuts: tuple[float, ...] = (),
    keys: tuple[float, ...] = (0.0,),
    light: np.ndarray | None = None,
    sound_dbfs: float | None = None,
    faults: tuple[Span, ...] = (),
) -> Timeline:
    times = np.arange(0, 60, 0.1)
    return Timeline(
        cuts={"v:0": np.array(cuts)},
        keys={"v:0": np.array(keys)},
        light={} if light is None else {"v:0": (PICTURES, light)},
        sound={} if sound_dbfs is None else {"a:0": (times, np.full(len(times), sound_dbfs))},
        faults=faults,
        end_s=60.0,
    )


def one(check: str, start_s: float = 10.0, end_s: float | None = 14.0) -> DefectEvent:
    return replace(event(check, start_s, end_s), confidence=0.8)


def damage(start_s: float, stream: str = "v:0") -> Span:
    return Span("decode_error", stream, start_s, start_s)


CASES = {
    "freeze and silence": ("freeze", [one("silence")], timeline(), "for", "sound is gone"),
    "freeze and a hole behind it": ("freeze", [one("pts_gap", 14, 15)], timeline(), "for", "have a hole"),
    "freeze and an error before it": ("freeze", [], timeline(faults=(damage(9.2),)), "for", "complained"),
    "freeze that the sound outlasts": ("freeze", [], timeline(sound_dbfs=-30), "against", "sound goes on"),
    "freeze of a whole shot": ("freeze", [], timeline(cuts=(10, 14)), "against", "whole shot"),
    "freeze from a cut on": ("freeze", [], timeline(cuts=(10.04,)), "against", "begins with a cut"),
    "blocks and errors": ("block_corruption", [], timeline(faults=(damage(10),)), "for", "complained"),
    "blocks till a key frame": ("block_corruption", [], timeline(keys=(8, 14)), "for", "next key frame"),
    "blocks over key frames": ("block_corruption", [], timeline(keys=(11, 13)), "against", "do not mend"),
    "black and silence": ("black", [one("silence")], timeline(), "for", "sound is gone"),
    "black after a fade": ("black", [], timeline(light=fading(10, 14, 0.5)), "against", "fades"),
    "silence and black": ("silence", [one("black")], timeline(), "for", "picture is gone"),
    "blur over cuts": ("blur", [], timeline(cuts=(12,)), "for", "outlasts cuts"),
    "blur of one shot": ("blur", [], timeline(cuts=(10, 14)), "against", "whole shot"),
    "blur and blocking": ("blur", [one("blockiness")], timeline(), "for", "coarse"),
    "blocking and errors": ("blockiness", [], timeline(faults=(damage(11),)), "against", "damage looks so"),
    "flash among broken blocks": ("flash", [one("block_corruption")], timeline(), "against", "broken"),
    "bars and tone": ("color_bars", [one("tone")], timeline(), "for", "tone goes"),
    "repeated and left out": ("duplicate_frames", [one("dropped_frames")], timeline(), "for", "left out"),
    "left out at a cut": ("dropped_frames", [], timeline(cuts=(10,)), "against", "at a cut"),
    "a click in a hole": ("dropout", [one("pts_gap")], timeline(), "for", "have a hole"),
    "grain of one shot": ("noise", [], timeline(cuts=(10, 14)), "against", "whole shot"),
    "levels of bars": ("levels", [one("color_bars")], timeline(), "against", "test picture"),
}


@pytest.mark.parametrize(("check", "others", "beside", "side", "says"), CASES.values(), ids=CASES.keys())
def test_what_speaks_for_and_against(
    check: str, others: list[DefectEvent], beside: Timeline, side: str, says: str
) -> None:
    found, *rest = corroborate([one(check), *others], beside)
    other = {"for": "against", "against": "for"}[side]
    assert says in str(found.evidence[side])
    assert other not in found.evidence
    assert (found.confidence > 0.8) is (side == "for")
    assert found.evidence["confidence_alone"] == 0.8
    assert replace(found, confidence=0.8, evidence={}) == one(check)
    assert len(rest) == len(others)


@pytest.mark.parametrize(
    ("check", "others", "beside"),
    [
        ("freeze", [one("silence", 20, 24)], timeline()),
        ("freeze", [one("silence", 13, 24)], timeline()),
        ("freeze", [], timeline(faults=(damage(8.9), damage(14.2)))),
        ("freeze", [], timeline(faults=(damage(11, "a:0"),))),
        ("freeze", [], timeline(sound_dbfs=-55)),
        ("freeze", [], timeline(cuts=(9.8, 12.0, 14.2))),
        ("black", [], timeline(light=fading(10, 14, 0.0))),
        ("block_corruption", [], timeline(keys=(8, 12))),
        ("clipping", [one("silence")], timeline(faults=(damage(10),))),
    ],
)
def test_what_says_nothing_changes_nothing(check: str, others: list[DefectEvent], beside: Timeline) -> None:
    assert corroborate([one(check), *others], beside)[0] == one(check)


@pytest.mark.parametrize(
    ("light", "fades"),
    [
        (fading(10, 14, 0.4), True),
        (fading(10, 14, 0.02), False),
        (np.where(PICTURES < 10, fading(10, 14, 0.4), fading(10, 14, 0.0)), False),
        (np.full(len(PICTURES), 16.0), False),
        (np.full(len(PICTURES), np.nan), False),
    ],
)
def test_a_fade_has_steps_on_both_sides(light: np.ndarray, fades: bool) -> None:
    (found,) = corroborate([one("black")], timeline(light=light))
    assert ("fades" in str(found.evidence.get("against"))) is fades


def test_black_at_the_head_needs_no_fade_before_it() -> None:
    (found,) = corroborate([one("black", 0, 4)], timeline(light=fading(0, 4, 0.5)))
    assert found.evidence["against"] == "it fades in and out; it is the first or the last of the programme"


@pytest.mark.parametrize("confidence", [0.0, 0.5, 0.98, 1.0])
def test_confidence_stays_within_its_bounds(confidence: float) -> None:
    sure = replace(one("freeze"), confidence=confidence)
    beside = timeline(cuts=(10, 14), sound_dbfs=-20, faults=(damage(10),))
    for others in ([], [one("silence"), one("pts_gap", 14, 15)], [one("slate")]):
        assert LEAST <= corroborate([sure, *others], beside)[0].confidence <= MOST


def test_signs_weigh_on_the_scale_of_odds() -> None:
    even, nearly = (
        corroborate([replace(one("freeze"), confidence=start), one("silence")], timeline())[0].confidence
        for start in (0.5, 0.95)
    )
    assert even == pytest.approx(0.769, abs=1e-3)
    assert nearly == pytest.approx(0.984, abs=1e-3)


def test_every_sign_is_of_a_check_and_weighs_something() -> None:
    assert all(sign.weight and abs(sign.weight) <= 2 and sign.says for row in SIGNS.values() for sign in row)
    assert set(SIGNS) - set(CHECKS) <= COMING


COMING = {
    "block_corruption",
    "blockiness",
    "blur",
    "flash",
    "flicker",
    "interlace",
    "levels",
    "borders",
    "color_bars",
    "slate",
    "duplicate_frames",
    "dropped_frames",
    "noise",
    "phase",
    "hum",
    "tone",
    "dropout",
    "av_content",
}


def test_the_cause_names_what_speaks_for_and_against() -> None:
    beside = timeline(sound_dbfs=-30, faults=(damage(10),))
    (found,) = corroborate([one("freeze")], beside)
    _, reasons, _ = explain(Evidence([found], 60.0))
    assert reasons[-2:] == (
        "for freeze on v:0: container or decoder complained at the time",
        "against freeze on v:0: the sound goes on",
    )


SPANS = st.tuples(st.sampled_from(sorted(SIGNS)), st.integers(0, 50), st.none() | st.integers(0, 9))


@given(st.lists(SPANS, max_size=8))
def test_events_keep_their_order_and_their_facts(rows: list[tuple[str, int, int | None]]) -> None:
    found = [one(check, start, None if length is None else start + length) for check, start, length in rows]
    told = corroborate(found, timeline(cuts=(3, 9), sound_dbfs=-20, light=fading(10, 14, 0.5)))
    assert [replace(e, confidence=0.8, evidence={}) for e in told] == found
    assert corroborate(found, Timeline()) == corroborate(found, Timeline())


def test_a_still_that_music_goes_with_is_less_sure_than_one_in_silence() -> None:
    random = np.random.default_rng(4)
    moving = [
        replace(picture, start_s=n / 25, luma=random.integers(20, 230, (180, 320), dtype=np.uint8))
        for n, picture in enumerate(shown(60, count=25))
    ]
    held = shown(random.integers(20, 230, (180, 320)), count=75, first=25)
    back = [replace(p, start_s=4 + p.start_s) for p in moving]
    pictures = [*moving, *held, *back]
    music, silence = heard(noise(-20, 5.0)), heard(noise(-90, 5.0))
    sure = {}
    for name, sound in (("music", music), ("silence", silence)):
        items = sorted([*pictures, *sound], key=lambda item: item.start_s)
        found = {e.check: e for e in judged_events(items, PROFILE)}
        sure[name] = found["freeze"]
    assert sure["music"].confidence < 0.95 < sure["silence"].confidence
    assert "the sound goes on" in str(sure["music"].evidence["against"])
