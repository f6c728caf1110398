"""A filmstrip as one picture, for places that show one."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from agent.page import Film

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MOST_PICTURES", "side_by_side"]

MOST_PICTURES = 5
HEIGHT = 180
GAP = 4
QUALITY = 80
MAX_PIXELS = 4_000_000
"""Larger than any still that vidette makes; a stored file is not believed either."""


def side_by_side(jpegs: Sequence[bytes], alt: str) -> Film | None:
    """The pictures in a row, of one height; None where none of them can be read.

    Args:
        jpegs: complete JPEG files, in order of time; the first five are taken.
        alt: what is to be seen, in words.
    """
    from PIL import Image

    images = [image for jpeg in jpegs[:MOST_PICTURES] if (image := _opened(jpeg)) is not None]
    if not images:
        return None
    width = sum(image.width for image in images) + GAP * (len(images) - 1)
    row = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + GAP
    file = BytesIO()
    row.save(file, "JPEG", quality=QUALITY)
    return Film(file.getvalue(), width, HEIGHT, alt)


def _opened(jpeg: bytes) -> Image | None:
    from PIL import Image

    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            return image.convert("RGB").resize((max(1, image.width * HEIGHT // image.height), HEIGHT))
    except (OSError, ValueError, SyntaxError):
        return None
