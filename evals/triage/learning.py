"""What the trainings of both readers share: batches of about one length, and how often a reader is right."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch.nn.functional import cross_entropy

__all__ = ["accuracy", "batches"]

Row = TypeVar("Row", bound=tuple[Any, int])


def batches(rows: Sequence[Row], size: int, rng: random.Random, *, jitter: float) -> list[list[Row]]:
    """Batches of rows of about one length, ``jitter`` tokens more or less, in an order of their own."""
    mixed = sorted(rows, key=lambda row: len(row[0]) + rng.uniform(-jitter, jitter))
    made = [mixed[at : at + size] for at in range(0, len(mixed), size)]
    rng.shuffle(made)
    return made


def accuracy(reader: torch.nn.Module, rows: Sequence[tuple[Any, int]], size: int) -> tuple[float, float]:
    """Share of right answers of a reader, so many rows at once, and the mean loss; it is left in training."""
    right, loss = 0, 0.0
    reader.eval()
    with torch.no_grad():
        for at in range(0, len(rows), size):
            batch = rows[at : at + size]
            logits, truth = reader(batch), torch.tensor([answer for _, answer in batch])
            right += int((logits.argmax(1) == truth).sum())
            loss += float(cross_entropy(logits, truth, reduction="sum"))
    reader.train()
    return right / len(rows), loss / len(rows)
