"""A LoRA adapter of llama.cpp, added to the weights of a Llama network of Transformers.

llama.cpp keeps the rows of queries and keys with the two halves of each head interleaved, because it turns
neighbours by position where Transformers turns halves: they are put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.models.base import ModelError

__all__ = ["Delta", "add_adapter", "deltas", "halves_apart"]

PARTS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
ALPHA = "adapter.lora.alpha"


@dataclass(frozen=True, slots=True)
class Delta:
    """What is added to the weights of one linear layer, (out, in), in the order of llama.cpp."""

    layer: int
    part: str
    weights: NDArray[np.float32]


def deltas(file: Path) -> Iterator[Delta]:
    """Everything that an adapter adds: ``alpha / rank * B @ A`` for each of its pairs.

    Raises:
        ModelError: it is no adapter that is understood.
    """
    from gguf import GGUFReader

    try:
        reader: Any = GGUFReader(str(file))
        alpha = float(reader.fields[ALPHA].contents())
        found = {tensor.name: np.asarray(tensor.data, np.float32) for tensor in reader.tensors}
        for name, a in found.items():
            if not name.endswith(".lora_a"):
                continue
            _, layer, part, *_ = name.split(".")
            b = found[f"{name.removesuffix('a')}b"]
            yield Delta(int(layer), PARTS[part], alpha / a.shape[0] * (b @ a))
    # gguf raises whatever it finds in a file that is none.
    except (KeyError, ValueError, IndexError, TypeError, OSError) as exc:
        raise ModelError(f"{file.name} is no LoRA adapter in GGUF and does not load") from exc


def add_adapter(network: Any, file: Path) -> None:
    """Add an adapter to the weights of a network, in place.

    Args:
        network: of Transformers, with the layers of a Llama; its weights are plain.
        file: the adapter, in GGUF.

    Raises:
        ModelError: it is no adapter, or does not fit the network.
    """
    import torch

    heads = {"self_attn.q_proj": network.config.num_attention_heads}
    heads["self_attn.k_proj"] = network.config.num_key_value_heads
    with torch.no_grad():
        for delta in deltas(file):
            weights = delta.weights
            if delta.part in heads:
                weights = halves_apart(weights, heads[delta.part])
            try:
                weight = network.get_submodule(f"model.layers.{delta.layer}.{delta.part}").weight
                weight += torch.from_numpy(weights.copy()).to(weight)
            except (AttributeError, RuntimeError) as exc:
                raise ModelError(f"{file.name} does not fit the model") from exc


def halves_apart(weights: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows (out, in) with the halves of each head, interleaved in llama.cpp, one after the other."""
    rows = weights.reshape(heads, weights.shape[0] // heads // 2, 2, *weights.shape[1:])
    return rows.swapaxes(1, 2).reshape(weights.shape)
