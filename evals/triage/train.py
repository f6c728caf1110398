"""``python -m evals.triage.train``: trains the adapter by which the embedded model reads notes.

A LoRA over all linear layers of SmolLM2-135M-Instruct (de-quantised from the GGUF file that vidette
runs), loss on the one token of the answer, cross entropy among the three answers only. The cases of the
split ``test`` are never read here.
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
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.triage.reading import Reading, named_in, reading_prompt
from evals.triage.generate import Sample, samples

__all__ = ["main"]

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
FIRST_LAYER = 8
"""The layers below see letters and words; leaving them as they are saves a sixth of the time."""

POOL = 16
"""Batches that are sorted by length together, so that little is padded."""

Row = tuple[list[int], int]


def asked(sample: Sample) -> str:
    """The prompt of a sample, as it is put to the model when vidette runs."""
    return reading_prompt().asked(
        service=sample.service,
        checks=sample.checks,
        lasts=sample.lasts,
        text=sample.text,
        named=named_in(sample.service, sample.text),
        time=sample.time,
    )


def rows(tokenizer: Any, found: Iterator[Sample] | Sequence[Sample]) -> Iterator[Row]:
    """Tokens of the prompt, and the place of the right answer."""
    places = list(Reading)
    for sample in found:
        yield tokenizer.encode(asked(sample), add_special_tokens=False), places.index(Reading(sample.answer))


def batches(found: Iterator[Row], size: int, seed: int) -> Iterator[list[Row]]:
    """Batches of rows of about one length, in a mixed order."""
    rng = random.Random(seed)  # noqa: S311
    while pool := list(islice(found, size * POOL)):
        pool.sort(key=lambda row: len(row[0]))
        made = [pool[at : at + size] for at in range(0, len(pool), size)]
        rng.shuffle(made)
        yield from made


class Reader(torch.nn.Module):
    """The model's body, and its logits of the answers at the last token of each prompt."""

    def __init__(self, folder: Path, rank: int, resumed: Path | None = None) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        config = LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            target_modules=list(LINEAR),
            layers_to_transform=list(range(FIRST_LAYER, base.config.num_hidden_layers)),
            lora_dropout=0.0,
            task_type="CAUSAL_LM",
        )
        if resumed:
            self.model = PeftModel.from_pretrained(base, str(resumed), is_trainable=True)
        else:
            self.model = get_peft_model(base, config)
        ids = [self.tokenizer.encode(answer, add_special_tokens=False) for answer in reading_prompt().answers]
        if any(len(one) != 1 for one in ids):
            raise ValueError("every answer must be one token")
        self.answers = torch.tensor([one[0] for one in ids])

    def forward(self, batch: Sequence[Row]) -> torch.Tensor:
        """Logits (batch, answers)."""
        width = max(len(row[0]) for row in batch)
        ids = torch.zeros((len(batch), width), dtype=torch.long)
        mask = torch.zeros((len(batch), width), dtype=torch.long)
        for place, (tokens, _) in enumerate(batch):
            ids[place, : len(tokens)] = torch.tensor(tokens)
            mask[place, : len(tokens)] = 1
        inner = self.model.base_model.model
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = inner.model(input_ids=ids, attention_mask=mask).last_hidden_state
        last = hidden[torch.arange(len(batch)), mask.sum(1) - 1].float()
        return last @ inner.lm_head.weight[self.answers].T


def accuracy(reader: Reader, found: Sequence[Row], size: int = 32) -> tuple[float, float]:
    """Share of right answers, and the mean loss."""
    reader.eval()
    right, loss = 0, 0.0
    with torch.no_grad():
        for batch in batches(iter(sorted(found, key=lambda row: len(row[0]))), size, 0):
            logits, truth = reader(batch), torch.tensor([row[1] for row in batch])
            right += int((logits.argmax(1) == truth).sum())
            loss += float(cross_entropy(logits, truth, reduction="sum"))
    reader.train()
    return right / len(found), loss / len(found)


def tune_samples(path: Path) -> list[Sample]:
    """Samples of hand-written notes: JSON lines with the fields of ``Sample``."""
    lines = path.read_text("utf-8").splitlines()
    return [Sample(**{**json.loads(line), "checks": tuple(json.loads(line)["checks"])}) for line in lines]


def mixed(made: Iterator[Sample], own: Sequence[Sample], share: float, seed: int) -> Iterator[Sample]:
    """Generated samples with hand-written ones among them."""
    rng = random.Random(seed)  # noqa: S311
    while True:
        yield rng.choice(own) if own and rng.random() < share else next(made)


def train(options: argparse.Namespace) -> None:
    """Trains, saving the adapter every so often."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    reader = Reader(options.model, options.rank, options.resume)
    own = tune_samples(options.own) if options.own else []
    held = list(rows(reader.tokenizer, list(islice(samples(90_001), 300))))
    weights = [p for p in reader.parameters() if p.requires_grad]
    print(f"{sum(p.numel() for p in weights)} weights, {len(own)} hand-written samples", flush=True)
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01)
    made = rows(reader.tokenizer, mixed(samples(options.seed), own, options.share, options.seed))
    began, seen = time.monotonic(), 0.0
    reader.train()
    for step, batch in enumerate(islice(batches(made, options.batch, options.seed), options.steps), 1):
        warm, done = min(1.0, step / 40), step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = options.rate * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
        loss = cross_entropy(reader(batch), torch.tensor([row[1] for row in batch]), label_smoothing=0.03)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        seen = 0.95 * seen + 0.05 * float(loss.detach())
        if step % 10 == 0:
            print(f"step {step} loss {seen / (1 - 0.95**step):.3f} {time.monotonic() - began:.0f} s", flush=True)
        if step % options.every == 0 or step == options.steps:
            right, off = accuracy(reader, held)
            print(f"step {step} held-out accuracy {right:.3f} loss {off:.3f}", flush=True)
            reader.model.save_pretrained(options.out)


def main() -> None:
    """Reads the options and trains."""
    options = argparse.ArgumentParser(description="Trains the adapter that reads notes.")
    options.add_argument("--model", type=Path, required=True, help="a Hugging Face folder of the base model")
    options.add_argument("--out", type=Path, required=True, help="where the peft adapter is written")
    options.add_argument("--resume", type=Path, help="a peft adapter to go on from")
    options.add_argument("--own", type=Path, help="hand-written samples of the split tune, as JSON lines")
    options.add_argument("--share", type=float, default=0.15, help="the share of them")
    options.add_argument("--steps", type=int, default=800)
    options.add_argument("--batch", type=int, default=8)
    options.add_argument("--rank", type=int, default=8)
    options.add_argument("--rate", type=float, default=8e-4)
    options.add_argument("--every", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    train(options.parse_args())


if __name__ == "__main__":
    main()
