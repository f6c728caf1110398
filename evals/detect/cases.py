"""Which fixtures there are: every defect in every strength and codec, every trap, clean content."""

from __future__ import annotations

from collections.abc import Sequence

from evals.detect.injectors import INJECTORS
from evals.detect.scenes import SCENES, scenes_of
from evals.detect.traps import TRAPS
from evals.detect.values import LEVELS, Injector, Recipe

__all__ = ["CODECS", "SPLITS", "clean_hour", "quick", "recipes", "select"]

SPLITS = ("tune", "test")
CODECS = ("h264", "hevc", "vp9", "av1", "mpeg2")
"""The round of codecs: in the split ``test`` each strength of each defect meets each of them."""
SIZES = ((480, 270), (640, 360), (512, 288))
TUNE_CODECS = 3
TRAP_S = 9.0
CLEAN_S = 12.0
HOUR_CLIP_S = 24.0
HOUR_CODINGS = (*CODECS, "h264_low", "hevc_low")


def recipes(split: str) -> list[Recipe]:
    """All fixtures of a split but the hour of clean content."""
    return [*_defects(split), *_traps(split), *_clean(split)]


def _defects(split: str) -> list[Recipe]:
    found = []
    for place, (name, injector) in enumerate(INJECTORS.items()):
        scenes = scenes_of(split, injector.scenes)
        codings = injector.codings or CODECS
        rounds = len(codings) if split == "test" else min(TUNE_CODECS, len(codings))
        repeats = max(1, 3 // injector.levels)
        for number in range(injector.levels * rounds * repeats):
            level, turn = number % injector.levels, number // injector.levels
            coding = codings[(turn + level + place) % len(codings)]
            found.append(
                _recipe(split, name, injector, level, coding, scenes[(number + place) % len(scenes)], number)
            )
    return found


def _recipe(
    split: str, name: str, injector: Injector, level: int, coding: str, scene: str, number: int
) -> Recipe:
    width, height = injector.size or _size_of(scene, sum(scene.encode()))
    return Recipe(
        id=f"{split}/{name}/{LEVELS[level]}/{coding}/{number}",
        split=split,
        family="defect",
        scene=scene,
        coding=coding,
        seed=(1000 if split == "test" else 5000) + number,
        duration_s=injector.clip_s,
        width=width,
        height=height,
        defect=name,
        level=level,
        scene_seed=number // 2 % 2,
    )


def _size_of(scene: str, number: int) -> tuple[int, int]:
    """A size in turn; a camera that travels over 640 x 360 needs room to do so."""
    return SIZES[0] if scene.endswith("travel") else SIZES[number % 3]


def _traps(split: str) -> list[Recipe]:
    found = []
    for place, (name, trap) in enumerate(TRAPS.items()):
        for number in range(3 if split == "test" else 2):
            # The parity of the seed says from which split's material a trap is made.
            seed = 2 * (100 * place + number) + (split == "tune")
            coding = trap.coding or CODECS[(place + number) % len(CODECS)]
            width, height = SIZES[(place + number) % 3]
            found.append(
                Recipe(
                    f"{split}/trap/{name}/{coding}/{number}",
                    split,
                    "trap",
                    "",
                    coding,
                    seed,
                    TRAP_S,
                    width,
                    height,
                    defect=name,
                )
            )
    return found


def _clean(split: str) -> list[Recipe]:
    found = []
    for place, name in enumerate(scenes_of(split, "any")):
        for number in range(2):
            coding = CODECS[(place + 2 * number) % len(CODECS)]
            width, height = _size_of(name, place + number)
            seed = (2000 if split == "test" else 6000) + number
            found.append(_clean_recipe(split, "clean", name, coding, seed, CLEAN_S, (width, height)))
    return found


def _clean_recipe(
    split: str, family: str, scene: str, coding: str, seed: int, duration_s: float, size: tuple[int, int]
) -> Recipe:
    name = scene.split(".")[1]
    return Recipe(
        f"{split}/{family}/{name}/{coding}/{seed}",
        split,
        family,
        scene,
        coding,
        seed,
        duration_s,
        *size,
        scene_seed=seed,
    )


def clean_hour(split: str, hours: float = 1.0) -> list[Recipe]:
    """An hour's equivalent of clean content: the scenes with other seeds, crops, flips, sizes and codings.

    It is no hour of independent programme, and the report says so.
    """
    scenes = [name for name in SCENES if name.startswith(f"{split}.")]
    count = round(3600 * hours / HOUR_CLIP_S)
    sizes = ((480, 270), (320, 180), (512, 288))
    base = 20_000 if split == "test" else 30_000
    return [
        _clean_recipe(
            split,
            "hour",
            scenes[n % len(scenes)],
            HOUR_CODINGS[(n + n // len(scenes)) % len(HOUR_CODINGS)],
            base + n,
            HOUR_CLIP_S,
            sizes[(n // len(scenes)) % 3],
        )
        for n in range(count)
    ]


def quick(split: str = "test") -> list[Recipe]:
    """The subset that CI runs: one clear or moderate case of every defect, some traps and clean clips."""
    chosen: dict[str, Recipe] = {}
    for place, name in enumerate(INJECTORS):
        mine = [r for r in _defects(split) if r.defect == name]
        wanted = min(place % 2, INJECTORS[name].levels - 1)
        levelled = [r for r in mine if r.level == wanted]
        chosen[name] = levelled[place % len(levelled)]
    traps = [r for n, r in enumerate(_traps(split)) if n % 6 == 0]
    return [*chosen.values(), *traps, *_clean(split)[::4]]


def select(checks: Sequence[str], split: str) -> list[Recipe]:
    """What it takes to judge some checks: their defects, traps, clean clips, one of each other defect."""
    found = []
    others: set[str] = set()
    for recipe in recipes(split):
        if recipe.family != "defect" or INJECTORS[recipe.defect].check in checks:
            found.append(recipe)
        elif recipe.defect not in others and recipe.level == min(1, INJECTORS[recipe.defect].levels - 1):
            others.add(recipe.defect)
            found.append(recipe)
    return found
