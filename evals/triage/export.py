"""``python -m evals.triage.export``: a peft adapter as a LoRA file of llama.cpp, in GGUF, and back.

The layout is that of llama.cpp: ``NAME.lora_a`` is (rank, in), ``NAME.lora_b`` is (out, rank), and the
rows of queries and keys are in the order in which llama.cpp turns them by position.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFWriter
from numpy.typing import NDArray
from safetensors.numpy import load_file

from agent.models.lora import PARTS, halves_apart

__all__ = ["export", "main", "weights_of"]

NAMES = {part: name for name, part in PARTS.items()}
HEADS, KV_HEADS = 9, 3


def export(folder: Path, file: Path) -> int:
    """Writes the adapter in ``folder`` to ``file``; gives the number of its weights."""
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    found = load_file(folder / "adapter_model.safetensors")
    writer = GGUFWriter(str(file), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    writer.add_name("vidette notes")
    writer.add_license("apache-2.0")
    count = 0
    for key in sorted(found):
        layer, part, side = _split(key)
        weights = found[key].astype(np.float32)
        if side == "b" and part in ("self_attn.q_proj", "self_attn.k_proj"):
            weights = _turned(weights, HEADS if part.endswith("q_proj") else KV_HEADS)
        writer.add_tensor(
            f"blk.{layer}.{NAMES[part]}.weight.lora_{side}", np.ascontiguousarray(weights.astype(np.float16))
        )
        count += weights.size
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return count


def weights_of(file: Path) -> dict[str, NDArray[np.float32]]:
    """The weights of a LoRA file under the names of peft, in the order of its rows."""
    found = {}
    for tensor in GGUFReader(file).tensors:
        _, layer, name, _, side = tensor.name.split(".")
        weights = np.asarray(tensor.data, np.float32)
        if side == "lora_b" and name in ("attn_q", "attn_k"):
            weights = halves_apart(weights, HEADS if name == "attn_q" else KV_HEADS)
        key = f"base_model.model.model.layers.{layer}.{PARTS[name]}.lora_{side[-1].upper()}.weight"
        found[key] = weights
    return found


def _split(key: str) -> tuple[int, str, str]:
    """``base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight`` -> 3, its part, ``a``."""
    path = key.split(".")
    at = path.index("layers")
    return int(path[at + 1]), ".".join(path[at + 2 : at + 4]), path[-2].removeprefix("lora_").lower()


def _turned(weights: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows (out, rank) with the two halves of each head interleaved."""
    rows = weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
    return rows.swapaxes(1, 2).reshape(weights.shape)


def main() -> None:
    """Reads the options and writes the file."""
    options = argparse.ArgumentParser(description="Writes a peft adapter as a LoRA file of llama.cpp.")
    options.add_argument("folder", type=Path, help="of the peft adapter")
    options.add_argument("file", type=Path, help="the GGUF file to write")
    chosen = options.parse_args()
    count = export(chosen.folder, chosen.file)
    print(f"{chosen.file}: {count} weights, {chosen.file.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
