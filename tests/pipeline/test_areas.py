"""Masks and regions: a logo over black, a clock over a still, a ticker, and one check in one place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.areas import Areas, Box, Mask
from pipeline.chunks import Alone, split
from pipeline.decode.values import Picture
from pipeline.errors import ProfileError, UsageError
from pipeline.measure.basics import BASIC_COLUMNS
from pipeline.measure.picture import PICTURE_COLUMNS, PictureMeter
from pipeline.measuring import Measured, measure, measure_split
from pipeline.model import DefectEvent
from pipeline.profile import Profile, load_profile
from pipeline.replay import replay
from pipeline.series import Table
from pipeline.series.store import SeriesWriter, open_series
from pipeline.source import open_container, probe
from tests.pipeline.judging import SIZE, events, judged, only, shown, times
from tests.pipeline.scans import ffmpeg
from tests.pipeline.test_profile import written

HEIGHT, WIDTH = SIZE
SCENE = np.random.default_rng(7).integers(20, 230, SIZE, dtype=np.uint8)
LOGO = (slice(16, 80), slice(200, 304))
CLOCK = (slice(144, 176), slice(16, 112))
OVER_LOGO = {"x": 0.6, "y": 0.05, "width": 0.38, "height": 0.4}
OVER_CLOCK = {"x": 16, "y": 144, "width": 96, "height": 32, "pixels": True}


def masked(profile: Profile, *boxes: dict[str, object]) -> Profile:
    return replace(profile, masks=tuple(Mask.model_validate(box) for box in boxes))


def running(base: np.ndarray, part: tuple[slice, slice], count: int = 75, first: int = 0) -> list[Picture]:
    """Pictures of which one part changes in each."""
    pictures = []
    for n in range(first, first + count):
        luma = base.copy()
        luma[part] = np.random.default_rng(n).integers(20, 230, luma[part].shape)
        pictures += shown(luma, count=1, first=n)
    return pictures


def moving(count: int, first: int) -> list[Picture]:
    return running(np.full(SIZE, 90, np.uint8), (slice(0, HEIGHT), slice(0, WIDTH)), count, first)


def logo_over_black() -> list[Picture]:
    black = np.full(SIZE, 16, np.uint8)
    black[LOGO] = 200
    return [*moving(25, 0), *shown(black, count=75, first=25), *moving(25, 100)]


def clock_over_still() -> list[Picture]:
    return [*moving(25, 0), *running(SCENE, CLOCK, 75, 25), *moving(25, 100)]


def spans(found: tuple[DefectEvent, ...]) -> list[tuple[float, float]]:
    return times(found)


@pytest.mark.parametrize(
    ("pictures", "check", "box", "expected"),
    [
        (logo_over_black(), "black", OVER_LOGO, [(1.0, 4.0)]),
        (clock_over_still(), "freeze", OVER_CLOCK, [(1.0, 4.0)]),
        (clock_over_still(), "freeze", OVER_LOGO, []),
    ],
)
def test_what_a_mask_hides_counts_nowhere(
    pictures: list[Picture], check: str, box: dict[str, object], expected: list[tuple[float, float]]
) -> None:
    assert not events(pictures, only(check))
    assert spans(events(pictures, masked(only(check), box))) == expected


def test_a_ticker_that_runs_on_does_not_hide_a_freeze() -> None:
    ticker = (slice(160, HEIGHT), slice(0, WIDTH))
    pictures = [*moving(25, 0), *running(SCENE, ticker, 75, 25), *moving(25, 100)]
    box = {"name": "ticker", "x": 0.0, "y": 0.88, "width": 1.0, "height": 0.12}
    assert not events(pictures, only("freeze"))
    assert spans(events(pictures, masked(only("freeze"), box))) == [(1.0, 4.0)]


def test_a_mask_for_a_time_hides_nothing_at_another() -> None:
    still = shown(SCENE, count=75)
    clock = running(SCENE, CLOCK, 75, 75)
    always, first = (masked(only("freeze"), {**OVER_CLOCK, **when}) for when in ({}, {"end_s": 3.0}))
    assert spans(events([*still, *clock], always)) == [(0.0, 6.0)]
    assert spans(events([*still, *clock], first)) == [(0.0, 3.0)]


def test_masked_blocks_change_no_column() -> None:
    one, other = SCENE.copy(), SCENE.copy()
    other[CLOCK] = 235
    meters = [PictureMeter(Areas((Mask.model_validate(OVER_CLOCK),))) for _ in range(2)]
    for meter in meters:
        meter.row(shown(SCENE, count=1)[0])
    (values, thumb), (same, too) = (
        meter.row(shown(luma, count=1, first=1)[0]) for meter, luma in zip(meters, (one, other), strict=True)
    )
    # A gradient reaches one sample into the block beside it: there a mask's edge is felt a little.
    assert values == pytest.approx(same, rel=5e-3, nan_ok=True), list(PICTURE_COLUMNS)
    assert (values[: len(BASIC_COLUMNS)] == same[: len(BASIC_COLUMNS)]).all()
    assert (thumb == too).all()


def test_a_check_looks_at_its_region_alone() -> None:
    dark_left = SCENE.copy()
    dark_left[:, :160] = 16
    pictures = [*moving(25, 0), *shown(dark_left, count=75, first=25), *moving(25, 100)]
    left = Box(x=0.0, y=0.0, width=0.5, height=1.0)
    profile = replace(load_profile(), regions={"black": left})
    assert "black" not in {event.check for event in judged(pictures, load_profile()).events}
    result = judged(pictures, profile)
    found = {event.check: event for event in result.events}
    assert spans((found["black"],)) == [(1.0, 4.0)]
    assert found["black"].evidence["region"] == "0.5 x 1 at 0, 0"
    assert spans((found["freeze"],)) == [(1.0, 4.0)] and "region" not in found["freeze"].evidence


def test_checks_of_one_region_share_a_view() -> None:
    box = Box(x=0.0, y=0.0, width=0.5, height=1.0)
    profile = replace(load_profile(), regions={"black": box, "freeze": box.model_copy()})
    assert len(profile.areas.regions) == 1


@pytest.mark.parametrize(
    ("box", "size", "counted"),
    [
        ({"x": 0, "y": 0, "width": 0.5, "height": 0.5}, (64, 64), [[1, 1, 0, 0], [1, 1, 0, 0]]),
        ({"x": 0, "y": 0, "width": 24, "height": 64, "pixels": True}, (64, 64), [[1, 1, 0, 0]] * 4),
        ({"x": 0, "y": 0, "width": 23, "height": 64, "pixels": True}, (64, 64), [[1, 0, 0, 0]] * 4),
        ({"x": 5, "y": 5, "width": 2, "height": 2, "pixels": True}, (64, 64), [[1, 0, 0, 0]]),
        ({"x": 64, "y": 0, "width": 6, "height": 70, "pixels": True}, (70, 70), [[0, 0, 0, 0, 1]] * 5),
    ],
)
def test_which_blocks_are_of_a_region(
    box: dict[str, object], size: tuple[int, int], counted: list[list[int]]
) -> None:
    areas = Areas(regions={"r": Box.model_validate(box)})
    found = areas.counting("r", (), size, 16).astype(int)
    padded = counted + [[0] * found.shape[1]] * (found.shape[0] - len(counted))
    assert found.tolist() == padded


def test_a_mask_takes_every_block_that_it_touches() -> None:
    areas = Areas((Mask(x=15, y=0, width=2, height=1, pixels=True),))
    assert areas.counting("", (0,), (32, 64), 16).astype(int).tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]


def test_masks_that_leave_nothing_are_told() -> None:
    everything = {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0}
    with pytest.raises(ProfileError, match="leave nothing of the picture at 320x180"):
        events(shown(SCENE, count=2), masked(only("black"), everything))


def kept(folder: Path, profile: Profile, pictures: list[Picture]) -> None:
    result = judged(pictures, profile)
    assert result.media is not None
    measured = Measured(result.media, profile.areas)
    with SeriesWriter(folder) as writer:
        for picture in pictures:
            for table in measured.push(picture):
                writer.feed(table)
        for table in measured.finish():
            writer.feed(table)
        writer.finish("input", "input", profile.name, measured.programme(), str(profile.areas))


def test_a_kept_series_has_its_regions_and_is_refused_to_other_masks(tmp_path: Path) -> None:
    profile = replace(
        masked(load_profile(), OVER_CLOCK), regions={"black": Box(x=0.0, y=0.0, width=0.5, height=1.0)}
    )
    pictures = [*clock_over_still(), *shown(16, count=75, first=125)]
    kept(tmp_path / "series", profile, pictures)
    assert open_series(tmp_path / "series").areas == str(profile.areas)
    assert replay(tmp_path / "series", profile).events == judged(pictures, profile).events
    for other in (load_profile(), masked(profile, OVER_LOGO)):
        with pytest.raises(UsageError, match="was measured with other masks or regions") as told:
            replay(tmp_path / "series", other)
        assert "\n" not in str(told.value)


def _measured(path: Path, areas: Areas, crew: Alone | None) -> list[Table]:
    with open_container(str(path)) as container:
        measured = Measured(probe(container), areas)
        if crew is None:
            return list(measure(container, measured, threads=1))
        chunks = split(str(path), measured.media, crew, areas)
        assert len(chunks["v:0"]) > 3
        return list(measure_split(container, measured, chunks, crew))


def test_chunks_are_measured_with_the_same_areas(tmp_path: Path) -> None:
    raw = tmp_path / "clock.gray"
    raw.write_bytes(b"".join(picture.luma.tobytes() for picture in clock_over_still()))
    given = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", str(raw))
    ffmpeg(*given, "-pix_fmt", "yuv420p", "-g", "12", "-bf", "2", tmp_path / "clock.mp4")
    clock = Mask.model_validate({**OVER_CLOCK, "start_s": 0.9, "end_s": 3.1})
    areas = Areas((clock,), {"left": Box(x=0.0, y=0.0, width=0.5, height=1.0)})
    whole, parts = (_measured(tmp_path / "clock.mp4", areas, crew) for crew in (None, Alone(20)))
    assert {table.view for table in whole} == {"", "left"}
    for one, other in zip(whole, parts, strict=True):
        assert (one.view, one.kind) == (other.view, other.kind)
        for name, values in one.columns.items():
            assert np.array_equal(values, other[name], equal_nan=values.dtype.kind == "f"), name


def test_a_profile_has_masks_and_regions(tmp_path: Path) -> None:
    written(tmp_path, "[[mask]]\nname = 'logo'\nx = 0.8\ny = 0\nwidth = 0.2\nheight = 0.1\n", "base.toml")
    text = """
