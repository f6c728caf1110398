"""``python -m evals.triage.hardness``: how surely an adapter reads each note that it is trained on.

A further training (``evals.triage.train --sure``) draws a note the more often the less surely it is read;
and what is read wrongly with great certainty is worth a second look: its meaning may be written wrongly.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from evals.triage.generate import Sample, filled_notes
from evals.triage.train import CHUNK, Reader

__all__ = ["main", "sureness"]


@torch.no_grad()
def sureness(reader: Reader, notes: list[tuple[str, Sample]]) -> dict[str, float]:
    """The probability, 0 to 1, of what each note means, by the text as it is written."""
    reader.eval()
    rows = reader.lower([sample for _, sample in notes])
    order, found = sorted(range(len(rows)), key=lambda n: len(rows[n][0])), {}
    for at in range(0, len(order), CHUNK):
        mine = order[at : at + CHUNK]
        chances = reader([rows[n] for n in mine]).softmax(1)
        for n, row in zip(mine, chances, strict=True):
            found[notes[n][0]] = round(float(row[rows[n][1]]), 3)
    return found


def main() -> None:
    """Reads the options and writes the table."""
    options = argparse.ArgumentParser(description="Tells how surely an adapter reads its training notes.")
    options.add_argument("--model", type=Path, required=True, help="a Hugging Face folder of the base model")
    options.add_argument("--adapter", type=Path, required=True, help="of peft, or a LoRA file")
    options.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    reader = Reader(chosen.model, 8, 0, chosen.adapter)
    found = sureness(reader, filled_notes())
    chosen.out.write_text(json.dumps(found, indent=0, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    main()
