"""``python -m evals.triage.calibrate``: what the reader's probabilities are worth, on notes it never saw.

Only families of the split ``tune`` that nothing was trained on are read. What the language model and the
encoder beside it are worth, and a bias a reading, are fitted to them; the bands are the lowest at which
nothing critical is excused; the confidence is an isotonic curve over the verdicts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from agent.models.guidance_local import load_guidance_local
from agent.models.labels import LabelReader
from agent.models.note_encoder import NoteEncoder, load_note_encoder
from agent.models.note_reader import NoteReader, ReadingCalibration
from agent.policy import load_policy
from agent.triage.judge import case_of
from agent.triage.passages import passages_of
from agent.triage.questions import Question
from agent.triage.reading import Reading, reading_prompt
from evals.triage.cases import EvalCase, load_cases
from evals.triage.own import apart_samples, own_samples

__all__ = ["main"]

PRIOR = 0.05
"""Pull of the biases towards none: there are few notes."""


@dataclass(slots=True)
class ReadOnce(LabelReader):
    """A reader that remembers what it read: many cases share their notes."""

    told: dict[str, list[float]] = field(default_factory=dict)

    def log_probabilities(self, text: str, answers: Sequence[str]) -> list[float]:
        """As of any reader; the answers are the same at every call."""
        if text not in self.told:
            self.told[text] = LabelReader.log_probabilities(self, text, answers)
        return self.told[text]


def readings(reader: LabelReader, encoder: NoteEncoder, texts: Sequence[str]) -> np.ndarray:
    """Log-probabilities (readers, texts, readings) of both readers."""
    asked = reading_prompt()
    told = [reader.log_probabilities(asked.asked(text), asked.answers) for text in texts]
    return np.array([told, [encoder.log_probabilities(text) for text in texts]])


def fitted(found: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scales (readers) and the biases (readings) that make the readings likeliest."""
    readers = len(found)

    def loss(x: np.ndarray) -> float:
        scores = np.tensordot(np.exp(x[:readers]), found, 1) + x[readers:]
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        right = chances[np.arange(len(truth)), truth]
        return float(-np.log(right + 1e-9).mean() + PRIOR * (x[readers:] ** 2).mean())

    first = np.concatenate([np.full(readers, -np.log(readers)), np.zeros(len(Reading))])
    best = minimize(loss, first, method="Nelder-Mead", options={"maxiter": 6000}).x
    return np.exp(best[:readers]), best[readers:]


def verdicts(cases: Sequence[EvalCase], reader: NoteReader) -> list[tuple[EvalCase, str, float, bool]]:
    """Each case, the severity that it gets, the confidence, and whether a note was read."""
    policy, found = load_policy(), []
    for case in cases:
        asked = case_of(case.incident, case.scan, policy, case.context)
        told = dict(reader.ask(asked))[Question.SEVERITY]
        found.append((case, told.value, told.probability, bool(passages_of(asked))))
    return found


def calibrated(adapter: Path, encoder: NoteEncoder, bands: ReadingCalibration) -> ReadingCalibration:
    """The bands with what an adapter and an encoder are worth."""
    model = load_guidance_local(adapter=adapter)
    reader = ReadOnce(model.model.engine)
    kept = [*own_samples()[1], *apart_samples()]
    truth = np.array([list(Reading).index(sample.answer) for sample in kept])
    scales, bias = fitted(readings(reader, encoder, [sample.text for sample in kept]), truth)
    first = bands.model_copy(
        update={
            "scale": round(float(scales[0]), 4),
            "encoder_scale": round(float(scales[1]), 4),
            "bias": {reading: round(float(b), 4) for reading, b in zip(Reading, bias, strict=True)},
        }
    )
    tune = [case for case in load_cases() if case.split == "tune"]
    apart = [case for case in tune if not case.trained]
    told = verdicts(apart, NoteReader(reader, first, encoder))
    with_notes = [(p, s in {x.value for x in c.want.severities}) for c, s, p, noted in told if noted]
    without = [
        s in {x.value for x in c.want.severities}
        for c, s, _, noted in verdicts(
            [c for c in tune if not c.context.notes], NoteReader(reader, first, encoder)
        )
    ]
    x, y = (np.array(column, float) for column in zip(*with_notes, strict=True))
    # A point at each end keeps so few cases from promising certainty (Laplace).
    curve = IsotonicRegression(y_min=0.02, y_max=0.98, out_of_bounds="clip").fit(
        [*x, 0.3, 1.0], [*y, 0.5, (y.sum() + 1) / (len(y) + 2)]
    )
    points = np.linspace(0.3, 1.0, 8)
    return first.model_copy(
        update={
            "sure": tuple((round(float(p), 3), round(float(curve.predict([p])[0]), 3)) for p in points),
            "alone": round((sum(without) + 1) / (len(without) + 2), 3),
        }
    )


def main() -> None:
    """Reads the options and writes the calibration."""
    options = argparse.ArgumentParser(description="Calibrates what reads notes.")
    options.add_argument("adapter", type=Path, help="the LoRA file of llama.cpp")
    options.add_argument("encoder", type=Path, help="the GGUF file of the encoder; its head lies beside it")
    options.add_argument("out", type=Path, help="the JSON file to write")
    options.add_argument("--expected-from", type=float, default=0.5)
    options.add_argument("--worse-from", type=float, default=0.5)
    options.add_argument("--off-from", type=float, default=0.5)
    options.add_argument("--critical-from", type=float, default=0.5)
    options.add_argument("--against-from", type=float, default=0.5)
    chosen = options.parse_args()
    bands = ReadingCalibration(
        model=chosen.adapter.stem,
        prompt=reading_prompt().source.reference,
        count_from={
            Reading.EXPECTED: chosen.expected_from,
            Reading.WORSE: chosen.worse_from,
            Reading.OFF: chosen.off_from,
        },
        critical_from=chosen.critical_from,
        against_from=chosen.against_from,
    )
    encoder = load_note_encoder(chosen.encoder, chosen.encoder.with_suffix(".json"))
    found = calibrated(chosen.adapter, encoder, bands)
    chosen.out.write_text(json.dumps(found.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
