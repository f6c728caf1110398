"""Stills against clips whose every picture says its own number in its luma."""

import io
import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.decode.stills import Still, grab

RATE = 25
COUNT = 50


def write_clip(path: Path, *, size: tuple[int, int] = (64, 48), gop: int = 12, origin_s: int = 0) -> Path:
    """Picture ``n`` is a flat grey of 20 + 4 n, and lasts from n / 25 s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "8", "preset": "ultrafast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        for number in range(COUNT):
            grey = np.full((size[1], size[0], 3), 20 + 4 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts = number + origin_s * RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def number_of(still: Still) -> int:
    """Which picture of the clip a still shows."""
    return round((pixels_of(still).mean() - 19) / 4)


def pixels_of(still: Still) -> np.ndarray:
    """Luma of a still: (height, width) uint8."""
    with av.open(io.BytesIO(still.jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="gray")


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.h264"])
def test_shows_the_picture_of_that_time(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name)
    stills = grab(str(clip), "v:0", [0.0, 0.08, 0.119, 0.99, 1.0, 1.9])
    assert [number_of(still) for still in stills] == [0, 2, 24, 25, 47]
    assert [still.time_s for still in stills] == pytest.approx([0.0, 0.08, 0.96, 1.0, 1.88], abs=0.002)


@pytest.mark.parametrize("origin_s", [0, 7, 3600])
def test_counts_from_the_start_of_the_container(tmp_path: Path, origin_s: int) -> None:
    clip = write_clip(tmp_path / "late.ts", origin_s=origin_s)
    (still,) = grab(str(clip), "v:0", [0.4])
    assert number_of(still) == 10
    assert still.time_s == pytest.approx(0.4, abs=0.002)


def test_order_and_repeats_do_not_matter(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    assert [number_of(still) for still in grab(str(clip), "v:0", [1.6, 0.4, 0.41, 1.6])] == [10, 40]


def test_after_the_end_is_the_last_picture_and_before_the_start_none(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    assert [number_of(still) for still in grab(str(clip), "v:0", [99.0])] == [COUNT - 1]
    assert grab(str(clip), "v:0", [-1.0]) == []


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 360), (320, 180)), ((360, 640), (180, 320)), ((2, 640), (20, 320))]
)
def test_long_side_is_the_width(tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]) -> None:
    (still,) = grab(str(write_clip(tmp_path / "clip.mp4", size=size)), "v:0", [0.0])
    assert (still.width, still.height) == expected
    assert pixels_of(still).shape == (expected[1], expected[0])


def test_turns_pictures_upright(tmp_path: Path) -> None:
    """A clip with a white top, stored lying on its side, has its top on top again."""
    lying, upright = tmp_path / "lying.mp4", tmp_path / "upright.mp4"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    source = "color=black:s=128x64:r=25:d=0.4,drawbox=0:0:32:64:white:fill"
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", lying], check=True)
    subprocess.run([*ffmpeg, "-display_rotation", "-90", "-i", lying, "-c", "copy", upright], check=True)
    (still,) = grab(str(upright), "v:0", [0.2])
    assert (still.width, still.height) == (160, 320)
    pixels = pixels_of(still)
    assert pixels[:60].min() > 200
    assert pixels[100:].max() < 50


def test_damage_costs_pictures_not_the_rest(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.ts")
    raw = bytearray(clip.read_bytes())
    middle = len(raw) // 2 // 188 * 188
    raw[middle : middle + 188 * 6] = bytes(188 * 6)
    clip.write_bytes(raw)
    assert number_of(grab(str(clip), "v:0", [0.2, 1.8])[0]) == 5


@pytest.mark.parametrize(
    ("content", "stream"),
    [(None, "v:0"), (b"", "v:0"), (b"hello, no video here\n", "v:0"), (bytes(4096), "v:0")],
)
def test_what_cannot_be_read_gives_nothing(tmp_path: Path, content: bytes | None, stream: str) -> None:
    path = tmp_path / "broken.mp4"
    if content is not None:
        path.write_bytes(content)
    assert grab(str(path), stream, [0.0, 1.0]) == []


@pytest.mark.parametrize("stream", ["v:1", "a:0", "*", ""])
def test_an_absent_stream_gives_nothing(tmp_path: Path, stream: str) -> None:
    assert grab(str(write_clip(tmp_path / "clip.mp4")), stream, [0.0]) == []


def test_no_times_no_pictures(tmp_path: Path) -> None:
    assert grab(str(write_clip(tmp_path / "clip.mp4")), "v:0", [float("nan")]) == []
