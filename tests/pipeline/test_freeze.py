"""A freeze as encoders leave it, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import Part, Picture, flat, moving, scene, write_clip
from tests.pipeline.scans import found, intervals, scanned

RATE = 25
FRAME_S = 1 / RATE
SIZE = (180, 320)
CODINGS = [(18, 25), (18, 50), (30, 25), (30, 50)]
"""Quality (CRF) and GOP."""

Luma = NDArray[np.float64]


def texture(height: int, width: int, seed: int = 7) -> Luma:
    """A picture with the spectrum of natural ones (amplitude falls with frequency), mean 115."""
    rng = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    slope = 1 / np.maximum(np.hypot(rows, columns), 1 / max(height, width))
    spectrum = np.fft.rfft2(rng.normal(size=(height, width))) * slope
    spectrum[0, 0] = 0
    values = np.fft.irfft2(spectrum, (height, width))
    return np.asarray(115 + 38 * values / values.std())


def shifted(image: Luma, rows: float, columns: float) -> Luma:
    """The image moved by parts of a sample, round its edges."""
    ramp = np.fft.fftfreq(image.shape[0])[:, None] * rows + np.fft.rfftfreq(image.shape[1])[None, :] * columns
    return np.asarray(np.fft.irfft2(np.fft.rfft2(image) * np.exp(-2j * np.pi * ramp), image.shape))


def picture(luma: Luma) -> Picture:
    codes = np.clip(np.rint(luma), 16, 235).astype(np.uint8)
    colour = np.full(luma.shape, 120, np.uint8), np.full(luma.shape, 135, np.uint8)
    return Picture(codes, *colour)


def encode(
    path: Path, pictures: Iterable[Picture], crf: int | None, gop: int = 25, preset: str = "veryfast"
) -> Path:
    """H.264 as it is sent; without a CRF lossless."""
    options = None if crf is None else {"preset": preset, "crf": str(crf)}
    return write_clip(path, rate=RATE, pictures=pictures, options=options, gop=gop)


def grain(count: int, sigma: float, seed: int = 11) -> Iterator[Luma]:
    rng = np.random.default_rng(seed)
    return (rng.normal(0, sigma, SIZE) for _ in range(count))


@pytest.mark.parametrize(("crf", "gop"), CODINGS)
def test_an_encoded_freeze_is_one_event_to_the_frame(tmp_path: Path, crf: int, gop: int) -> None:
    """Key frames draw the still again, and P frames refine it: it is one freeze all the same."""
    pictures = scene([n / RATE for n in range(200)], [Part("freeze", 1.52, 6.52)], 320, 180)
    result = scanned(encode(tmp_path / "a.mp4", pictures, crf, gop))
    assert found(result) == [("freeze", "v:0")]
    assert intervals(result, "freeze") == [pytest.approx((1.52, 6.52), abs=FRAME_S + 1e-3)]


@pytest.mark.parametrize(("crf", "gop"), [(18, 50), (30, 25)])
def test_an_encoded_freeze_of_a_natural_picture(tmp_path: Path, crf: int, gop: int) -> None:
    image = texture(*SIZE)
    offsets = [*range(40), *[40] * 125, *range(41, 76)]
    pictures = (picture(np.roll(image, (n, 2 * n), (0, 1))) for n in offsets)
    result = scanned(encode(tmp_path / "a.mp4", pictures, crf, gop))
    assert found(result) == [("freeze", "v:0")]
    assert intervals(result, "freeze") == [pytest.approx((1.6, 6.6), abs=FRAME_S + 1e-3)]


@pytest.mark.parametrize(
    ("sigma", "crf"),
    [(0.5, None), (0.5, 30), (1.5, None), (1.5, 18), (1.5, 30)],
)
def test_a_still_under_grain_is_frozen(tmp_path: Path, sigma: float, crf: int | None) -> None:
    """FFmpeg's freezedetect finds none of these."""
    image = texture(*SIZE)
    offsets = [*range(30), *[30] * 90, *range(31, 61)]
    pictures = (
        picture(np.roll(image, (n, 2 * n), (0, 1)) + noise)
        for n, noise in zip(offsets, grain(150, sigma), strict=True)
    )
    result = scanned(encode(tmp_path / "a.mp4", pictures, crf))
    assert found(result) == [("freeze", "v:0")]
    assert intervals(result, "freeze") == [pytest.approx((1.2, 4.8), abs=FRAME_S + 1e-3)]


