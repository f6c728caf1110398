"""Makes training cases for the reading of notes: sentences, crossed with channels, times and defects.

What a sentence says is known by construction. It explains only what it covers, on its own channel, in
its own time; crossed with anything else it says nothing. No sentence stands in ``evals/cases``.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["GROUPS", "Sample", "samples"]

TEXTS = Path(__file__).with_name("training_texts.toml")

GROUPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "P": (("black",), ("solid_color",), ("black",)),
    "S": (("silence",),),
    "PS": (("black", "silence"), ("solid_color", "silence")),
    "F": (("freeze",),),
    "FS": (("freeze", "silence"), ("freeze", "pts_gap")),
    "C": (("slate",), ("slate", "silence")),
    "B": (("color_bars",), ("color_bars", "tone"), ("tone",)),
    "D": (("decode_error",), ("block_corruption",), ("pts_gap",), ("dropout",), ("corrupt_frame",)),
    "R": (("duplicate_frames",), ("dropped_frames",), ("frame_rate",)),
    "N": (("noise",), ("blur",), ("blockiness",), ("flicker",)),
    "L": (("levels",), ("borders",), ("interlace",)),
    "A": (("clipping",), ("loudness",), ("true_peak",), ("phase",), ("hum",)),
    "O": (("channel_silence",),),
    "X": (("flash",),),
    "Y": (("av_skew",), ("av_content",)),
    "M": (("missing_track",), ("truncated",), ("audio_change",)),
}
"""What may be seen together, by the group that ``covers`` names."""

LASTS = ("moment", "seconds", "minute", "minutes", "long", "on")
BRIEF = ("moment", "seconds")


@dataclass(frozen=True, slots=True)
class Sample:
    """One question and its answer; ``named`` and ``time`` are keys of the prompt's tables."""

    service: str
    checks: tuple[str, ...]
    lasts: str
    text: str
    time: str
    answer: str


@cache
def _bank() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text("utf-8"))


