"""The order of work: the model only where it is needed, and nothing lost by what fails beside the scan."""

from __future__ import annotations

import sqlite3
import threading
from itertools import chain
from pathlib import Path

import pytest

from agent.models import TriageModel, open_model
from agent.policy import load_policy
from agent.service import Service
from agent.store import Store
from pipeline.errors import UsageError
from pipeline.model import ScanStatus
from pipeline.profile import load_profile
from pipeline.scan import Progress
from tests.clips import black, moving, write_clip


class Loader:
    """Loads the rules, and counts how often; or fails."""

    def __init__(self, fails: str = "") -> None:
        self.calls = 0
        self.fails = fails

    def __call__(self) -> TriageModel:
        self.calls += 1
        if self.fails:
            raise UsageError(self.fails)
        return open_model("rules")


@pytest.fixture(scope="session")
def black_clip(clip_folder: Path) -> Path:
    """Five seconds of pictures, black from 1 s to 4 s."""
    pictures = chain(moving(25), black(75), moving(25, first=100))
    return write_clip(clip_folder / "black.mp4", pictures=pictures)


def _service(loader: Loader, store: Store | None = None) -> Service:
    return Service(load_profile("default"), load_policy(None), store, loader)


def test_the_model_is_loaded_at_the_first_incident_and_once(clean_clip: Path, black_clip: Path) -> None:
    loader = Loader()
    service = _service(loader)
    assert service.check(str(clean_clip)).model == ""
    assert loader.calls == 0
    outcomes = [service.check(str(black_clip)) for _ in range(2)]
    assert loader.calls == 1
    for outcome in outcomes:
        assert outcome.model.startswith("rules")
        assert outcome.assessment.verdicts.keys() == {found.id for found in outcome.assessment.scan.incidents}
        assert outcome.assessment.scan.timing is not None
        assert outcome.assessment.scan.timing.triage_s > 0


def test_a_bad_input_is_an_outcome_that_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Store.open(str(path)) as store:
        outcome = _service(Loader(), store).check(str(tmp_path / "missing.mp4"))
    assert outcome.assessment.scan.status is ScanStatus.NOT_ASSESSABLE
    assert outcome.problems == ()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT status FROM scans").fetchall() == [("not_assessable",)]
    connection.close()


def test_a_model_that_cannot_be_loaded_leaves_it_to_the_rules(black_clip: Path) -> None:
    loader = Loader(fails="no such model")
    service = _service(loader)
    outcomes = [service.check(str(black_clip)) for _ in range(2)]
    assert loader.calls == 1
    for outcome in outcomes:
        assert outcome.problems == ("no such model; the rules judged instead",)
        assert outcome.assessment.verdicts


def test_a_store_that_fails_costs_only_the_storing(
    black_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.engine.BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "x.db"
    with Store.open(str(path)) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        outcome = _service(Loader(), store).check(str(black_clip))
        other.close()
    assert outcome.assessment.verdicts
    (problem,) = outcome.problems
    assert "x.db is locked by another process" in problem
    assert problem.endswith("(this result is not stored)")


def test_a_scan_that_is_stopped_is_judged_by_the_rules_at_once(black_clip: Path) -> None:
    loader, stop = Loader(), threading.Event()

    def halt(progress: Progress) -> None:
        if progress.done_s >= 5.0:
            stop.set()

    outcome = _service(loader).check(str(black_clip), on_progress=halt, stop=stop)
    assert outcome.assessment.verdicts
    assert outcome.model.startswith("rules")
    assert loader.calls == 0


def test_inputs_may_be_checked_from_several_threads(black_clip: Path, tmp_path: Path) -> None:
    loader = Loader()
    with Store.open(str(tmp_path / "x.db")) as store:
        service = _service(loader, store)
        threads = [threading.Thread(target=service.check, args=(str(black_clip),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.incidents()) == 1
    assert loader.calls == 1