@pytest.mark.parametrize("crf", [None, 30])
@pytest.mark.parametrize("corner", [(8, 8), (300, 560), (200, 311)])
def test_a_still_with_a_running_clock_is_frozen(
    tmp_path: Path, corner: tuple[int, int], crf: int | None
) -> None:
    """The clock covers one part in a hundred of the picture, wherever it stands among the blocks."""
    image = texture(360, 640)
    digits = [texture(36, 64, seed=n) * 1.5 - 60 for n in range(10)]

    def still(n: int) -> Picture:
        luma = image.copy()
        luma[corner[0] : corner[0] + 36, corner[1] : corner[1] + 64] = digits[n // 5 % 10]
        return picture(luma)

    result = scanned(encode(tmp_path / "a.mp4", map(still, range(80)), crf))
    assert found(result) == [("freeze", "v:0")]
    assert intervals(result, "freeze") == [pytest.approx((0.0, 3.2), abs=FRAME_S + 1e-3)]


@pytest.mark.parametrize(("crf", "gop"), [(18, 25), (30, 50)])
def test_a_cut_between_two_stills(tmp_path: Path, crf: int, gop: int) -> None:
    """One freeze or two: together they cover both stills."""
    stills = [picture(texture(*SIZE, seed=seed)) for seed in (1, 2)]
    result = scanned(encode(tmp_path / "a.mp4", [stills[0]] * 75 + [stills[1]] * 75, crf, gop))
    freezes = intervals(result, "freeze")
    assert len(freezes) in (1, 2)
    assert freezes[0][0] == pytest.approx(0.0, abs=1e-3)
    assert freezes[-1][1] == pytest.approx(6.0, abs=1e-3)
    if len(freezes) == 2:
        assert freezes[0][1] == pytest.approx(3.0, abs=FRAME_S + 1e-3)
        assert freezes[1][0] == pytest.approx(3.0, abs=FRAME_S + 1e-3)


def pan(rows: float, columns: float) -> Callable[[], Iterator[Luma]]:
    def pictures() -> Iterator[Luma]:
        image = texture(*SIZE)
        return (shifted(image, n * rows, n * columns) for n in range(120))

    return pictures


def fade(start: float, stop: float, count: int) -> Callable[[], Iterator[Luma]]:
    def pictures() -> Iterator[Luma]:
        image = texture(*SIZE)
        for level in np.linspace(start, stop, count):
            yield 16 + (image - 16) * level

    return pictures


def zoom() -> Iterator[Luma]:
    """Two per cent a second."""
    image = texture(*SIZE)
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float64)
    for n in range(100):
        scale = 1 + 0.0008 * n
        y = np.clip((rows - 90) / scale + 90, 0, 179)
        x = np.clip((columns - 160) / scale + 160, 0, 319)
        yield image[np.rint(y).astype(int), np.rint(x).astype(int)]


def talking_head() -> Iterator[Luma]:
    """A face of 5 % of the picture that sways by two samples and opens its mouth, before a still wall."""
    wall, face = texture(*SIZE) * 0.3 + 60, texture(*SIZE, seed=3)
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    for n in range(120):
        dx, dy = 2 * np.sin(2 * np.pi * n / 40), 1.2 * np.sin(2 * np.pi * n / 27)
        # Half axes 26 and 35: 2860 of 57600 samples.
        inside = ((columns - 150.3 - dx) / 26) ** 2 + ((rows - 80.7 - dy) / 35) ** 2 < 1
        mouth = ((columns - 150.3 - dx) / 9) ** 2 + (
            (rows - 100.7 - dy) / (1.5 + 3 * abs(np.sin(n / 3)))
        ) ** 2 < 1
        yield np.where(mouth, 40, np.where(inside, shifted(face, dy, dx) + 30, wall))


