"""Every way in which the suite breaks a clip, by name; one check may have several."""

from __future__ import annotations

from collections.abc import Mapping

from evals.detect import looks, losses, noises, streams
from evals.detect.values import Injector

__all__ = ["INJECTORS", "SOUND_SIZE"]

SOUND_SIZE = (320, 180)
"""Pictures of clips whose defect is heard: small, for nobody looks at them."""

STILL = ("freeze", "duplicate_frames", "slate", "audio_change")
"""What a picture that stands still may be called as well."""
DECODER = (
    "corrupt_frame",
    "decode_error",
    "block_corruption",
    "freeze",
    "solid_color",
    "duplicate_frames",
    "dropped_frames",
    "pts_gap",
    "pts_backward",
    "blockiness",
    "frame_rate",
    "flicker",
    "noise",
    "interlace",
    "blur",
    "levels",
    "ts_p1",
)
"""What else may be said of pictures made of damaged bytes: they look like anything."""
DAMAGE = tuple(check for check in DECODER if check != "block_corruption")
"""The same where nothing of the damage is seen."""
SNOWED_UNDER = ("blockiness",)
"""Noise eats the bits of what comes after it: MPEG-2 shows its blocks for two seconds, and truly so."""
EDGE = ("dropout",)
"""Where sound is replaced there is a cut, and a cut in a wave is heard as a click."""


def _sound(check: str, apply: object, length_s: tuple[float, float], **more: object) -> Injector:
    settings = {"scenes": "sounded", "size": SOUND_SIZE} | more
    return Injector(check, length_s, apply=apply, **settings)  # type: ignore[arg-type]


