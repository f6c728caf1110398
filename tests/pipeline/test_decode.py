"""Whatever the codec, the pixel format and the sample format: what was written is what is measured."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from av.video.format import names  # type: ignore[attr-defined]

from pipeline.decode import LoudnessReading, Picture, Sound
from pipeline.decode.pixels import PlaneReader
from pipeline.model import Fault, FaultKind
from tests.clips import Part, deep, flat, full_swing, moving, muted, programme, rotate_mp4, scene, write_clip
from tests.clips import Sound as Track
from tests.pipeline.scans import decoded, found, intervals, scanned

BLACK = Part("black", 0.4, 2.8)


def pictures_of(path: Path) -> list[Picture]:
    items = decoded(path)
    assert not [item for item in items if isinstance(item, Fault)]
    return [item for item in items if isinstance(item, Picture)]


def sound_of(path: Path) -> tuple[np.ndarray, list[Sound]]:
    """All samples of the one track, (channels, n), and the frames that they came in."""
    frames = [item for item in decoded(path) if isinstance(item, Sound)]
    return np.concatenate([frame.samples for frame in frames], axis=1), frames


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "chroma"),
    [
        ("a.mp4", "libx264", "yuv420p", (45, 80)),
        ("a.mp4", "libx264", "yuv422p", (90, 80)),
        ("a.mp4", "libx264", "yuv444p", (90, 160)),
        ("a.mkv", "ffv1", "yuv420p", (45, 80)),
        ("a.mkv", "ffv1", "yuv411p", (90, 40)),
        ("a.mkv", "ffv1", "yuv410p", (23, 40)),
        ("a.mkv", "ffv1", "yuva420p", (45, 80)),
        ("a.nut", "rawvideo", "nv12", (45, 80)),
        ("a.nut", "rawvideo", "nv21", (45, 80)),
    ],
)
def test_luma_is_handed_out_as_it_was_written(
    tmp_path: Path, name: str, codec: str, pixel_format: str, chroma: tuple[int, int]
) -> None:
    written = list(moving(6))
    read = pictures_of(write_clip(tmp_path / name, pictures=written, codec=codec, pixel_format=pixel_format))
    assert len(read) == len(written)
    for before, after in zip(written, read, strict=True):
        assert np.array_equal(before.luma, after.luma)
        assert after.bits == 8
        assert after.u is not None and after.v is not None
        assert after.u.shape == after.v.shape == chroma
        # Red ball, bluish top: V and U are not taken for each other.
        assert float(after.v.mean()) > float(after.u.mean()) + 5
        assert not after.full_range


@pytest.mark.parametrize(("codec", "pixel_format"), [("libx264", "yuv420p"), ("mjpeg", "yuvj422p")])
def test_full_range_is_told(tmp_path: Path, codec: str, pixel_format: str) -> None:
    written = [full_swing(picture) for picture in moving(3)]
    path = write_clip(
        tmp_path / "a.mkv", pictures=written, codec=codec, pixel_format=pixel_format, full_range=True
    )
    for before, after in zip(written, pictures_of(path), strict=True):
        assert after.full_range
        assert float(after.luma.mean()) == pytest.approx(float(before.luma.mean()), abs=1)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p10le", "yuv444p10le"])
def test_deep_luma_is_handed_out_as_it_was_written(tmp_path: Path, pixel_format: str) -> None:
    written = [deep(picture) for picture in moving(4)]
    path = write_clip(tmp_path / "a.mkv", pictures=written, codec="ffv1", pixel_format=pixel_format)
    for before, after in zip(written, pictures_of(path), strict=True):
        assert after.bits == 10
        assert np.array_equal(before.luma, after.luma)


def patch(luma: int, u: int = 128, v: int = 128) -> av.VideoFrame:
    """A frame of one colour, 64x48, in 8-bit 4:4:4 of limited range."""
    frame = av.VideoFrame(64, 48, "yuv444p")
    for plane, code in zip(frame.planes, (luma, u, v), strict=True):
        plane.update(bytes([code]) * plane.buffer_size)
    frame.color_range = 1
    return frame


UNREADABLE = frozenset({"rgb4", "bgr4"})
"""swscale writes these and cannot read them; no decoder gives them."""
COARSE = re.compile(r"^(rgb|bgr)(8|4_byte|444|555|565)")


def as_format(name: str) -> list[av.VideoFrame]:
    """A black and a white frame of a pixel format; none where nothing here writes it."""
    try:
        return [patch(luma).reformat(format=name) for luma in (16, 235)]
    except (av.error.FFmpegError, OSError, ValueError):
        return []


def test_black_and_white_in_any_pixel_format() -> None:
    """Black is read as the black and white as the white of the range that is told."""
    frames = {name: as_format(name) for name in sorted(names - UNREADABLE)}
    assert sum(map(bool, frames.values())) > 150
    for name, pair in frames.items():
        for frame, white in zip(pair, (False, True), strict=bool(pair)):
            luma, u, v, bits, full_range = PlaneReader().read(frame)
            assert luma.shape == (48, 64), name
            assert luma.dtype == (np.uint8 if bits == 8 else np.uint16), name
            level = float(luma.mean()) / 2 ** (bits - 8)
            # Grey is of full range to swscale whatever is said of it.
            full_range = full_range or name.startswith("mono") or u is None
            expected = (255 if full_range else 235) if white else (0 if full_range else 16)
            assert level == pytest.approx(expected, abs=14 if COARSE.match(name) else 2), name
            for plane in (u, v):
                assert plane is None or float(plane.mean()) / 2 ** (bits - 8) == pytest.approx(128, abs=5), (
                    name
                )


@pytest.mark.parametrize(
    "name", ["nv12", "nv21", "nv16", "nv24", "nv42", "yuv410p", "yuyv422", "rgb24", "p010le"]
)
def test_u_and_v_are_not_taken_for_each_other(name: str) -> None:
    _, u, v, bits, _ = PlaneReader().read(patch(120, 100, 170).reformat(format=name))
    assert u is not None and v is not None
    assert float(u.mean()) / 2 ** (bits - 8) == pytest.approx(100, abs=3)
    assert float(v.mean()) / 2 ** (bits - 8) == pytest.approx(170, abs=3)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mov", "png", "rgb24"),
        ("a.mov", "png", "rgba"),
        ("a.mov", "png", "rgb48be"),
        ("a.mov", "qtrle", "rgb24"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.mkv", "ffv1", "gbrp10le"),
        ("a.avi", "rawvideo", "bgr24"),
        ("a.avi", "utvideo", "gbrp"),
        ("a.gif", "gif", "rgb8"),
    ],
)
def test_rgb_as_decoders_give_it(tmp_path: Path, name: str, codec: str, pixel_format: str) -> None:
    """Upside down, with a palette, said to be of full range: white is the white of the range told."""
    pictures = [next(flat(1, code, 128, 128)) for code in (16, 235)] * 3
    read = pictures_of(write_clip(tmp_path / name, pictures=pictures, codec=codec, pixel_format=pixel_format))
    for picture, white in zip(read, [False, True] * 3, strict=True):
        level = float(picture.luma.mean()) / 2 ** (picture.bits - 8)
        low, high = (0, 255) if picture.full_range else (16, 235)
        assert level == pytest.approx(high if white else low, abs=2)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuvj420p"),
        ("a.mp4", "libx264", "yuv444p10le"),
        ("a.mp4", "libx264", "gray"),
        ("a.nut", "rawvideo", "nv12"),
        ("a.mkv", "ffv1", "gray16le"),
        ("a.mov", "qtrle", "rgb24"),
        ("a.mov", "png", "rgb24"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.gif", "gif", "rgb8"),
    ],
)
def test_black_is_found_in_any_format(tmp_path: Path, name: str, codec: str, pixel_format: str) -> None:
    full_range = pixel_format.startswith("yuvj")
    pictures = scene([n / 25 for n in range(85)], [BLACK])
    if full_range:
        pictures = [full_swing(picture) for picture in pictures]
    elif pixel_format == "yuv444p10le":
        pictures = [deep(picture) for picture in pictures]
    path = write_clip(
        tmp_path / name, pictures=pictures, codec=codec, pixel_format=pixel_format, full_range=full_range
    )
    result = scanned(path)
    assert found(result) == [("black", "v:0")]
    assert intervals(result, "black") == [pytest.approx((0.4, 2.8), abs=0.011)]


@pytest.mark.parametrize("size", [(161, 91), (15, 9), (33, 200), (2, 2), (1, 1), (64, 1), (17, 16)])
def test_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    written = [picture.luma for picture in moving(4, width, height)]
    path = write_clip(tmp_path / "a.mkv", pictures=written, codec="ffv1", pixel_format="yuv444p")
    read = pictures_of(path)
    assert all(np.array_equal(a, b.luma) for a, b in zip(written, read, strict=True))
    assert scanned(path).status == "ok"


def test_full_range_black_is_zero_and_limited_sixteen(tmp_path: Path) -> None:
    """Code 30 is dark in both ranges, and nowhere near flat black in full range."""
    flats = {}
    for full_range in (False, True):
        path = write_clip(
            tmp_path / f"{full_range}.mkv",
            pictures=flat(60, 20, 128, 128),
            codec="ffv1",
            full_range=full_range,
        )
        [event] = scanned(path).events
        assert event.check == "black"
        flats[full_range] = event.evidence["flat_black_share"]
    assert flats == {False: 1.0, True: 0.0}


def test_rotation_changes_neither_picture_nor_events(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", pictures=scene([n / 25 for n in range(100)], [BLACK]))
    upright = scanned(path)
    rotate_mp4(path, 90)
    assert [(e.check, e.start_s, e.end_s) for e in scanned(path).events] == [
        (e.check, e.start_s, e.end_s) for e in upright.events
    ]


@pytest.mark.parametrize("name", ["a.ts", "a.h264"])
def test_pictures_change_size_half_way(tmp_path: Path, name: str) -> None:
    """Nothing is made of the change itself, and a defect that goes across it is one defect."""
    clean = [*moving(50), *moving(50, 128, 72, first=50)]
    assert found(scanned(write_clip(tmp_path / f"clean-{name}", pictures=clean))) == []
    dark = [*moving(10), *flat(30, 16, 128, 128), *flat(35, 16, 128, 128, 128, 72), *moving(10, 128, 72)]
    result = scanned(write_clip(tmp_path / name, pictures=dark))
    assert found(result) == [("black", "v:0")]
    assert intervals(result, "black") == [pytest.approx((0.4, 3.0), abs=0.001)]


@pytest.mark.parametrize("bits", [8, 10])
def test_depth_changes_no_figure(tmp_path: Path, bits: int) -> None:
    pictures = scene([n / 25 for n in range(100)], [BLACK])
    if bits == 10:
        pictures = [deep(picture) for picture in pictures]
    path = write_clip(
        tmp_path / "a.mkv",
        pictures=pictures,
        codec="ffv1",
        pixel_format="yuv420p" if bits == 8 else "yuv420p10le",
    )
    [event] = scanned(path).events
    assert event.evidence["luma_mean"] == 16.0
    assert event.evidence["luma_std"] == 0.0
    assert event.value == 1.0


def test_a_pixel_format_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """The sound beside it is assessed all the same."""
    path = write_clip(
        tmp_path / "a.nut",
        pictures=moving(50),
        codec="rawvideo",
        pixel_format="rgb4",
        sound=muted(programme(4.0), 1.0, 3.5),
    )
    faults = [item for item in decoded(path) if isinstance(item, Fault)]
    assert len(faults) == 50
    assert {(fault.kind, fault.stream) for fault in faults} == {(FaultKind.DECODE_ERROR, "v:0")}
    assert {check for check, _ in found(scanned(path))} == {"decode_error", "missing_track", "silence"}


@pytest.mark.parametrize(
    ("codec", "step"),
    [
        ("pcm_u8", 2**-7),
        ("pcm_s8", 2**-7),
        ("pcm_s16le", 2**-15),
        ("pcm_s16be", 2**-15),
        ("pcm_s24le", 2**-22),
        ("pcm_s32le", 2**-22),
        ("pcm_f32le", 2**-22),
        ("pcm_f64le", 2**-22),
        ("pcm_s64le", 2**-22),
        ("flac", 2**-15),
        ("alac", 2**-15),
    ],
)
def test_samples_come_out_as_they_were_written(tmp_path: Path, codec: str, step: float) -> None:
    track = replace(programme(0.5, dbfs=-12.0), codec=codec)
    read, frames = sound_of(
        write_clip(
            tmp_path / "a.nut" if codec in ("pcm_s8", "pcm_s64le") else tmp_path / "a.mkv", sound=track
        )
    )
    assert read.dtype == np.float32
    assert read == pytest.approx(track.samples, abs=1.01 * step)
    assert frames[0].rate_hz == 48_000
    assert frames[0].full_scale <= 1.0


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_f64le", "flac"])
def test_silence_and_clipping_in_any_sample_format(tmp_path: Path, codec: str) -> None:
    quiet = muted(programme(5.0, dbfs=-20.0), 1.0, 3.5)
    path = write_clip(tmp_path / "quiet.mkv", sound=replace(quiet, codec=codec))
    assert intervals(scanned(path), "silence") == [pytest.approx((1.0, 3.5), abs=0.02)]
    samples = np.clip(programme(2.0, dbfs=-20.0).samples * np.linspace(1, 60, 96_000), -1, 1)
    loud = write_clip(tmp_path / "loud.mkv", sound=Track(samples.astype(np.float32), codec=codec))
    assert "clipping" in {check for check, _ in found(scanned(loud))}


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 88_200, 96_000, 192_000])
def test_any_sample_rate(tmp_path: Path, rate_hz: int) -> None:
    sound = muted(programme(4.0, rate_hz=rate_hz), 1.0, 3.2)
    result = scanned(write_clip(tmp_path / "a.wav", sound=sound))
    assert found(result) == [("silence", "a:0")]
    assert intervals(result, "silence") == [pytest.approx((1.0, 3.2), abs=0.02)]
    assert result.covered_s == pytest.approx(4.0, abs=1e-6)


@pytest.mark.parametrize(
    ("channels", "layout"),
    [(1, "mono"), (2, "stereo"), (3, "2.1"), (4, "quad"), (5, "5.0"), (6, "5.1"), (7, "6.1"), (8, "7.1")],
)
def test_any_layout(tmp_path: Path, channels: int, layout: str) -> None:
    sound = replace(muted(programme(5.0, channels=channels, dbfs=-32.0), 1.0, 3.5), layout=layout)
    result = scanned(write_clip(tmp_path / "a.wav", sound=sound))
    assert found(result) == [("silence", "a:0")]
    assert result.media is not None
    assert result.media.streams[0].channels == channels
    [loudness] = result.loudness
    assert loudness.integrated_lufs is not None


def test_more_channels_than_a_layout_has_names_for(tmp_path: Path) -> None:
    sound = replace(programme(6.0, channels=16, dbfs=-32.0), layout="hexadecagonal")
    dead = muted(sound, 0.0, 6.0, channel=11)
    result = scanned(write_clip(tmp_path / "a.mkv", sound=dead))
    assert found(result) == [("channel_silence", "a:0")]
    assert result.events[0].evidence["channel"] == "channel 12"


@pytest.mark.parametrize(("channels", "layout"), [(8, "7.1"), (16, "hexadecagonal")])
@pytest.mark.parametrize("codec", ["libopus", "wavpack"])
def test_many_planes(tmp_path: Path, codec: str, channels: int, layout: str) -> None:
    """Planar frames of eight channels and more: PyAV itself reads behind the end of their planes."""
    track = replace(programme(1.0, channels=channels), layout=layout, codec=codec)
    if codec == "libopus":
        track = replace(track, options={"mapping_family": "255"})
    read, frames = sound_of(write_clip(tmp_path / "a.mkv", sound=track))
    assert read.shape[0] == channels
    assert all(frame.samples.shape[1] > 0 for frame in frames)
    levels = np.sqrt((read**2).mean(axis=1))
    assert levels == pytest.approx(np.sqrt((track.samples**2).mean(axis=1)), rel=0.1)


def test_several_tracks_are_told_apart(tmp_path: Path) -> None:
    tracks = [programme(5.0, channels=n, seed=n, dbfs=-30.0) for n in (1, 2, 6)]
    tracks[1] = replace(muted(tracks[1], 1.0, 4.0), language="deu")
    result = scanned(write_clip(tmp_path / "a.mkv", pictures=moving(125), sound=tracks))
    assert found(result) == [("silence", "a:1")]
    assert result.media is not None
    assert [stream.id for stream in result.media.streams] == ["v:0", "a:0", "a:1", "a:2"]
    assert result.media.streams[2].language == "deu"
    assert [loudness.stream for loudness in result.loudness] == ["a:0", "a:1", "a:2"]


def test_loudness_readings_come_every_tenth_of_a_second(tmp_path: Path) -> None:
    items = decoded(write_clip(tmp_path / "a.wav", sound=programme(3.0)))
    readings = [item for item in items if isinstance(item, LoudnessReading)]
    assert len(readings) == 30
    assert np.diff([reading.start_s for reading in readings]) == pytest.approx(0.1)
    assert readings[-1].end_s == pytest.approx(3.0)


def test_variable_rate_has_each_picture_at_its_time(tmp_path: Path) -> None:
    pts = [0, 3000, 9000, 12_000, 48_000, 49_500, 90_000]
    read = pictures_of(write_clip(tmp_path / "a.mp4", pictures=moving(7), pts=pts))
    assert [picture.start_s for picture in read] == pytest.approx([tick / 90_000 for tick in pts])


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(50)])
def test_pictures_and_sounds_come_in_the_order_of_their_stream(tmp_path: Path, rate: Fraction) -> None:
    path = write_clip(tmp_path / "a.mp4", rate=rate, pictures=moving(50), sound=programme(50 / float(rate)))
    items = decoded(path)
    for kind in (Picture, Sound, LoudnessReading):
        starts = [item.start_s for item in items if isinstance(item, kind)]
        assert starts == sorted(starts)
        assert starts[0] == pytest.approx(0.0, abs=0.001)
