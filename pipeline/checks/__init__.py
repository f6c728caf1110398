"""The catalogue: every check that vidette makes, by its id."""

from collections.abc import Mapping

from pipeline.checks import (
    audio_change,
    av_skew,
    black,
    block_corruption,
    blockiness,
    blur,
    channel_silence,
    clipping,
    dc_offset,
    dropout,
    faults,
    freeze,
    hum,
    interlace,
    levels,
    loudness,
    missing_track,
    noise,
    phase,
    pts_gap,
    silence,
    solid_color,
    tone,
    true_peak,
    truncated,
)
from pipeline.checks.contract import Check, CheckSettings

__all__ = ["CHECKS", "Check", "CheckSettings"]

CHECKS: Mapping[str, Check] = {
    "black": black.CHECK,
    "solid_color": solid_color.CHECK,
    "freeze": freeze.CHECK,
    "block_corruption": block_corruption.CHECK,
    "blockiness": blockiness.CHECK,
    "blur": blur.CHECK,
    "interlace": interlace.CHECK,
    "levels": levels.CHECK,
    "noise": noise.CHECK,
    "silence": silence.CHECK,
    "channel_silence": channel_silence.CHECK,
    "clipping": clipping.CHECK,
    "true_peak": true_peak.CHECK,
    "loudness": loudness.CHECK,
    "phase": phase.CHECK,
    "dc_offset": dc_offset.CHECK,
    "hum": hum.CHECK,
    "tone": tone.CHECK,
    "dropout": dropout.CHECK,
    "audio_change": audio_change.CHECK,
    "missing_track": missing_track.CHECK,
    "decode_error": faults.DECODE_ERROR,
    "corrupt_frame": faults.CORRUPT_FRAME,
    "truncated": truncated.CHECK,
    "pts_gap": pts_gap.CHECK,
    "pts_backward": faults.PTS_BACKWARD,
    "av_skew": av_skew.CHECK,
}