extends = "base.toml"
[[mask]]
x = 10
y = 20
width = 100
height = 30
pixels = true
start_s = 60
[black]
min_s = 1
region = { x = 0, y = 0, width = 1, height = 0.8 }
"""
    profile = load_profile(written(tmp_path, text))
    assert [mask.name for mask in profile.masks] == ["logo", ""]
    assert profile.masks[1].start_s == 60
    assert profile["black"].min_s == 1
    assert profile.view_of("black") == "1 x 0.8 at 0, 0" and profile.view_of("freeze") == ""


BOX = "x = 0.1\ny = 0.1\nwidth = 0.2\nheight = 0.2\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"[mask]\n{BOX}", "mask must be an array of tables: write [[mask]], not [mask]"),
        (f"[[mask]]\n{BOX}hight = 3", "mask 1 has no key 'hight'; did you mean 'height'?"),
        ("[[mask]]\nx = 0.1", "mask 1.y: field required"),
        ("[[mask]]\nx = -1\ny = 0\nwidth = 1\nheight = 1", "mask 1.x: input should be greater than or equal"),
        (
            "[[mask]]\nx = 20\ny = 0\nwidth = 1\nheight = 1",
            "mask 1: x and width must reach no further than 1, or be marked 'pixels = true'",
        ),
        ("mask = 3", "mask must be an array of tables"),
        ("[silence.region]\nx = 0", "silence looks at no picture and can have no region"),
        ("[black]\nregion = 3", "black.region must be a table, got 3"),
        (
            "[black.region]\nx = 0\ny = 0\nwidth = 0\nheight = 1",
            "black.region.width: input should be greater",
        ),
    ],
)
def test_a_wrong_mask_or_region_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(written(tmp_path, text))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_no_areas_cost_nothing_and_change_nothing() -> None:
    bare, empty = PictureMeter(), PictureMeter(Areas())
    for picture in moving(3, 0):
        values, thumbs = empty.rows(picture)
        row, thumb = bare.row(picture)
        assert np.array_equal(values[0], row, equal_nan=True) and len(values) == 1
        assert (thumbs[0] == thumb).all()