def samples(seed: int) -> Iterator[Sample]:
    """Samples without end, the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311
    makers = (
        (_explained, 34), (_worse, 22), (_daily, 13), (_elsewhere, 11), (_other_time, 5),
        (_other_kind, 8), (_called_off, 7), (_off, 5), (_too_long, 2), (_worse_elsewhere, 4),
    )  # fmt: skip
    names, weights = [make for make, _ in makers], [weight for _, weight in makers]
    while True:
        yield rng.choices(names, weights)[0](rng)


def _explained(rng: random.Random) -> Sample:
    block, text = _expected(rng)
    service = _service(rng)
    return _sample(rng, service, text, service, rng.choice(block["covers"].split()), "expected", block=block)


def _elsewhere(rng: random.Random) -> Sample:
    while "{ch}" not in (picked := _expected(rng))[1]:
        pass
    block, text = picked
    service = _service(rng)
    return _sample(rng, service, text, _neighbour(rng, service), _covered(rng, block), "nothing", block=block)


def _other_time(rng: random.Random) -> Sample:
    while not any(slot in (picked := _expected(rng))[1] for slot in ("{span}", "{till}")):
        pass
    block, text = picked
    service = _service(rng)
    return _sample(rng, service, text, service, _covered(rng, block), "nothing", block=block, time="other")


def _other_kind(rng: random.Random) -> Sample:
    block, text = _expected(rng)
    while len(covers := block["covers"].split()) > 7:
        block, text = _expected(rng)
    # A loss of both is not explained by work on one of them.
    group = rng.choice([group for group in GROUPS if group not in covers and not _near(group, covers)])
    service = _service(rng)
    return _sample(rng, service, text, service, group, "nothing", block=block)


def _called_off(rng: random.Random) -> Sample:
    block, text = _expected(rng)
    service = _service(rng)
    text = rng.choice(_bank()["wrap"]["off"]).replace("{text}", text)
    return _sample(rng, service, text, service, _covered(rng, block), "off", block=block)


def _off(rng: random.Random) -> Sample:
    text, service = _of(rng, "off"), _service(rng)
    if rng.random() < 0.75 or "{ch}" not in text:
        return _sample(rng, service, text, service, rng.choice(list(GROUPS)), "off")
    return _sample(rng, service, text, _neighbour(rng, service), rng.choice(list(GROUPS)), "nothing")


def _too_long(rng: random.Random) -> Sample:
    block = rng.choice([block for block in _bank()["expected"] if block.get("brief")])
    service = _service(rng)
    lasts = rng.choice(["minutes", "long", "minutes", "long", "on"])
    text = rng.choice(block["texts"])
    return _sample(rng, service, text, service, _covered(rng, block), "nothing", lasts=lasts)


def _worse(rng: random.Random) -> Sample:
    text, service = _of(rng, "worse"), _service(rng)
    return _sample(rng, service, text, service, rng.choice(list(GROUPS)), "worse")


def _worse_elsewhere(rng: random.Random) -> Sample:
    while "{ch}" not in (text := _of(rng, "worse")):
        pass
    service = _service(rng)
    return _sample(rng, service, text, _neighbour(rng, service), rng.choice(list(GROUPS)), "nothing")


def _daily(rng: random.Random) -> Sample:
    text, service = _of(rng, "nothing"), _service(rng)
    subject = service if rng.random() < 0.8 else _neighbour(rng, service)
    return _sample(rng, service, text, subject, rng.choice(list(GROUPS)), "nothing")


def _expected(rng: random.Random) -> tuple[Mapping[str, Any], str]:
    blocks = _bank()["expected"]
    block = rng.choices(blocks, [len(block["texts"]) for block in blocks])[0]
    text = rng.choice(block["texts"])
    if not text.startswith("["):
        return block, text
    covers, _, text = text[1:].partition("] ")
    return {**block, "covers": covers}, text


def _of(rng: random.Random, label: str) -> str:
    return rng.choice([text for block in _bank()[label] for text in block["texts"]])


def _covered(rng: random.Random, block: Mapping[str, Any]) -> str:
    return rng.choice(block["covers"].split())


def _near(group: str, covers: list[str]) -> bool:
    """Kinds that people do not keep apart: of them nothing is taught either way."""
    near = {"F": "CR", "C": "F", "P": "FCB", "B": "CP", "O": "SA", "S": "O", "R": "FD", "D": "RN", "N": "DL"}
    return any(other in covers for other in near.get(group, ""))


def _service(rng: random.Random) -> str:
    slots = _bank()["slots"]
    return f"{rng.choice(slots['first'])} {rng.choice(slots['second'])}"


def _neighbour(rng: random.Random, service: str) -> str:
    """Another channel, and often one whose name begins or ends alike."""
    first, second = service.split(" ", 1)
    while True:
        other = _service(rng)
        a, b = other.split(" ", 1)
        way = rng.random()
        found = f"{first} {b}" if way < 0.55 else f"{a} {second}" if way < 0.7 else other
        if found != service:
            return found


def _sample(
    rng: random.Random,
    service: str,
    text: str,
    subject: str,
    group: str,
    answer: str,
    *,
    block: Mapping[str, Any] | None = None,
    time: str = "",
    lasts: str = "",
) -> Sample:
    brief = bool(block and block.get("brief")) and answer == "expected"
    timed = any(slot in text for slot in ("{span}", "{till}"))
    text = _wrapped(rng, text)
    return Sample(
        service=service,
        checks=rng.choice(GROUPS[group]),
        lasts=lasts or rng.choice(BRIEF if brief else LASTS),
        text=_typed(rng, _filled(rng, text, subject)),
        time=time or ("now" if timed else "none" if rng.random() < 0.8 else "now"),
        answer=answer,
    )


def _wrapped(rng: random.Random, text: str) -> str:
    """With a name, a ticket or a further sentence, as people write."""
    bank = _bank()
    if rng.random() < 0.2:
        text = rng.choice(bank["wrap"]["plain"]).replace("{text}", text)
    if rng.random() < 0.15:
        text = f"{text} {rng.choice(bank['wrap']['tail'])}"
    if rng.random() < 0.12:
        aside = rng.choice(bank["nothing"][0]["texts"])
        if "{ch}" not in aside:
            text = f"{aside} {text}" if rng.random() < 0.5 else f"{text} {aside}"
    return text


def _filled(rng: random.Random, text: str, subject: str) -> str:
    slots = _bank()["slots"]
    start = rng.randrange(24 * 4)
    clock = [f"{(start + n) // 4 % 24:02d}:{(start + n) % 4 * 15:02d}" for n in (0, rng.randrange(1, 24))]
    joined = rng.choice(["{}-{}", "from {} to {}", "between {} and {}", "{} to {}", "{} - {} UTC"])
    values = {name: rng.choice(slots[name]) for name in ("kit", "who", "city", "day", "ticket", "show")}
    values |= {"ch": subject, "till": clock[1], "span": joined.format(*clock)}
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text[:1].upper() + text[1:] if rng.random() < 0.8 else text


def _typed(rng: random.Random, text: str) -> str:
    """As it is typed: now and then in small or capital letters, or with a letter lost."""
    way = rng.random()
    if way < 0.08:
        return text.lower()
    if way < 0.11:
        return text.upper()
    if way < 0.17 and len(text) > 20:
        at = rng.randrange(5, len(text) - 5)
        return text[:at] + text[at + 1 :]
    return text
