"""Picture defects of quality and delivery: focus, fields, levels, bars, flashes, noise, compression."""

from __future__ import annotations

from collections.abc import Sequence

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from evals.detect.canvas import byte
from evals.detect.losses import truth_of
from evals.detect.values import Clip, Part, Truth
from evals.writer import Picture

__all__ = [
    "blockiness",
    "blur",
    "borders",
    "flash",
    "flicker",
    "interlace",
    "levels",
    "noise",
    "planes_of",
    "red_flash",
]


def _paler(chroma: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    """Chroma of a picture whose light has that gain: a dim colour that stays as strong is none of RGB."""
    return 128 + (chroma - 128) * np.float32(gain)


def blur(clip: Clip, part: Part) -> list[Truth]:
    """Out of focus: a Gaussian whose deviation is 0.75, 0.5 or 0.33 % of the width."""
    sigma = clip.pictures[0].luma.shape[1] * part.pick(0.0075, 0.005, 0.0033)
    for n in part.frames(clip):
        planes = planes_of(clip.pictures[n])
        soft = [
            gaussian_filter(p.astype(np.float32), s)
            for p, s in zip(planes, (sigma, sigma / 2, sigma / 2), strict=True)
        ]
        clip.pictures[n] = Picture(*(byte(plane) for plane in soft))
    return truth_of(clip, "blur", part.frames(clip), "out of focus")


def planes_of(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Luma, Cb and Cr of an 8-bit picture."""
    return (
        picture.luma.astype(np.uint8, copy=False),
        picture.cb.astype(np.uint8, copy=False),
        picture.cr.astype(np.uint8, copy=False),
    )


def interlace(clip: Clip, part: Part) -> list[Truth]:
    """Fields of two moments in a picture that is flagged progressive; the weak one is half blended."""
    lag = round(part.pick(2, 1, 1))
    keep = part.pick(1.0, 1.0, 0.6)
    original = list(clip.pictures)
    frames = part.frames(clip)
    for n in frames:
        later = original[min(n + lag, len(original) - 1)]
        woven = [plane.copy() for plane in planes_of(original[n])]
        for target, source in zip(woven, planes_of(later), strict=True):
            mixed = keep * source[1::2].astype(np.float32) + (1 - keep) * target[1::2]
            target[1::2] = byte(mixed)
        clip.pictures[n] = Picture(*woven)
    return truth_of(clip, "interlace", frames, "combing")


def levels(clip: Clip, part: Part) -> list[Truth]:
    """Highlights above 103 %, shadows below -1 %, or colours outside RGB, over 8, 4 or 2 % of the area."""
    share = part.pick(0.08, 0.04, 0.02)
    kind = int(part.rng.integers(3))
    for n in part.frames(clip):
        luma, cb, cr = (plane.astype(np.float32) for plane in planes_of(clip.pictures[n]))
        if kind == 0:
            luma[luma >= np.quantile(luma, 1 - share)] = 249
        elif kind == 1:
            luma[luma <= np.quantile(luma, share)] = 6
        else:
            # A graphic in a colour that has no place in RGB: a bright field with the chroma of a deep red.
            top, height, left, width = _graphic(luma.shape, share)
            luma[top : top + height, left : left + width] = 190
            rows, columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
            cb[rows, columns], cr[rows, columns] = 90, 220
        clip.pictures[n] = Picture(byte(luma), byte(cb), byte(cr))
    return truth_of(clip, "levels", part.frames(clip), ("super-white", "sub-black", "out of gamut")[kind])


GRAPHIC_ROWS = 28
"""No graphic is a hairline: EBU R103 has luma and chroma filtered before they are judged, and that takes one
of six rows out."""


def _graphic(shape: tuple[int, ...], share: float) -> tuple[int, int, int, int]:
    """Top, height, left and width, all even, of a field of that share of the picture, at its left."""
    rows = max(GRAPHIC_ROWS, round(shape[0] * share / 0.8))
    columns = share * shape[0] * shape[1] / rows
    return 2 * (shape[0] // 3), 2 * round(rows / 2), 2 * (shape[1] // 20), 2 * round(columns / 2)


def borders(clip: Clip, part: Part) -> list[Truth]:
    """Bars that come over a full picture: letterbox 2.39:1, pillarbox 4:3, a thin frame on all sides."""
    height, width = clip.pictures[0].luma.shape
    rows, columns = (
        (round(height * 0.128), 0),
        (0, round(width * 0.125)),
        (round(height * 0.06), round(width * 0.05)),
    )[part.level]
    rows, columns = 2 * (rows // 2), 2 * (columns // 2)
    for n in part.frames(clip):
        framed = [plane.copy() for plane in planes_of(clip.pictures[n])]
        for plane, code, scale in zip(framed, (16, 128, 128), (1, 2, 2), strict=True):
            r, c = rows // scale, columns // scale
            if r:
                plane[:r] = plane[-r:] = code
            if c:
                plane[:, :c] = plane[:, -c:] = code
        clip.pictures[n] = Picture(*framed)
    kind = ("letterbox", "pillarbox", "window")[part.level]
    return truth_of(clip, "borders", part.frames(clip), kind)


FLASH_GAIN = 0.21
"""What a flash leaves of the contrast of the picture, in luma and in colour alike."""


def flash(clip: Clip, part: Part) -> list[Truth]:
    """Bright and dark in turn, 7, 5 or 4.2 times a second, over all, half or a third of the picture."""
    hold = max(1, round(float(clip.rate) / 2 / part.pick(7.0, 5.0, 4.2)))
    share = part.pick(1.0, 0.5, 0.34)
    swing = part.pick(120.0, 80.0, 60.0)
    height = clip.pictures[0].luma.shape[0]
    bottom = 2 * round(height * share / 2)
    frames = part.frames(clip)
    stop = frames.start + (len(frames) // (2 * hold)) * 2 * hold
    for n in range(frames.start, stop):
        luma, cb, cr = (plane.astype(np.float32) for plane in planes_of(clip.pictures[n]))
        bright = ((n - frames.start) // hold) % 2 == 0
        luma[:bottom] = 60 + FLASH_GAIN * luma[:bottom] + (swing if bright else 0.0)
        for plane in (cb, cr):
            plane[: bottom // 2] = _paler(plane[: bottom // 2], FLASH_GAIN)
        clip.pictures[n] = Picture(byte(np.minimum(luma, 232)), byte(cb), byte(cr))
    return truth_of(clip, "flash", range(frames.start, stop), "luminance")


def red_flash(clip: Clip, part: Part) -> list[Truth]:
    """Saturated red and dark grey in turn, of little difference in luminance."""
    hold = max(1, round(float(clip.rate) / 2 / part.pick(6.0, 4.5)))
    share = part.pick(1.0, 0.5)
    height = clip.pictures[0].luma.shape[0]
    bottom = 2 * round(height * share / 2)
    frames = part.frames(clip)
    stop = frames.start + (len(frames) // (2 * hold)) * 2 * hold
    for n in range(frames.start, stop):
        luma, cb, cr = (plane.copy() for plane in planes_of(clip.pictures[n]))
        red = ((n - frames.start) // hold) % 2 == 0
        luma[:bottom], cb[: bottom // 2], cr[: bottom // 2] = (81, 90, 238) if red else (70, 128, 128)
        clip.pictures[n] = Picture(luma, cb, cr)
    return truth_of(clip, "flash", range(frames.start, stop), "red")


def flicker(clip: Clip, part: Part) -> list[Truth]:
    """Brightness that swings 9, 6 or 4 % about its mean, five to nine times a second."""
    swing = part.pick(0.09, 0.06, 0.04)
    period = float(clip.rate) / part.rng.uniform(5.0, 8.5)
    frames = part.frames(clip)
    for n in frames:
        gain = float(1 + swing * np.sin(2 * np.pi * (n - frames.start) / period + 0.5))
        luma, cb, cr = (plane.astype(np.float32) for plane in planes_of(clip.pictures[n]))
        luma = np.clip(16 + (luma - 16) * np.float32(gain), 16, 235)
        clip.pictures[n] = Picture(byte(luma), byte(_paler(cb, gain)), byte(_paler(cr, gain)))
    return truth_of(clip, "flicker", frames, "swing")


def noise(clip: Clip, part: Part) -> list[Truth]:
    """Snow of a lost signal over the picture; strong noise; a grain floor that was not there before."""
    sigma = part.pick(45.0, 18.0, 9.0)
    for n in part.frames(clip):
        luma, cb, cr = (plane.astype(np.float32) for plane in planes_of(clip.pictures[n]))
        fade = 0.5 if part.level == 0 else 1.0
        luma = 16 + (luma - 16) * fade + part.rng.standard_normal(luma.shape, np.float32) * np.float32(sigma)
        chroma = [
            _paler(plane, fade) + part.rng.standard_normal(plane.shape, np.float32) * np.float32(sigma / 4)
            for plane in (cb, cr)
        ]
        clip.pictures[n] = Picture(byte(np.clip(luma, 16, 235)), byte(chroma[0]), byte(chroma[1]))
    return truth_of(clip, "noise", part.frames(clip), "noise")


STARVED = (
    ("mpeg4", {"qmin": "31", "qmax": "31", "g": "12"}),
    ("mpeg2video", {"qmin": "28", "qmax": "31", "g": "12"}),
    ("libx264", {"preset": "veryfast", "qp": "41", "x264-params": "no-deblock=1:log-level=0"}),
)
"""Coders with too few bits: hard 8 x 8 blocks, the same of MPEG-2, and H.264 without its filter."""


def blockiness(clip: Clip, part: Part) -> list[Truth]:
    """What a coder makes of the pictures with too few bits: the real thing, decoded again."""
    frames = part.frames(clip)
    codec, options = STARVED[part.level]
    coarse = _recoded([clip.pictures[n] for n in frames], codec, options)
    clip.pictures[frames.start : frames.stop] = coarse
    return truth_of(clip, "blockiness", frames, codec)


def _recoded(pictures: Sequence[Picture], codec: str, options: dict[str, str]) -> list[Picture]:
    """The pictures after a coder and its decoder."""
    encoder = av.CodecContext.create(codec, "w")
    decoder = av.CodecContext.create({"libx264": "h264"}.get(codec, codec), "r")
    if not isinstance(encoder, VideoCodecContext) or not isinstance(decoder, VideoCodecContext):
        raise TypeError(f"{codec} codes no pictures")
    height, width = pictures[0].luma.shape
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.bit_rate, encoder.max_b_frames = 25, 60_000, 0
    encoder.time_base = 1 / encoder.framerate
    encoder.options = dict(options)
    packets = []
    for index, shown in enumerate(pictures):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, values in zip(frame.planes, planes_of(shown), strict=True):
            target = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
            target[:, : plane.width] = values
        frame.pts = index
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    decoded = []
    for frame in frames:
        planes = [
            np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width].copy()
            for plane in frame.planes
        ]
        decoded.append(Picture(*planes))
    if len(decoded) != len(pictures):
        raise RuntimeError(f"{codec} gave {len(decoded)} pictures back for {len(pictures)}")
    return decoded
