"""The fixtures themselves: what is put in is there, where the truth says, and nowhere else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from evals import remux
from evals.defects import (
    CHECKS,
    PICTURE_DEFECTS,
    SAMPLE_DEFECTS,
    Defect,
    inject_pictures,
    inject_samples,
    span,
    truths,
)
from tests.clips import Picture, deep, moving, programme, write_clip

RATE = Fraction(25)


@pytest.mark.parametrize(
    ("rate", "start_s", "end_s", "frames"),
    [
        (Fraction(25), 1.0, 2.0, range(25, 50)),
        (Fraction(25), 1.01, 2.01, range(26, 51)),
        (Fraction(30000, 1001), 1.001, 2.002, range(30, 60)),
        (Fraction(24000, 1001), 0.0, 1001 / 24000, range(0, 1)),
        (48_000, 0.1, 0.2, range(4800, 9600)),
    ],
)
def test_span_is_of_the_frames_whose_time_is_inside(
    rate: Fraction, start_s: float, end_s: float, frames: range
) -> None:
    assert span(start_s, end_s, rate) == frames


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("kind", PICTURE_DEFECTS)
def test_picture_defects_touch_their_frames_alone(kind: str, bits: int) -> None:
    clean = [picture if bits == 8 else deep(picture) for picture in moving(50)]
    shown = list(inject_pictures(clean, RATE, [Defect(kind, 0.4, 1.2)]))
    changed = [index for index in range(50) if not _alike(clean[index], shown[index])]
    # A plain freeze shows its first picture at its own time.
    first = 11 if kind == "freeze" else 10
    assert changed == list(range(first, 30))
    assert {picture.luma.dtype for picture in shown} == {clean[0].luma.dtype}


@pytest.mark.parametrize("kind", SAMPLE_DEFECTS)
def test_sample_defects_touch_their_samples_alone(kind: str) -> None:
    clean = programme(2.0).samples
    changed = inject_samples(clean, 48_000, [Defect(kind, 0.5, 1.5, channel=1)])
    where = np.flatnonzero((clean != changed).any(axis=0))
    assert (where[0], where[-1]) == (24_000, 71_999)
    if kind == "channel_silence":
        assert np.array_equal(clean[0], changed[0])


def test_truths_are_clipped_to_the_clip_and_snapped_to_its_clock() -> None:
    defects = [Defect("black", 1.01, 99.0), Defect("silence", 0.5, 0.75), Defect("green", 5.0, 6.0)]
    found = truths(defects, rate=RATE, frames=50, rate_hz=48_000, samples=96_000)
    assert [(truth.check, truth.start_s, truth.end_s) for truth in found] == [
        ("silence", 0.5, 0.75),
        ("black", 1.04, 2.0),
    ]


def test_every_kind_names_its_check() -> None:
    assert set(CHECKS) == set(PICTURE_DEFECTS) | set(SAMPLE_DEFECTS)


def test_gap_moves_what_comes_after(tmp_path: Path, clean_clip: Path) -> None:
    target = tmp_path / "gap.mp4"
    truth = remux.gap(clean_clip, target, at_s=2.0, gap_s=0.5)
    times = _frame_times(target)
    assert (truth.start_s, truth.end_s) == pytest.approx((2.0, 2.5), abs=1e-3)
    assert times[49] == pytest.approx(1.96, abs=1e-3)
    assert times[50] == pytest.approx(2.5, abs=1e-3)


def test_damage_leaves_the_pictures_before_it_alone(tmp_path: Path) -> None:
    pictures = list(moving(75))
    source = write_clip(tmp_path / "clean.mp4", pictures=pictures, options={"preset": "ultrafast"})
    target = tmp_path / "damaged.mp4"
    truth = remux.damage(source, target, start_s=1.2, end_s=1.4)
    assert (truth.start_s, truth.end_s) == pytest.approx((1.2, 2.0), abs=1e-3)
    before, after = _packets(source), _packets(target)
    assert [index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]] == [
        *range(30, 35)
    ]


def test_truncate_keeps_the_share(tmp_path: Path, clean_clip: Path) -> None:
    target = tmp_path / "short.mp4"
    remux.truncate(clean_clip, target, share=0.5)
    assert target.stat().st_size == round(clean_clip.stat().st_size / 2)


def test_offset_moves_the_sound_alone(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mov", pictures=moving(25), sound=programme(1.0))
    target = tmp_path / "out.mov"
    remux.offset(source, target, by_s=0.2)
    with av.open(str(target)) as container:
        sound = container.streams.audio[0]
        start_s = float((sound.start_time or 0) * (sound.time_base or 0))
    assert start_s == pytest.approx(0.2, abs=1e-3)
    assert _frame_times(target)[0] == 0.0


def _alike(one: Picture, other: Picture) -> bool:
    return np.array_equal(one.luma, other.luma) and np.array_equal(one.cb, other.cb)


def _frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time or 0.0) for frame in container.decode(video=0)]


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.dts is not None]
