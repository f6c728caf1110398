"""The shipped encoder: llama.cpp makes of it what was trained, and it is worth what the calibration says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from agent.models.base import ModelError
from agent.models.guidance_local import shipped_reading
from agent.models.note_encoder import NoteEncoder, load_note_encoder
from agent.models.note_reader import NoteReader, ReadingCalibration
from agent.triage.reading import Reading
from tests.needs import needs

REFERENCE = Path(__file__).with_name("encoder_reference.json")


@pytest.fixture(scope="module")
def encoder() -> NoteEncoder:
    needs("llama_cpp")
    shipped = shipped_reading()
    assert shipped.encoder is not None and shipped.beside == " + notes-encoder"
    return shipped.encoder


def test_llama_cpp_gives_what_was_trained(encoder: NoteEncoder) -> None:
    """The weights were packed into eight bits: hence the tolerance."""
    for row in json.loads(REFERENCE.read_text("utf-8")):
        found = [math.exp(x) for x in encoder.log_probabilities(row["text"])]
        assert sum(found) == pytest.approx(1.0)
        assert found == pytest.approx(row["probabilities"], abs=0.05), row["text"]


def test_a_long_note_is_cut_and_an_empty_one_read(encoder: NoteEncoder) -> None:
    for text in ("dark until ten. " * 400, ""):
        assert sum(math.exp(x) for x in encoder.log_probabilities(text)) == pytest.approx(1.0)


class Says:
    """A reader that holds the same of every note, as the language model or as the encoder."""

    def __init__(self, *chances: float) -> None:
        self.told = [math.log(chance) for chance in chances]

    def log_probabilities(self, *asked: object) -> list[float]:
        return self.told


def test_both_readers_are_heard_each_for_what_it_is_worth() -> None:
    model, beside = Says(0.7, 0.1, 0.1, 0.1), Says(0.1, 0.1, 0.7, 0.1)
    for scale, encoder_scale, likeliest in ((1.0, 0.4, Reading.EXPECTED), (0.4, 1.0, Reading.NOTHING)):
        worth = ReadingCalibration(model="m", prompt="p", scale=scale, encoder_scale=encoder_scale)
        found = NoteReader(model, worth, beside).chances("any")  # type: ignore[arg-type]
        assert max(found, key=lambda one: found[one]) is likeliest
        assert sum(found.values()) == pytest.approx(1.0)
    alone = NoteReader(model, ReadingCalibration(model="m", prompt="p")).chances("any")  # type: ignore[arg-type]
    assert alone[Reading.EXPECTED] == pytest.approx(0.7)


HEAD = {
    "weights": {reading.value: [0.0] * 384 for reading in Reading},
    "bias": {reading.value: 0.0 for reading in Reading},
}


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (HEAD | {"bias": {"expected": 0.0}}, "as many weights for each"),
        (HEAD | {"weights": {reading.value: [0.0] for reading in Reading}}, "is not of"),
        ({}, "is no calibration"),
    ],
)
def test_a_head_that_does_not_fit_is_one_line(head: dict[str, object], told: str, tmp_path: Path) -> None:
    needs("llama_cpp")
    from agent.models.guidance_local import ENCODER, shipped_file

    file = tmp_path / "head.json"
    file.write_text(json.dumps(head))
    with pytest.raises(ModelError, match=told) as found:
        load_note_encoder(shipped_file(ENCODER), file)
    assert "\n" not in str(found.value)


def test_what_is_no_encoder_is_one_line(tmp_path: Path) -> None:
    needs("llama_cpp")
    head = tmp_path / "head.json"
    head.write_text(json.dumps(HEAD))
    with pytest.raises(ModelError, match="there is no model file"):
        load_note_encoder(tmp_path / "none.gguf", head)
    (tmp_path / "x.gguf").write_bytes(b"GGUF, but no more")
    with pytest.raises(ModelError, match="does not load"):
        load_note_encoder(tmp_path / "x.gguf", head)