def grainy_motion() -> Iterator[Luma]:
    image = texture(*SIZE)
    for n, noise in enumerate(grain(120, 3.0)):
        yield shifted(image, 0, 0.5 * n) + noise


def walker() -> Iterator[Luma]:
    """Someone of 1 % of the picture who walks across a wide plain, at a twelfth of its width a second."""
    plain = texture(*SIZE) * 0.1 + 180
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    for n, noise in enumerate(grain(150, 1.3)):
        inside = np.hypot((rows - 100 - 2 * np.sin(n / 3)) / 2, columns - 30 - 1.1 * n) < 9
        yield np.where(inside, 70, plain) + noise


MOVING: dict[str, Callable[[], Iterator[Luma]]] = {
    "pan of 1 sample": pan(0, 1),
    "pan of a quarter sample": pan(0, 0.25),
    "tilt of a quarter sample": pan(0.25, 0),
    "zoom": zoom,
    "fade in over 2.5 s": fade(0, 1, 63),
    "fade out over 4 s": fade(1, 0.05, 100),
    "fade by half over 4 s": fade(1, 0.5, 100),
    "talking head": talking_head,
    "grain over a pan": grainy_motion,
    "a walker on a plain": walker,
}


@pytest.mark.parametrize("crf", [18, 30])
@pytest.mark.parametrize("motion", MOVING)
def test_slow_and_small_movement_is_not_frozen(tmp_path: Path, motion: str, crf: int | None) -> None:
    result = scanned(encode(tmp_path / "a.mp4", map(picture, MOVING[motion]()), crf))
    assert intervals(result, "freeze") == []


@pytest.mark.parametrize("motion", ["pan of a quarter sample", "fade out over 4 s", "talking head"])
def test_nor_where_every_picture_is_a_key_frame(tmp_path: Path, motion: str) -> None:
    path = encode(tmp_path / "a.mp4", map(picture, MOVING[motion]()), 18, gop=1)
    assert intervals(scanned(path), "freeze") == []


@pytest.mark.parametrize("crf", [18, 30])
def test_a_still_of_key_frames_alone_is_frozen(tmp_path: Path, crf: int) -> None:
    image = texture(*SIZE)
    offsets = [*range(30), *[30] * 90, *range(31, 61)]
    pictures = (picture(np.roll(image, (n, 2 * n), (0, 1))) for n in offsets)
    result = scanned(encode(tmp_path / "a.mp4", pictures, crf, gop=1))
    assert intervals(result, "freeze") == [pytest.approx((1.2, 4.8), abs=FRAME_S + 1e-3)]


@pytest.mark.parametrize("crf", [None, 30])
@pytest.mark.parametrize("luma", [16, 126])
def test_black_and_plain_pictures_are_not_frozen(tmp_path: Path, luma: int, crf: int | None) -> None:
    """They have nothing that could move; another check speaks of them."""
    pictures = [*moving(25), *flat(75, luma, 128, 128), *moving(25)]
    result = scanned(encode(tmp_path / "a.mp4", pictures, crf))
    assert found(result) == [("black" if luma == 16 else "solid_color", "v:0")]


def test_a_still_at_the_very_start_and_end(tmp_path: Path) -> None:
    image = texture(*SIZE)
    offsets = [*[0] * 60, *range(60), *[60] * 60]
    pictures = (picture(np.roll(image, (n, n), (0, 1))) for n in offsets)
    result = scanned(encode(tmp_path / "a.mp4", pictures, 23))
    assert intervals(result, "freeze") == [
        pytest.approx((0.0, 2.4), abs=FRAME_S + 1e-3),
        pytest.approx((4.76, 7.2), abs=FRAME_S + 1e-3),
    ]
