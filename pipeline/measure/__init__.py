"""Pictures and sounds to rows of numbers: stateless but for the frame before."""

from pipeline.measure.picture import PictureMeter
from pipeline.measure.sound import SoundMeter

__all__ = ["PictureMeter", "SoundMeter"]
