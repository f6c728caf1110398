"""A patrol finds what lasts, with the times of a full scan, and calls nothing clean that it passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.checks import CHECKS
from pipeline.decode.index import PacketIndex
from pipeline.errors import UsageError
from pipeline.model import CoverageStatus, Mode, ScanResult
from pipeline.patrol import Patrol
from pipeline.profile import load_profile
from pipeline.scan import scan
from pipeline.series import Kind
from tests.clips import Part, moving, muted, programme, scene, write_clip

GOP = 25
TIMES_S = [n / 25 for n in range(750)]


@pytest.fixture(scope="session")
def faulty_film(clip_folder: Path) -> Path:
    """Thirty seconds with a key frame each second; what is wrong lasts for three of them or so."""
    parts = [Part("black", 4.3, 7.4), Part("freeze", 12.6, 15.9), Part("green", 21.2, 23.4)]
    sound = muted(programme(30.0), 26.0, 28.5)
    return write_clip(clip_folder / "film.mp4", pictures=scene(TIMES_S, parts, 96, 64), sound=sound, gop=GOP)


@pytest.fixture(scope="session")
def clean_film(clip_folder: Path) -> Path:
    """Twelve seconds without a defect."""
    pictures = moving(300, 96, 64)
    return write_clip(clip_folder / "clean-film.mp4", pictures=pictures, sound=programme(12.0), gop=GOP)


def _patrol(path: Path) -> ScanResult:
    return scan(str(path), load_profile(), mode=Mode.PATROL)


def test_what_lasts_is_found_as_a_full_scan_finds_it(faulty_film: Path) -> None:
    full, patrol = scan(str(faulty_film), load_profile(), threads=1), _patrol(faulty_film)
    wanted = {"black", "freeze", "solid_color", "silence"}

    def told(result: ScanResult) -> list[tuple[str, str, float, float | None]]:
        return [(e.id, e.check, e.start_s, e.end_s) for e in result.events if e.check in wanted]

    assert {check for _, check, _, _ in told(full)} == wanted
    assert told(patrol) == told(full)
    assert patrol.mode is Mode.PATROL and full.mode is Mode.FULL
    assert patrol.loudness == full.loudness


def test_pictures_that_were_passed_over_are_never_called_clean(clean_film: Path) -> None:
    result = _patrol(clean_film)
    assert not result.events
    for row in result.coverage:
        looks = {Kind.PICTURES, Kind.FAULTS} & set(CHECKS[row.check].reads)
        if looks and not row.stream.startswith("a:"):
            assert row.status is CoverageStatus.NOT_ASSESSABLE, row
    blind = next(row for row in result.coverage if row.check == "black")
    assert blind.reason is not None
    assert "GOP (1.0 s) between key frames is not seen; nothing was decoded in full" in blind.reason
    assert next(row for row in result.coverage if row.check == "silence").status is CoverageStatus.CLEAN


def test_the_blind_spot_says_where_it_is_not(faulty_film: Path) -> None:
    reason = next(
        row.reason for row in _patrol(faulty_film).coverage if row.check == "pts_gap" and row.reason
    )
    assert "decoded in full: 3.0-" in reason


def test_an_input_with_one_key_frame_is_looked_at_in_full(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "one.mp4", pictures=moving(60, 96, 64), gop=250)
    result = _patrol(path)
    assert result.mode is Mode.FULL
    assert next(row for row in result.coverage if row.check == "black").status is CoverageStatus.CLEAN


def _packets(pts_ms: list[int], sizes: list[int], gop: int) -> PacketIndex:
    pts = np.array(pts_ms)
    key = np.arange(len(pts)) % gop == 0
    shown = np.ones(len(pts), np.bool_)
    return PacketIndex("v:0", 0.001, 0.0, pts, pts, np.array(sizes), key, shown)


EVEN_MS = [40 * n for n in range(500)]
SLOWER_MS = [40 * n + 10 * max(0, min(n - 210, 100)) for n in range(500)]
LIVELY, STANDING = [1000] * 49, [1000] * 20 + [30] * 29
PYRAMID = [30, 1000] * 24 + [30]


@pytest.mark.parametrize(
    ("pts_ms", "groups", "odd"),
    [
        (EVEN_MS, [LIVELY] * 10, []),
        (EVEN_MS, [LIVELY] * 4 + [STANDING] + [LIVELY] * 5, [3, 4]),
        (EVEN_MS, [LIVELY] * 4 + [[3000] * 49] + [LIVELY] * 5, [3, 4]),
        (EVEN_MS, [PYRAMID] * 10, []),
        (SLOWER_MS, [LIVELY] * 10, [2, 3, 4, 5, 6]),
    ],
    ids=["clean", "pictures stand", "packets swell", "small packets everywhere", "another rate"],
)
def test_packets_alone_are_suspicious(pts_ms: list[int], groups: list[list[int]], odd: list[int]) -> None:
    sizes = [size for group in groups for size in (8000, *group)]
    assert np.flatnonzero(Patrol.of(_packets(pts_ms, sizes, 50)).odd).tolist() == odd


def test_key_frames_alone_say_nothing_of_what_lies_between() -> None:
    assert not Patrol.of(_packets(EVEN_MS, [8000] * 500, 1)).odd.any()


def test_a_patrol_keeps_no_series(clean_film: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no series"):
        scan(str(clean_film), load_profile(), mode=Mode.PATROL, keep_series=tmp_path / "kept")
