"""The only importer of av besides ``source``: media in, plain arrays with times out."""

from pipeline.decode.stream import decode
from pipeline.decode.values import Decoded, LoudnessReading, Picture, Sound

__all__ = ["Decoded", "LoudnessReading", "Picture", "Sound", "decode"]