INJECTORS: Mapping[str, Injector] = {
    "black": Injector("black", (2.4, 5.0), losses.black, also=("slate",)),
    "solid_color": Injector("solid_color", (0.7, 3.0), losses.solid_color, also=("slate", "levels")),
    "freeze": Injector(
        "freeze", (2.5, 5.0), losses.freeze, scenes="motion", also=("slate", "duplicate_frames")
    ),
    "color_bars": Injector("color_bars", (1.6, 4.5), losses.color_bars, also=(*STILL, "levels")),
    "slate": Injector("slate", (3.6, 5.5), losses.slate, also=("freeze", "duplicate_frames"), clip_s=11),
    "credits": Injector("slate", (5.0, 7.0), losses.credits, also=("freeze", "black"), clip_s=12, levels=1),
    "block_corruption": Injector(
        "block_corruption",
        (0.2, 1.2),
        losses.block_corruption,
        also=("duplicate_frames", "blockiness"),
        near_s=0.5,
    ),
    "bytes": Injector(
        "block_corruption",
        (0.3, 1.5),
        rewrite=streams.damaged,
        to_end=False,
        also=DECODER,
        anywhere=DAMAGE,
        near_s=2.5,
    ),
    "packets": Injector(
        "block_corruption",
        (1.0, 2.5),
        rewrite=streams.lost_packets,
        to_end=False,
        also=DECODER,
        anywhere=DAMAGE,
        near_s=2.5,
        scenes="motion",
    ),
    "duplicate_frames": Injector(
        "duplicate_frames", (1.5, 3.5), losses.duplicate_frames, scenes="motion", also=("dropped_frames",)
    ),
    "dropped_content": Injector(
        "dropped_frames",
        (1.5, 3.0),
        losses.dropped_content,
        scenes="motion",
        also=("duplicate_frames", "flicker"),
        anywhere=("av_content",),
        clip_s=12,
        to_end=False,
    ),
    "dropped_slots": Injector(
        "dropped_frames",
        (1.5, 3.0),
        losses.dropped_slots,
        scenes="motion",
        also=("duplicate_frames", "frame_rate"),
        anywhere=("frame_rate",),
        to_end=False,
    ),
    "blur": Injector("blur", (2.6, 5.0), looks.blur, scenes="detail"),
    "interlace": Injector("interlace", (1.5, 4.0), looks.interlace, scenes="motion"),
    "levels": Injector("levels", (1.4, 4.0), looks.levels, scenes="detail"),
    "borders": Injector("borders", (5.5, 8.0), looks.borders, scenes="detail", clip_s=14, lead_s=3.0),
    "flash": Injector("flash", (1.3, 3.0), looks.flash, also=("flicker", "noise")),
    "red_flash": Injector("flash", (1.3, 3.0), looks.red_flash, also=("flicker", "solid_color"), levels=2),
    "flicker": Injector("flicker", (1.5, 4.0), looks.flicker, also=("flash",), scenes="detail"),
    "noise": Injector("noise", (1.4, 4.0), looks.noise, also=SNOWED_UNDER, near_s=3.0),
    "blockiness": Injector(
        "blockiness", (2.6, 5.0), looks.blockiness, scenes="detail", also=("blur", "block_corruption")
    ),
    "silence": _sound("silence", noises.silence, (2.4, 5.0), also=("dropout",), near_s=0.1),
    "channel_silence": _sound(
        "channel_silence", noises.channel_silence, (5.5, 8.0), clip_s=14, lead_s=3.0, also=("phase",)
    ),
    "clipping": _sound(
        "clipping",
        noises.clipping,
        (1.5, 4.0),
        also=("true_peak", *EDGE),
        anywhere=("loudness",),
        scenes="music",
    ),
    "true_peak": _sound("true_peak", noises.true_peak, (1.0, 4.0), also=EDGE, anywhere=("loudness",)),
    "phase": _sound("phase", noises.phase, (2.6, 5.0), also=EDGE),
    # Opus takes a constant out.
    "dc_offset": _sound(
        "dc_offset", noises.dc_offset, (2.6, 5.0), also=EDGE, codings=("h264", "hevc", "av1", "mpeg2")
    ),
    "hum": _sound("hum", noises.hum, (2.8, 5.0), also=EDGE, clip_s=10),
    "tone": _sound("tone", noises.tone, (2.5, 5.0), also=(*EDGE, "phase")),
    "dropout": _sound("dropout", noises.dropout, (7.0, 7.5), clip_s=12, scenes="music"),
    "repeated_buffer": _sound("dropout", noises.repeated_buffer, (7.0, 7.5), clip_s=12, scenes="music"),
    "clicks": _sound("dropout", noises.clicks, (7.0, 7.5), clip_s=12, also=("true_peak",)),
    "av_content": Injector(
        "av_content",
        (1.0, 1.0),
        noises.av_content,
        scenes="pairs",
        anywhere=("av_skew", "silence"),
        clip_s=20,
    ),
    "pts_gap": Injector(
        "pts_gap",
        (0.1, 0.2),
        rewrite=streams.pts_gap,
        to_end=False,
        also=("pts_gap", "freeze", "dropped_frames", "frame_rate", "dropout"),
        near_s=1.6,
        size=SOUND_SIZE,
        lead_s=3.0,
        reorder=False,
    ),
    "av_skew": Injector(
        "av_skew",
        (0.1, 0.2),
        rewrite=streams.skew,
        to_end=False,
        anywhere=("av_skew", "av_content", "truncated", "pts_gap"),
        size=SOUND_SIZE,
    ),
    "truncated": Injector(
        "truncated",
        (0.1, 0.2),
        rewrite=streams.truncated,
        to_end=False,
        anywhere=(
            "truncated",
            "av_skew",
            "decode_error",
            "corrupt_frame",
            "block_corruption",
            "missing_track",
        ),
        codings=("h264_front", "hevc_front", "av1_front"),
        size=SOUND_SIZE,
    ),
    "missing_track": Injector(
        "missing_track",
        (0.1, 0.2),
        rewrite=streams.missing_track,
        to_end=False,
        anywhere=("av_skew", "truncated"),
        codings=("vp9", "mpeg2", "h264_ts"),
        size=SOUND_SIZE,
        levels=1,
    ),
    "frame_rate": Injector(
        "frame_rate",
        (3.0, 5.0),
        streams.frame_rate,
        also=("duplicate_frames", "dropped_frames"),
        scenes="motion",
        codings=("h264", "hevc", "av1"),
    ),
    "audio_change": Injector(
        "audio_change",
        (0.5, 0.6),
        compose=streams.audio_change,
        to_end=False,
        anywhere=("phase", "channel_silence", "pts_gap", "pts_backward", "dropout", "ts_p1", "decode_error"),
        codings=("mpeg2", "h264_ts"),
        size=SOUND_SIZE,
        lead_s=4.0,
        levels=1,
    ),
}
