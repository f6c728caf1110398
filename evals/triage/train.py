"""``python -m evals.triage.train``: trains the adapter by which the embedded model reads notes.

A LoRA over the linear layers of SmolLM2-135M-Instruct (de-quantised from the GGUF file that vidette runs),
with the loss on the one token of the answer, among the answers only. Layers before ``--first`` stay as they
are: what they make of each sample is computed once and kept, so that a step over the upper third costs half.
What is saved is a running mean of the weights. The cases of the split ``test`` are never read here, and of
``tune`` only the families that say ``trained``: the others are for the calibration.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from torch.nn.functional import cross_entropy
from torch.nn.functional import dropout as dropped
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.triage.reading import Reading, reading_prompt
from evals.triage.export import weights_of
from evals.triage.generate import Sample, samples
from evals.triage.learning import accuracy, batches
from evals.triage.own import apart_samples, own_samples

__all__ = ["Reader", "main"]

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
CHUNK = 16
AVERAGED = 0.99
"""How much of the mean of the weights is kept at each step: what is saved is that mean, which reads
better than the weights of any one step."""

Row = tuple[torch.Tensor, int]
"""What the lower layers make of a prompt, (tokens, width) bfloat16, and the place of its answer."""


class Reader(torch.nn.Module):
    """The model in two halves, and its logits of the answers at the last token of each prompt."""

    def __init__(
        self, folder: Path, rank: int, first: int, resumed: Path | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.first = first
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
        config = LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            target_modules=list(LINEAR),
            layers_to_transform=list(range(first, base.config.num_hidden_layers)),
            task_type="CAUSAL_LM",
        )
        self.model = (
            PeftModel.from_pretrained(base, str(resumed), is_trainable=True)
            if resumed and resumed.is_dir()
            else get_peft_model(base, config)
        )
        if resumed and resumed.is_file():
            _fill(self.model, resumed)
        # Dropped out where the adapter is narrow: over its inputs it would cost more than the adapter.
        for name, part in self.model.named_modules():
            if name.endswith("lora_A.default"):
                part.register_forward_hook(lambda part, _, found: dropped(found, dropout, part.training))
        ids = [self.tokenizer.encode(answer, add_special_tokens=False) for answer in reading_prompt().answers]
        if any(len(one) != 1 for one in ids):
            raise ValueError("every answer must be one token")
        self.head = base.lm_head.weight[[one[0] for one in ids]].detach().float()

    @torch.no_grad()
    def lower(self, found: Sequence[Sample]) -> list[Row]:
        """The rows of samples, in their order."""
        places, body = list(Reading), self.model.base_model.model.model
        tokens = [
            self.tokenizer.encode(reading_prompt().asked(sample.text), add_special_tokens=False)
            for sample in found
        ]
        rows: dict[int, Row] = {}
        order = sorted(range(len(found)), key=lambda n: len(tokens[n]))
        for at in range(0, len(order), CHUNK):
            mine = order[at : at + CHUNK]
            ids = pad_sequence([torch.tensor(tokens[n]) for n in mine], batch_first=True)
            hidden = self._through(body.embed_tokens(ids), 0, self.first).to(torch.bfloat16)
            for place, n in enumerate(mine):
                row = hidden[place, : len(tokens[n])].clone()
                rows[n] = row, places.index(found[n].answer)
        return [rows[n] for n in range(len(found))]

    def forward(self, batch: Sequence[Row]) -> torch.Tensor:
        """Logits (batch, answers)."""
        body = self.model.base_model.model.model
        hidden = pad_sequence([row[0] for row in batch], batch_first=True).float()
        hidden = self._through(hidden, self.first, len(body.layers))
        last = torch.tensor([len(row[0]) - 1 for row in batch])
        return body.norm(hidden[torch.arange(len(batch)), last].float()) @ self.head.T

    def _through(self, hidden: torch.Tensor, first: int, last: int) -> torch.Tensor:
        """Layers ``first`` to ``last``. Padding is at the end, where a causal model does not look."""
        body = self.model.base_model.model.model
        places = torch.arange(hidden.shape[1])[None]
        turns = body.rotary_emb(hidden, places)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for layer in body.layers[first:last]:
                found = layer(hidden, position_embeddings=turns, position_ids=places, attention_mask=None)
                hidden = found[0] if isinstance(found, tuple) else found
        return hidden


def _fill(model: torch.nn.Module, file: Path) -> None:
    """Take the weights of a LoRA file of llama.cpp for a fresh adapter of the same shape.

    Raises:
        ValueError: the file holds what the adapter does not have.
    """
    found = {key: torch.from_numpy(weights.copy()) for key, weights in weights_of(file).items()}
    wrong = set_peft_model_state_dict(model, found).unexpected_keys
    if wrong:
        raise ValueError(f"{file.name} has weights of another adapter: {wrong[0]}")


def _swap(weights: Sequence[torch.Tensor], others: Sequence[torch.Tensor]) -> None:
    """Each of two rows of weights takes the values of the other."""
    for weight, other in zip(weights, others, strict=True):
        weight.data, other.data = other.data, weight.data


def _again_and_again(rows: Sequence[Row], size: int, rng: random.Random) -> Iterator[list[Row]]:
    """Batches without end, in an order that changes."""
    while True:
        yield from batches(rows, size, rng, jitter=6)


def train(options: argparse.Namespace) -> None:
    """Trains, saving the adapter every so often."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.backends.cuda.enable_flash_sdp(False)  # of the processor too: its way back is slow on short notes
    began = time.monotonic()
    reader = Reader(options.model, options.rank, options.first, options.resume, options.dropout)
    own, kept = own_samples()
    kept = [*kept, *apart_samples()]
    sure = json.loads(options.sure.read_text("utf-8")) if options.sure else None
    made = list(islice(samples(options.seed, sure), options.samples))
    rows = reader.lower([*made, *own])
    rows += rows[len(made) :] * (options.repeat - 1)
    held, apart = reader.lower(list(islice(samples(90_001), 60))), reader.lower(kept)
    if options.keep:
        torch.save((rows, held, apart), options.keep)
    weights = [p for p in reader.parameters() if p.requires_grad]
    print(
        f"{sum(p.numel() for p in weights)} weights, {len(made)} made and {len(own)} own samples, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.02)
    seen, averaged = 0.0, [p.detach().clone() for p in weights]
    drawn = _again_and_again(rows, options.batch, random.Random(options.seed))  # noqa: S311
    for step, batch in enumerate(islice(drawn, options.steps), 1):
        warm, done = min(1.0, step / 30), step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = options.rate * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
        truth = torch.tensor([row[1] for row in batch])
        loss = cross_entropy(reader(batch), truth, label_smoothing=0.05)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        for mean, weight in zip(averaged, weights, strict=True):
            mean.lerp_(weight.detach(), 1 - min(AVERAGED, step / (step + 9)))
        seen = 0.95 * seen + 0.05 * float(loss.detach())
        if step % 10 == 0:
            print(
                f"step {step} loss {seen / (1 - 0.95**step):.3f} {time.monotonic() - began:.0f} s", flush=True
            )
        if step % options.every == 0 or step == options.steps:
            _swap(weights, averaged)
            for name, rows_of_it in (("made", held), ("own, kept apart", apart)):
                right, off = accuracy(reader, rows_of_it, CHUNK)
                print(f"step {step} accuracy {name}: {right:.3f} ({off:.3f})", flush=True)
            reader.model.save_pretrained(options.out)
            _swap(weights, averaged)


def main() -> None:
    """Reads the options and trains."""
    options = argparse.ArgumentParser(description="Trains the adapter that reads notes.")
    options.add_argument("--model", type=Path, required=True, help="a Hugging Face folder of the base model")
    options.add_argument("--out", type=Path, required=True, help="where the peft adapter is written")
    options.add_argument("--resume", type=Path, help="an adapter to go on from: of peft, or a LoRA file")
    options.add_argument("--keep", type=Path, help="keep what the lower layers made, in this file")
    options.add_argument(
        "--sure", type=Path, help="how surely each note is read already (evals.triage.hardness)"
    )
    options.add_argument("--samples", type=int, default=1000, help="generated samples")
    options.add_argument("--repeat", type=int, default=6, help="how often a hand-written one is taken")
    options.add_argument("--steps", type=int, default=1000)
    options.add_argument("--batch", type=int, default=12)
    options.add_argument("--rank", type=int, default=8)
    options.add_argument("--first", type=int, default=0, help="the first layer that is adapted")
    options.add_argument("--dropout", type=float, default=0.0, help="of what goes into the adapter")
    options.add_argument("--rate", type=float, default=1e-3)
    options.add_argument("--every", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    train(options.parse_args())


if __name__ == "__main__":
    main()
