"""What is written is what a decoder hands out: every sample of luma, at the time that was asked for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Picture, deep, full_swing, moving, programme, rotate_mp4, write_clip


def _decoded(path: Path, dtype: type) -> tuple[list[np.ndarray], list[float]]:
    planes, times = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
            planes.append(rows[:, : plane.width].copy())
            times.append(float(frame.time or 0.0))
    return planes, times


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv", "clip.ts"])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(50)])
def test_luma_and_times_come_back(tmp_path: Path, name: str, rate: Fraction) -> None:
    pictures = list(moving(10))
    path = write_clip(tmp_path / name, rate=rate, pictures=pictures, sound=programme(0.3))
    planes, times = _decoded(path, np.uint8)
    assert all(np.array_equal(plane, picture.luma) for plane, picture in zip(planes, pictures, strict=True))
    spaced = np.array(times) - times[0]
    assert spaced == pytest.approx(np.arange(10) / float(rate), abs=6e-4)


@pytest.mark.parametrize(
    ("pixel_format", "codec"),
    [("yuv420p10le", "libx264"), ("yuv422p10le", "libx264"), ("yuv420p10le", "libx265")],
)
def test_ten_bits_come_back(tmp_path: Path, pixel_format: str, codec: str) -> None:
    pictures = [deep(picture) for picture in moving(5)]
    path = write_clip(tmp_path / "deep.mp4", pictures=pictures, pixel_format=pixel_format, codec=codec)
    planes, _ = _decoded(path, np.uint16)
    assert all(np.array_equal(plane, picture.luma) for plane, picture in zip(planes, pictures, strict=True))


def test_full_range_is_declared(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "full.mp4", pictures=map(full_swing, moving(3)), full_range=True)
    with av.open(str(path)) as container:
        assert int(next(container.decode(video=0)).color_range) == 2


def test_time_stamps_may_be_uneven(tmp_path: Path) -> None:
    pts = [0, 3000, 9000, 12_000, 20_000]
    path = write_clip(tmp_path / "vfr.mp4", pictures=moving(5), pts=pts)
    assert _decoded(path, np.uint8)[1] == pytest.approx([tick / 90_000 for tick in pts])


def test_pictures_may_change_their_size_in_a_transport_stream(tmp_path: Path) -> None:
    pictures = [*moving(5), *moving(5, 128, 72)]
    planes, _ = _decoded(write_clip(tmp_path / "sizes.ts", pictures=pictures), np.uint8)
    assert [plane.shape for plane in planes] == [(90, 160)] * 5 + [(72, 128)] * 5
    with pytest.raises(ValueError, match="several sizes"):
        write_clip(tmp_path / "sizes.mp4", pictures=pictures)


def test_rotation_is_declared(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "turned.mp4", pictures=moving(3))
    rotate_mp4(path, 90)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).rotation == -90


def test_every_track_comes_back(tmp_path: Path) -> None:
    tracks = [programme(0.5, channels=channels, seed=channels) for channels in (1, 2, 6)]
    path = write_clip(tmp_path / "tracks.mkv", pictures=moving(10), sound=tracks)
    with av.open(str(path)) as container:
        assert [stream.channels for stream in container.streams.audio] == [1, 2, 6]


def test_a_luma_plane_alone_has_no_colour(tmp_path: Path) -> None:
    grey = np.full((90, 160), 100, np.uint8)
    path = write_clip(tmp_path / "grey.mp4", pictures=[grey, Picture(grey, grey, grey)])
    with av.open(str(path)) as container:
        chroma = [
            frame.planes[1].buffer_size and bytes(frame.planes[1])[0] for frame in container.decode(video=0)
        ]
    assert chroma == [128, 100]
