"""Makes fixtures from recipes, and keeps them: a clip, and what is true of it, under a hash of all of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import platformdirs

from evals.detect.codings import CODINGS, Coding, in_order, write
from evals.detect.injectors import INJECTORS
from evals.detect.scenes import make_scene
from evals.detect.traps import TRAPS
from evals.detect.values import Allowed, Clip, Fixture, Injector, Part, Recipe, Truth

__all__ = ["cache_folder", "fixture_key", "make_fixture"]


def cache_folder() -> Path:
    """Where fixtures are kept between runs."""
    return Path(platformdirs.user_cache_dir("vidette")) / "evals"


SCENERY = ("canvas", "codings", "fixtures", "natural", "people", "scenes", "strikes", "view", "voices")
"""The modules that every fixture is made by."""
KINDS = {"": (), "traps": ("odd_sounds", "traps")}
"""What makes a kind of fixture beside those, where that is not the one module of its name."""


@lru_cache
def _maker(kind: str) -> str:
    """A hash of the code that makes fixtures of a kind, and of the media that they are made of."""
    here = Path(__file__).parent
    names = (*SCENERY, *KINDS.get(kind, (kind,)))
    files = [here / f"{name}.py" for name in names]
    files += [here.parent / name for name in ("defects.py", "remux.py", "writer.py", "sample.py")]
    files += sorted((here.parent / "media").glob("*.mp4"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def fixture_key(recipe: Recipe) -> str:
    """The name under which a fixture is kept: changes with the recipe and with the code that makes it.

    What is legitimate beside the truth is no part of it: that is asked of the tables when it is read.
    """
    kind, settings = "", {}
    if recipe.family == "trap":
        kind = "traps"
    elif recipe.family == "defect":
        injector = INJECTORS[recipe.defect]
        does = injector.apply or injector.rewrite or injector.compose
        kind = getattr(does, "__module__", "").rpartition(".")[2]
        settings = {name: getattr(injector, name) for name in ("length_s", "lead_s", "reorder", "to_end")}
    text = json.dumps({**asdict(recipe), "maker": _maker(kind), "settings": settings}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def make_fixture(recipe: Recipe, cache: Path) -> Fixture:
    """The fixture of a recipe, from the cache or made now; a half-made one never appears under its name."""
    folder = cache / "clips" / fixture_key(recipe)
    if not (folder / "truth.json").is_file():
        half = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        try:
            _make(recipe, half)
            half.rename(folder)
        except OSError:
            if not (folder / "truth.json").is_file():
                raise
        finally:
            shutil.rmtree(half, ignore_errors=True)
    os.utime(folder)
    return _read(recipe, folder)


def _read(recipe: Recipe, folder: Path) -> Fixture:
    sheet = json.loads((folder / "truth.json").read_text("utf-8"))
    truths = tuple(Truth(**item) for item in sheet["truths"])
    return Fixture(
        recipe,
        folder / sheet["media"],
        truths,
        _legitimate(recipe, truths, sheet["duration_s"] + 10),
        sheet["duration_s"],
        sheet["period_s"],
    )


def _make(recipe: Recipe, folder: Path) -> None:
    coding = CODINGS[recipe.coding]
    path = folder / f"clip{coding.suffix}"
    rng = np.random.default_rng((recipe.seed, 77, recipe.level, sum(recipe.id.encode())))
    truths: list[Truth] = []
    if recipe.family == "trap":
        trap = TRAPS[recipe.defect]
        clip = trap.make(recipe.seed, recipe.duration_s, recipe.width, recipe.height)
    else:
        clip = _start_of(_scene(recipe.scene, recipe.scene_seed, recipe), recipe.duration_s)
    injector = INJECTORS[recipe.defect] if recipe.family == "defect" else None
    if injector is None:
        write(clip, path, coding)
    else:
        truths = _broken(clip, injector, _place(injector, recipe, clip, rng), path, coding)
    sheet = {
        "media": path.name,
        "truths": [asdict(truth) for truth in truths],
        "duration_s": clip.duration_s,
        "period_s": float(1 / clip.rate),
    }
    (folder / "truth.json").write_text(json.dumps(sheet, indent=1), encoding="utf-8")


BASE_S = 14.0
"""Fixtures of one scene are cut from a clip of this length, if they are no longer."""


def _scene(name: str, seed: int, recipe: Recipe) -> Clip:
    if recipe.duration_s > BASE_S:
        return make_scene(name, seed, recipe.duration_s, recipe.width, recipe.height)
    return _base_clip(name, seed, recipe.width, recipe.height)


@lru_cache(maxsize=1)
def _base_clip(name: str, seed: int, width: int, height: int) -> Clip:
    return make_scene(name, seed, BASE_S, width, height)


def _start_of(clip: Clip, duration_s: float) -> Clip:
    """A copy of the start that may be changed; pictures are replaced and never drawn on."""
    count = round(duration_s * clip.rate)
    samples = round(count * clip.rate_hz / clip.rate)
    return Clip(clip.pictures[:count], clip.rate, clip.samples[:, :samples].copy(), clip.rate_hz, clip.layout)


def _place(injector: Injector, recipe: Recipe, clip: Clip, rng: np.random.Generator) -> Part:
    """Where the defect goes; in one of six recipes it runs to the end of the clip."""
    length_s = float(rng.uniform(*injector.length_s))
    last_s = clip.duration_s - 1.6 - length_s
    start_s = float(rng.uniform(injector.lead_s, max(injector.lead_s + 0.01, last_s)))
    to_the_end = recipe.seed % 6 == 5 and injector.to_end
    end_s = clip.duration_s if to_the_end else start_s + length_s
    return Part(clip.duration_s - length_s if to_the_end else start_s, end_s, recipe.level, rng)


def _broken(clip: Clip, injector: Injector, part: Part, path: Path, coding: Coding) -> list[Truth]:
    if injector.compose is not None:
        truths = injector.compose(clip, part, path, lambda piece, to, at_s: write(piece, to, coding, at_s))
        return _moved(truths, path)
    if injector.rewrite is not None:
        coding = coding if injector.reorder else in_order(coding)
        whole = path.with_name(f"whole{path.suffix}")
        write(clip, whole, coding)
        truths = injector.rewrite(whole, path, part)
        whole.unlink()
        return truths
    if injector.apply is None:
        raise ValueError(f"the injector of {injector.check} does nothing")
    truths = injector.apply(clip, part)
    write(clip, path, coding)
    return _moved(truths, path)


def _moved(truths: list[Truth], path: Path) -> list[Truth]:
    """Truths on the clock of the input, which begins with whatever comes first: with an encoder's priming."""
    with av.open(str(path)) as container:
        track = container.streams.video[0]
        zero_s = float((track.start_time or 0) * (track.time_base or Fraction(1)))
        by_s = zero_s - (container.start_time or 0) / av.time_base
    return [replace(truth, start_s=truth.start_s + by_s, end_s=truth.end_s + by_s) for truth in truths]


def _legitimate(recipe: Recipe, truths: Sequence[Truth], length_s: float) -> tuple[Allowed, ...]:
    """What may be told as well, and when."""
    if recipe.family == "trap":
        return tuple(Allowed(check, 0.0, length_s) for check in TRAPS[recipe.defect].allowed)
    if recipe.family != "defect":
        return ()
    injector = INJECTORS[recipe.defect]
    allowed = [Allowed(check, 0.0, length_s) for check in injector.anywhere]
    for truth in truths:
        begin_s, end_s = truth.start_s - injector.near_s, truth.end_s + injector.near_s
        allowed += [Allowed(check, begin_s, end_s) for check in injector.also]
    return tuple(allowed)
