"""Pictures of odd shapes and depths, with every check on: nothing raises, and nothing is made up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.profile import load_profile
from tests.pipeline.judging import judged
from tests.pipeline.test_freeze import texture

SCENE = np.clip(115 + 0.7 * (texture(256, 1024) - 115), 40, 200)


def sliding(
    size: tuple[int, int],
    step: tuple[int, int] | None = (2, 2),
    bits: int = 8,
    *,
    count: int = 75,
    first: int = 0,
    interlaced: bool = False,
) -> list[Picture]:
    """A scene that slides by two samples a picture; ``step`` is how chroma is divided, None for grey."""
    dtype, scale = (np.uint8 if bits == 8 else np.uint16), 1 << (bits - 8)
    rows, columns = np.arange(size[0]) % 256, np.arange(size[1]) % 1024
    pictures = []
    for n in range(first, first + count):
        luma = np.rint(np.roll(SCENE, 2 * n, 1)[np.ix_(rows, columns)] * scale).astype(dtype)
        chroma = [
            None if step is None else np.full((-(-size[0] // step[0]), -(-size[1] // step[1])), code, dtype)
            for code in (124 * scale, 133 * scale)
        ]
        key = n % 25 == 0
        pictures.append(
            Picture(
                "v:0",
                n / 25,
                0.04,
                luma,
                chroma[0],
                chroma[1],
                bits,
                False,
                key,
                False,
                interlaced,
                interlaced,
            )
        )
    return pictures


ODD = {
    "16 x 16": sliding((16, 16)),
    "15 x 17": sliding((15, 17)),
    "a ribbon": sliding((16, 8192), count=30),
    "a column": sliding((2048, 16), count=30),
    "grey": sliding((90, 160), None),
    "grey, 12 bit": sliding((90, 160), None, 12),
    "12 bit": sliding((90, 160), bits=12),
    "4:1:1": sliding((90, 160), (1, 4)),
    "4:1:0": sliding((90, 160), (4, 4)),
    "4:4:4, 10 bit": sliding((90, 160), (1, 1), 10),
    "fields of an odd height": sliding((405, 720), count=30, interlaced=True),
    "another size half way": [*sliding((90, 160)), *sliding((180, 320), first=75)],
    "another size in each picture": [
        picture for n in range(50) for picture in sliding((64 + n, 96 + n), count=1, first=n)
    ],
    "another depth half way": [*sliding((90, 160)), *sliding((90, 160), bits=10, first=75)],
    "colour that goes half way": [*sliding((90, 160)), *sliding((90, 160), None, first=75)],
}


@pytest.mark.parametrize("pictures", ODD.values(), ids=ODD.keys())
def test_nothing_is_found_in_a_clean_scene(pictures: Iterable[Picture]) -> None:
    assert judged(pictures, load_profile()).events == ()


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 64), (64, 1), (3, 5)], ids=str)
@pytest.mark.parametrize("bits", [8, 12])
def test_pictures_that_are_hardly_one(size: tuple[int, int], bits: int) -> None:
    """So small a picture may well be one colour, or stand still; no figure of it is out of its range."""
    result = judged(sliding(size, (1, 1), bits), load_profile())
    assert {event.check for event in result.events} <= {"solid_color", "freeze", "slate", "borders"}
    for event in result.events:
        assert 0.0 <= event.start_s <= (event.end_s or 0.0) <= 3.0 + 1e-6
        assert 0.0 <= event.confidence <= 1.0
        assert np.isfinite(event.value)
