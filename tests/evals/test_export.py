"""An adapter in llama.cpp's layout is the one that peft wrote, to the precision of its file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.needs import needs_extra

WIDTHS = {"self_attn.q_proj": (576, 576), "self_attn.k_proj": (576, 192), "mlp.down_proj": (1536, 576)}
RANK = 4


def test_what_is_exported_can_be_taken_back(tmp_path: Path) -> None:
    needs_extra("train", "gguf", "safetensors")
    from safetensors.numpy import save_file

    from evals.triage.export import export, weights_of

    rng = np.random.default_rng(1)
    weights = {}
    for part, (width_in, width_out) in WIDTHS.items():
        name = f"base_model.model.model.layers.7.{part}"
        weights[f"{name}.lora_A.weight"] = rng.normal(size=(RANK, width_in)).astype(np.float32)
        weights[f"{name}.lora_B.weight"] = rng.normal(size=(width_out, RANK)).astype(np.float32)
    save_file(weights, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8}), "utf-8")
    count = export(tmp_path, tmp_path / "a.gguf")
    found = weights_of(tmp_path / "a.gguf")
    assert count == sum(rows.size for rows in weights.values())
    assert found.keys() == weights.keys()
    for key, rows in weights.items():
        assert found[key] == pytest.approx(rows, abs=4e-3)
