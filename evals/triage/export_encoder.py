"""``python -m evals.triage.export_encoder``: the trained encoder as a GGUF file of llama.cpp, and its head.

The layout is that of llama.cpp's architecture ``bert``. The weights of the linear layers and of the words are
in blocks of eight bits (Q8_0), the rest in 32.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, PoolingType, TokenType
from gguf.quants import quantize

from agent.models.note_encoder import Head
from agent.triage.reading import Reading
from evals.triage.train_encoder import mixed

__all__ = ["export", "main"]

BASE = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
PACKED = frozenset({"token_embd", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
SPECIAL = {
    "bos": "[CLS]",
    "cls": "[CLS]",
    "eos": "[SEP]",
    "sep": "[SEP]",
    "unk": "[UNK]",
    "pad": "[PAD]",
    "mask": "[MASK]",
}


def export(weights: Sequence[str], base: Path, file: Path, head: Path) -> None:
    """Writes the encoder to ``file`` and its head to ``head``.

    Args:
        weights: what ``evals.triage.train_encoder`` saved, ``FILE=SHARE`` of each training.
        base: the folder of the base model, of which its shape and its words are taken.
    """
    config = json.loads((base / "config.json").read_text("utf-8"))
    found = mixed(weights)
    writer = GGUFWriter(str(file), "bert")
    writer.add_name("vidette notes")
    writer.add_license("apache-2.0")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.MEAN)
    _add_words(writer, (base / "vocab.txt").read_text("utf-8").splitlines(), config["type_vocab_size"])
    for key, tensor in found.items():
        if key.startswith("bert."):
            name = _name(key.removeprefix("bert."))
            values = tensor.numpy().astype(np.float32)
            if name.split(".")[-2] in PACKED and name.endswith(".weight"):
                kind = GGMLQuantizationType.Q8_0
                writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
            else:
                writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    rows = {reading: _told(found["head.weight"][n]) for n, reading in enumerate(Reading)}
    made = Head(weights=rows, bias=dict(zip(Reading, _told(found["head.bias"]), strict=True)))
    head.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _told(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)


def _name(key: str) -> str:
    """``encoder.layer.3.attention.self.query.weight`` -> ``blk.3.attn_q.weight``."""
    path, _, kind = key.rpartition(".")
    if path in BASE:
        return f"{BASE[path]}.{kind}"
    _, _, layer, part = path.split(".", 3)
    return f"blk.{layer}.{LAYER[part]}.{kind}"


def _add_words(writer: GGUFWriter, words: list[str], kinds: int) -> None:
    """Adds the words as llama.cpp wants them: those that begin one marked, and not those that go on."""
    special = frozenset(SPECIAL.values())
    writer.add_tokenizer_model("bert")
    writer.add_token_type_count(kinds)
    writer.add_token_list(
        [word if word in special or word.startswith("[unused") else _marked(word) for word in words]
    )
    writer.add_token_types([TokenType.CONTROL if word in special else TokenType.NORMAL for word in words])
    for name, word in SPECIAL.items():
        writer.add_uint32(f"tokenizer.ggml.{_KEYS.get(name, name)}_token_id", words.index(word))


_KEYS = {"sep": "seperator", "pad": "padding", "unk": "unknown"}
"""The keys of GGUF that are not called as the words are; one is misspelt there."""


def _marked(word: str) -> str:
    return word.removeprefix("##") if word.startswith("##") else f"\u2581{word}"


def main() -> None:
    """Reads the options and writes both files."""
    options = argparse.ArgumentParser(description="Writes the trained encoder for llama.cpp.")
    options.add_argument(
        "weights", metavar="FILE=SHARE[,FILE=SHARE]", help="what evals.triage.train_encoder saved, mixed"
    )
    options.add_argument("base", type=Path, help="the folder of the base model")
    options.add_argument("file", type=Path, help="the GGUF file to write")
    options.add_argument("head", type=Path, help="the JSON file of the head to write")
    chosen = options.parse_args()
    export(chosen.weights.split(","), chosen.base, chosen.file, chosen.head)
    print(f"{chosen.file}: {chosen.file.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
