"""The hash of one picture of an input, by which a profile knows it again as planned content."""

from __future__ import annotations

from pipeline.areas import Areas
from pipeline.decode import Picture, decode
from pipeline.errors import InputError
from pipeline.measure import PictureMeter
from pipeline.series.hashes import PictureHash
from pipeline.source import media_streams, open_container, redact
from pipeline.text import clean

__all__ = ["picture_hash"]

NO_AREAS = Areas()


def picture_hash(url: str, at_s: float, areas: Areas = NO_AREAS) -> tuple[float, PictureHash]:
    """The time and the hash of the picture that is on show ``at_s`` seconds from the start.

    Args:
        url: a file or URL; its first video stream is looked at.
        at_s: what is on show then; after the last picture, the last.
        areas: the masks of the profile that the hash is for.

    Raises:
        InputError: it cannot be opened, has no picture there, or one without a shape to tell by.
    """
    shown = clean(redact(url))
    found: Picture | None = None
    with open_container(url) as container:
        streams = {name: s for name, s in media_streams(container).items() if name == "v:0"}
        for item in decode(container, streams) if streams else ():
            if isinstance(item, Picture):
                if found is not None and item.start_s > at_s + 5e-4:
                    break
                found = item
    if found is None or found.start_s > at_s + 5e-4:
        raise InputError(f"{shown}: shows no picture at {at_s:g} s")
    thumb = PictureMeter(areas).row(found)[1]
    known = PictureHash.of(thumb)
    if known is None:
        raise InputError(
            f"{shown}: the picture at {found.start_s:.3f} s is all of one colour: nothing to know it by"
        )
    return found.start_s, known
