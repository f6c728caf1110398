"""Channels of sound: their names in FFmpeg's layouts, in their order, and whether there are several."""

from __future__ import annotations

from pipeline.model import StreamInfo

__all__ = ["channel_names", "lone_channel"]

_LAYOUTS = {
    "mono": "FC",
    "stereo": "FL FR",
    "2.1": "FL FR LFE",
    "3.0": "FL FR FC",
    "quad": "FL FR BL BR",
    "4.0": "FL FR FC BC",
    "5.0": "FL FR FC BL BR",
    "5.0(side)": "FL FR FC SL SR",
    "5.1": "FL FR FC LFE BL BR",
    "5.1(side)": "FL FR FC LFE SL SR",
    "6.1": "FL FR FC LFE BC SL SR",
    "7.1": "FL FR FC LFE BL BR SL SR",
    "7.1.4": "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR",
}


def channel_names(layout: str | None, count: int) -> list[str]:
    """Names of ``count`` channels; ``channel 1`` and so on where the layout does not say."""
    names = _LAYOUTS.get(layout or "", "").split()
    if len(names) == count:
        return names
    return ["FL", "FR"] if count == 2 else [f"channel {n + 1}" for n in range(count)]


def lone_channel(stream: StreamInfo) -> str | None:
    """Why a stream of one channel cannot be judged by a check that compares channels."""
    return "one channel has no other to be compared with" if (stream.channels or 0) < 2 else None
