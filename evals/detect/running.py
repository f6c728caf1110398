"""Makes fixtures and scans them, in parallel processes.

Measurements are kept, so that another threshold is tried in a moment.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path

import pipeline
from agent.policy import Policy, load_policy
from evals.detect.fixtures import fixture_key, make_fixture
from evals.detect.values import Fixture, Found, Recipe, Result
from pipeline.errors import VidetteError
from pipeline.model import ScanResult, ScanStatus
from pipeline.profile import load_profile
from pipeline.replay import replay
from pipeline.scan import scan

__all__ = ["Detector", "found_in", "prune", "run", "vidette"]

Detector = Callable[[Fixture, Path], Result]
"""Looks at a fixture; the path is a folder to keep things in."""

DECIDING = ("checks", "profiles", "correlate.py", "decide.py", "hold.py", "profile.py", "replay.py")
"""What may change without the measurements changing."""
KEPT_DAYS = 14
GROUP = 8


@lru_cache(maxsize=1)
def _measuring() -> str:
    """A hash of the code that measures."""
    root = Path(pipeline.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        if file.relative_to(root).parts[0] not in DECIDING:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=1)
def _policy() -> Policy:
    return load_policy()


def vidette(fixture: Fixture, cache: Path) -> Result:
    """What vidette finds with its default profile; measured once, decided anew each time."""
    profile = load_profile("default")
    kept = cache / "series" / fixture_key(fixture.recipe) / _measuring()
    try:
        if (kept / "series.json").is_file():
            os.utime(kept.parent)
            return found_in(fixture, replay(kept, profile))
        shutil.rmtree(kept.parent, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        scanned = scan(str(fixture.path), profile, keep_series=kept)
    except VidetteError as exc:
        return Result(fixture, (), str(exc))
    return found_in(fixture, scanned)


def found_in(fixture: Fixture, scanned: ScanResult) -> Result:
    """The events of a scan, each with the floor that the policy gives its incident."""
    if scanned.status is not ScanStatus.OK:
        return Result(fixture, (), scanned.error or "not assessable")
    found = []
    for incident in scanned.incidents:
        floor = str(_policy().decide(incident, scanned.media).floor)
        for event in incident.events:
            end_s = event.start_s if event.end_s is None else event.end_s
            found.append(
                Found(
                    event.check,
                    event.stream,
                    event.start_s,
                    end_s,
                    event.value,
                    event.unit,
                    event.confidence,
                    floor,
                    incident.id,
                    dict(event.evidence),
                )
            )
    return Result(fixture, tuple(found))


def run(
    recipes: Sequence[Recipe],
    cache: Path,
    *,
    jobs: int,
    detector: Detector = vidette,
    on_done: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """The results of all recipes, in their order."""
    done: dict[str, Result] = {}
    for result in _each(recipes, cache, jobs, detector):
        done[result.fixture.recipe.id] = result
        if on_done:
            on_done(len(done), len(recipes))
    return [done[recipe.id] for recipe in recipes]


def _each(recipes: Sequence[Recipe], cache: Path, jobs: int, detector: Detector) -> Iterator[Result]:
    work = partial(_some, cache=cache, detector=detector)
    if jobs == 1:
        for group in _groups(recipes):
            yield from work(group)
        return
    waiting = {recipe.id: recipe for recipe in recipes}
    context = multiprocessing.get_context("spawn")
    with (
        suppress(BrokenProcessPool),
        ProcessPoolExecutor(jobs, mp_context=context, initializer=_alone) as pool,
    ):
        for future in as_completed([pool.submit(work, group) for group in _groups(recipes)]):
            for result in future.result():
                del waiting[result.fixture.recipe.id]
                yield result
    # A codec took a process down with it: what is left goes one by one, so that the clip can be named.
    for recipe in waiting.values():
        with ProcessPoolExecutor(1, mp_context=context, initializer=_alone) as pool:
            try:
                yield from pool.submit(work, [recipe]).result()
            except BrokenProcessPool as exc:
                raise RuntimeError(f"making or scanning {recipe.id} ended its process") from exc


def _groups(recipes: Sequence[Recipe]) -> list[list[Recipe]]:
    """Recipes that share a scene go to one process, a few at a time; the longest work comes first."""

    def scene(recipe: Recipe) -> tuple[object, ...]:
        return recipe.family, recipe.scene, recipe.scene_seed, recipe.width, recipe.height

    groups = [list(group) for _, group in groupby(sorted(recipes, key=scene), key=scene)]
    parts = [group[at : at + GROUP] for group in groups for at in range(0, len(group), GROUP)]
    return sorted(parts, key=lambda part: -sum(r.duration_s * r.width * r.height for r in part))


def _alone() -> None:
    """One thread a process: there are as many processes as cores."""
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


def _some(recipes: Sequence[Recipe], cache: Path, detector: Detector) -> list[Result]:
    return [detector(make_fixture(recipe, cache), cache) for recipe in recipes]


def prune(cache: Path) -> None:
    """Removes what no run has made or read for two weeks."""
    limit = time.time() - KEPT_DAYS * 86_400
    for kind in ("clips", "series"):
        for folder in (cache / kind).glob("*"):
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
