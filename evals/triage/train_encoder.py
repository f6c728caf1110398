"""``python -m evals.triage.train_encoder``: trains the encoder that reads notes beside the adapter.

All weights of all-MiniLM-L6-v2 (six layers, 384 wide) with one linear layer over the mean of its tokens, on
the samples of ``evals.triage.generate`` and the families of ``tune`` that say ``trained``. What is saved is a
running mean of the weights. The split ``test`` is never read here.
"""

from __future__ import annotations

import argparse
import random
import time
import tomllib
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoTokenizer, BertModel

from agent.triage.reading import Reading
from evals.triage.generate import NOTES, Sample, samples
from evals.triage.learning import accuracy, batches
from evals.triage.own import apart_samples, own_samples

__all__ = ["Encoder", "main"]

AVERAGED = 0.995
"""How much of the mean of the weights is kept at each step."""
TOKENS = 128
WARM, LEAST = 100, 0.03
"""Steps until the rate is reached, and what is left of it at the end."""
HEAD_RATE = 10
"""How much faster the layer on top learns, which begins with nothing."""

Row = tuple[list[int], int]
"""The tokens of a note and the place of its answer."""


class Encoder(torch.nn.Module):
    """The base model, and a score for each reading from the mean of its tokens."""

    def __init__(self, folder: Path, dropout: float) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(self.bert.config.hidden_size, len(Reading))

    def forward(self, batch: Sequence[Row]) -> torch.Tensor:
        """Logits (batch, readings)."""
        ids = pad_sequence([torch.tensor(tokens) for tokens, _ in batch], batch_first=True)
        mask = pad_sequence([torch.ones(len(tokens)) for tokens, _ in batch], batch_first=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (hidden.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.head(self.dropout(mean))


def mixed(files: Sequence[str]) -> dict[str, torch.Tensor]:
    """The weights of earlier trainings, mixed: ``FILE=SHARE`` of each, with shares that add up to 1."""
    told = [file.rsplit("=", 1) for file in files]
    found = [(torch.load(file, weights_only=True), float(share)) for file, share in told]
    return {name: sum(share * weights[name] for weights, share in found) for name in found[0][0]}


def _notes_of(name: str) -> list[Sample]:
    """The notes of a file of ``training_notes`` that have no places to fill."""
    table = tomllib.loads((NOTES / f"{name}.toml").read_text("utf-8"))
    return [Sample(text, Reading(meaning)) for meaning, texts in table.items() for text in texts]


def train(options: argparse.Namespace) -> None:
    """Trains, saving the weights every so often."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.backends.cuda.enable_flash_sdp(False)
    tokenizer, places = AutoTokenizer.from_pretrained(options.base), list(Reading)

    def rows_of(found: Sequence[Sample]) -> list[Row]:
        return [(tokenizer.encode(one.text)[:TOKENS], places.index(one.answer)) for one in found]

    own, kept = own_samples()
    apart = {"of tune, kept apart": rows_of(kept), "for the calibration": rows_of(apart_samples())}
    rows = rows_of(list(islice(samples(options.seed), options.samples))) + rows_of(own) * options.repeat
    rows += rows_of([sample for name in options.whole for sample in _notes_of(name)]) * options.whole_repeat
    drawn = batches(rows, options.batch, random.Random(options.seed), jitter=4)  # noqa: S311
    encoder = Encoder(options.base, options.dropout)
    if options.begin:
        encoder.load_state_dict(mixed(options.begin))
    flat = [p for p in encoder.parameters() if p.ndim < 2]
    deep = [p for p in encoder.bert.parameters() if p.ndim >= 2]
    optimiser = torch.optim.AdamW([
        {"params": deep, "lr": options.rate, "weight_decay": 0.01},
        {"params": flat, "lr": options.rate, "weight_decay": 0.0},
        {"params": [encoder.head.weight], "lr": HEAD_RATE * options.rate},
    ])  # fmt: skip
    rates = [group["lr"] for group in optimiser.param_groups]
    averaged = {name: p.detach().clone() for name, p in encoder.state_dict().items()}
    began, seen = time.monotonic(), 0.0
    print(f"{sum(p.numel() for p in encoder.parameters())} weights, {len(drawn)} steps", flush=True)
    for step, batch in enumerate(drawn, 1):
        share = min(1.0, step / WARM) * (LEAST + (1 - LEAST) * (1 - step / len(drawn)))
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = share * rate
        truth = torch.tensor([answer for _, answer in batch])
        loss = cross_entropy(encoder(batch), truth, label_smoothing=0.05)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            for name, p in encoder.state_dict().items():
                if p.is_floating_point():
                    averaged[name].lerp_(p, 1 - min(AVERAGED, step / (step + 9)))
        seen = 0.95 * seen + 0.05 * float(loss.detach())
        if step % 50 == 0:
            print(
                f"step {step} loss {seen / (1 - 0.95**step):.3f} {time.monotonic() - began:.0f} s", flush=True
            )
        if step % options.every == 0 or step == len(drawn):
            now = {name: p.clone() for name, p in encoder.state_dict().items()}
            encoder.load_state_dict(averaged)
            for name, held in apart.items():
                right, off = accuracy(encoder, held, options.batch)
                print(f"step {step} accuracy {name}: {right:.3f} ({off:.3f})", flush=True)
            torch.save(encoder.state_dict(), options.out)
            encoder.load_state_dict(now)


def main() -> None:
    """Reads the options and trains."""
    options = argparse.ArgumentParser(description="Trains the encoder that reads notes.")
    options.add_argument("base", type=Path, help="a Hugging Face folder of the base model")
    options.add_argument("out", type=Path, help="the file of the weights to write")
    options.add_argument(
        "--begin", action="append", metavar="FILE=SHARE", help="begin with a mix of earlier trainings"
    )
    options.add_argument("--samples", type=int, default=200_000, help="generated samples, each seen once")
    options.add_argument("--repeat", type=int, default=8, help="how often a hand-written one is taken")
    options.add_argument(
        "--whole",
        action="append",
        default=[],
        metavar="NAME",
        help="a file of training_notes taken whole as well",
    )
    options.add_argument("--whole-repeat", type=int, default=3)
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--rate", type=float, default=1.8e-4)
    options.add_argument("--dropout", type=float, default=0.1, help="of what the layer on top is given")
    options.add_argument("--every", type=int, default=400)
    options.add_argument("--seed", type=int, default=2)
    options.add_argument("--threads", type=int, default=2)
    train(options.parse_args())


if __name__ == "__main__":
    main()
