"""The injectors of the suite: what they change is what their truth says, no more and no less."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import pytest

from evals.detect.cases import CODECS, clean_hour, quick, recipes, select
from evals.detect.codings import CODINGS
from evals.detect.fixtures import fixture_key, make_fixture
from evals.detect.injectors import INJECTORS
from evals.detect.looks import planes_of
from evals.detect.scenes import SCENES, make_scene
from evals.detect.scoring import BARS
from evals.detect.traps import TRAPS
from evals.detect.values import LEVELS, Clip, Part
from evals.writer import Picture
from pipeline.decode.values import Picture as Decoded
from pipeline.measure import PictureMeter
from pipeline.measure.picture import PICTURE_COLUMNS

START_S, END_S = 1.1, 2.5


@lru_cache(maxsize=1)
def scene() -> Clip:
    return make_scene("tune.parallax", 3, 4.0, 160, 96)


def broken(name: str, level: int) -> tuple[Clip, Clip, list[tuple[float, float]]]:
    """The clean clip, the broken one, and where the truth says that they differ."""
    clean = scene()
    clip = Clip(list(clean.pictures), clean.rate, clean.samples.copy(), clean.rate_hz)
    injector = INJECTORS[name]
    assert injector.apply is not None
    truths = injector.apply(clip, Part(START_S, END_S, level, np.random.default_rng(4)))
    assert {truth.check for truth in truths} == {injector.check}
    return clean, clip, [(truth.start_s, truth.end_s) for truth in truths]


def alike(a: Picture, b: Picture) -> bool:
    return all(np.array_equal(x, y) for x, y in ((a.luma, b.luma), (a.cb, b.cb), (a.cr, b.cr)))


def assert_legal_colours(clip: Clip) -> None:
    """An illegal colour in clean content would be a defect that no truth tells of."""
    planes = planes_of(clip.pictures[-1])
    row, _ = PictureMeter().row(Decoded("v:0", 0.0, 0.04, *planes, 8, False, True, False))
    figures = dict(zip(PICTURE_COLUMNS, row, strict=True))
    assert figures["gamut_share"] < 0.005
    assert figures["chroma_illegal_share"] == 0


@pytest.mark.parametrize("name", [name for name in SCENES if not name.endswith((".edit", "travel"))])
def test_clean_scenes_are_legal_colours(name: str) -> None:
    assert_legal_colours(make_scene(name, 0, 0.5, 480, 270))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_game_of_square_pixels_is_legal_colours(seed: int) -> None:
    assert_legal_colours(TRAPS["pixel_game"].make(seed, 0.2, 480, 270))


def on_the_grid(luma: np.ndarray) -> float:
    """By how much steps at every eighth column are larger than at the others, in levels."""
    steps = np.abs(np.diff(luma.astype(np.float32), axis=1)).mean(axis=0)
    columns = steps[: len(steps) // 8 * 8].reshape(-1, 8).mean(axis=0)
    return float(columns[7] - np.median(columns[:7]))


def test_snow_leaves_blocks_in_what_mpeg2_codes_after_it(tmp_path: Path) -> None:
    """Against its own source the picture behind snow has twice the grid of the one before."""
    [recipe] = [one for one in recipes("tune") if one.id == "tune/noise/clear/mpeg2/0"]
    fixture = make_fixture(recipe, tmp_path)
    [truth] = fixture.truths
    scene = make_scene(recipe.scene, recipe.scene_seed, 14.0, recipe.width, recipe.height)
    excess: dict[bool, list[float]] = {False: [], True: []}
    with av.open(str(fixture.path)) as container:
        for n, frame in enumerate(container.decode(video=0)):
            time_s = n / float(scene.rate)
            before, after = time_s < truth.start_s - 0.1, 0.3 < time_s - truth.end_s < 1.5
            if before or after:
                coded = frame.to_ndarray()[: recipe.height, : recipe.width]
                excess[after].append(on_the_grid(coded) - on_the_grid(scene.pictures[n].luma))
    assert np.median(excess[True]) > 2 * np.median(excess[False])


PLACED = ("black", "solid_color", "color_bars", "slate", "credits", "block_corruption", "blur", "interlace",
          "levels", "borders", "flash", "red_flash", "noise", "blockiness", "flicker")  # fmt: skip


@pytest.mark.parametrize("level", range(3))
@pytest.mark.parametrize("name", PLACED)
def test_pictures_change_where_the_truth_says(name: str, level: int) -> None:
    clean, clip, [(start_s, end_s)] = broken(name, level)
    changed = [
        n for n, pair in enumerate(zip(clean.pictures, clip.pictures, strict=True)) if not alike(*pair)
    ]
    expected = range(round(start_s * clean.rate), round(end_s * clean.rate))
    assert (changed[0], changed[-1]) == (expected[0], expected[-1])
    assert expected[0] == np.ceil(START_S * clean.rate)
    assert np.array_equal(clean.samples, clip.samples)


@pytest.mark.parametrize("level", range(3))
@pytest.mark.parametrize("name", ["silence", "channel_silence", "phase", "dc_offset", "hum", "tone"])
def test_samples_change_where_the_truth_says(name: str, level: int) -> None:
    clean, clip, [(start_s, end_s)] = broken(name, level)
    places = np.flatnonzero((clean.samples != clip.samples).any(axis=0))
    # A level that crosses zero may leave a sample as it was.
    assert places[0] == pytest.approx(start_s * clean.rate_hz, abs=4)
    assert places[-1] == pytest.approx(end_s * clean.rate_hz - 1, abs=4)
    assert all(a is b for a, b in zip(clean.pictures, clip.pictures, strict=True))


@pytest.mark.parametrize("level", range(3))
def test_peaks_and_flat_tops_lie_in_the_truth(level: int) -> None:
    _, clip, spans = broken("clipping", level)
    flat = np.flatnonzero((np.abs(clip.samples) >= 1.0).any(axis=0)) / clip.rate_hz
    assert (flat[0], flat[-1] + 1 / clip.rate_hz) == pytest.approx((spans[0][0], spans[-1][1]))
    _, clip, spans = broken("true_peak", level)
    assert np.abs(clip.samples).max() < 1.0
    assert START_S <= spans[0][0] < spans[-1][1] <= END_S + 0.001


@pytest.mark.parametrize("level", range(3))
@pytest.mark.parametrize("name", ["dropout", "repeated_buffer", "clicks"])
def test_short_defects_are_each_in_a_truth(name: str, level: int) -> None:
    clean, clip, spans = broken(name, level)
    places = np.flatnonzero((clean.samples != clip.samples).any(axis=0)) / clip.rate_hz
    assert spans
    for place in places:
        assert any(start_s - 1e-9 <= place < end_s + 1e-9 for start_s, end_s in spans)


def test_stutter_repeats_and_jumps_skip() -> None:
    clean, clip, [(start_s, end_s)] = broken("duplicate_frames", 0)
    repeats = [n for n in range(1, len(clip.pictures)) if clip.pictures[n] is clip.pictures[n - 1]]
    assert repeats[0] == round(start_s * clip.rate)
    assert repeats[-1] == round(end_s * clip.rate) - 1
    places = {id(picture): n for n, picture in enumerate(clean.pictures)}
    _, clip, [(start_s, _)] = broken("dropped_content", 0)
    steps = np.diff([places[id(picture)] for picture in clip.pictures])
    assert np.flatnonzero(steps > 1)[0] + 1 == round(start_s * clip.rate)
    assert set(steps) == {1, 7}


@pytest.mark.parametrize("split", ["tune", "test"])
def test_every_defect_meets_every_strength_and_codec(split: str) -> None:
    made = [recipe for recipe in recipes(split) if recipe.family == "defect"]
    assert {recipe.defect for recipe in made} == set(INJECTORS)
    for name, injector in INJECTORS.items():
        met = Counter((recipe.level, recipe.coding) for recipe in made if recipe.defect == name)
        codings = injector.codings or CODECS
        wanted = len(codings) if split == "test" else min(3, len(codings))
        for level in range(injector.levels):
            assert len([coding for at, coding in met if at == level]) >= wanted, (name, LEVELS[level])


def test_recipes_are_unique_and_always_the_same() -> None:
    everything = [*recipes("tune"), *recipes("test"), *clean_hour("tune"), *clean_hour("test")]
    assert len({recipe.id for recipe in everything}) == len(everything)
    assert len({fixture_key(recipe) for recipe in everything}) == len(everything)
    assert recipes("test") == recipes("test")
    assert set(CODECS) <= set(CODINGS)
    assert sum(recipe.duration_s for recipe in clean_hour("test")) == 3600


def test_the_splits_share_no_scene() -> None:
    scenes = {
        split: {r.scene for r in [*recipes(split), *clean_hour(split)] if r.scene}
        for split in ("tune", "test")
    }
    assert not scenes["tune"] & scenes["test"]
    for split, names in scenes.items():
        assert {SCENES[name].split for name in names} == {split}


def test_every_bar_has_an_injector_and_is_in_the_quick_subset() -> None:
    checks = {injector.check for injector in INJECTORS.values()}
    assert set(BARS) <= checks
    assert {INJECTORS[r.defect].check for r in quick() if r.family == "defect"} == checks
    chosen = select(["blur"], "tune")
    assert {r.id for r in recipes("tune") if r.defect == "blur"} <= {r.id for r in chosen}
    assert {r.defect for r in chosen if r.family == "trap"} == set(TRAPS)


def test_a_fixture_is_made_once_and_read_again(tmp_path: Path) -> None:
    recipe = next(r for r in recipes("tune") if r.defect == "silence")
    made = make_fixture(recipe, tmp_path)
    written = made.path.stat().st_mtime_ns
    again = make_fixture(recipe, tmp_path)
    assert (again, again.path.stat().st_mtime_ns) == (made, written)
    assert [truth.check for truth in made.truths] == ["silence"]
    assert [path.name for path in (tmp_path / "clips").iterdir()] == [fixture_key(recipe)]


@pytest.mark.parametrize("coding", ["h264_ts", "mpeg2"])
def test_a_change_of_layout_is_true_from_the_first_packet_of_the_new_one(coding: str, tmp_path: Path) -> None:
    recipe = next(r for r in recipes("tune") if r.defect == "audio_change" and r.coding == coding)
    fixture = make_fixture(replace(recipe, duration_s=7.0), tmp_path)
    with av.open(str(fixture.path)) as container:
        origin_s = (container.start_time or 0) / av.time_base
        mono = [
            float(packet.pts * packet.time_base) - origin_s
            for packet in container.demux(audio=0)
            if packet.pts is not None and packet.time_base is not None and is_mono(bytes(packet))
        ]
    (truth,) = fixture.truths
    assert truth.start_s == pytest.approx(mono[0], abs=1e-4)
    assert truth.end_s - truth.start_s == pytest.approx(0.032 if coding == "h264_ts" else 0.024)


def is_mono(frame: bytes) -> bool:
    """What the header says: ``acmod`` of AC-3 (A/52, 5.4.2.3), the mode of MPEG audio (11172-3, 2.4.2.3)."""
    return frame[6] >> 5 == 1 if frame[:2] == b"\x0b\x77" else frame[3] >> 6 == 3
