"""Fixtures of every test: a home of its own, no logged errors, and clips made once a session."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clips import moving, programme, write_clip
from tests.needs import shared_media

HOME_FOLDERS = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, so that no test reads or writes the user's own; its path."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name, below in HOME_FOLDERS.items():
        monkeypatch.setenv(name, str(folder / below))
    for name in [name for name in os.environ if name.startswith("VIDETTE_")]:
        monkeypatch.delenv(name)
    return folder


@pytest.fixture(autouse=True)
def no_logged_errors(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that logged an error, unless it is marked ``logs_errors``."""
    yield
    if request.node.get_closest_marker("logs_errors"):
        return
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    logged = [f"{item.name}: {item.getMessage()}" for item in records if item.levelno >= logging.ERROR]
    assert not logged, f"the test logged errors: {logged}"


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clips that are made once a session lie; tests only read them."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clean_clip(clip_folder: Path) -> Path:
    """Four seconds without a defect: 160x90 at 25 frames a second, stereo AAC, MP4."""
    return write_clip(clip_folder / "clean.mp4", pictures=moving(100), sound=programme(4.0))


@pytest.fixture
def others_media() -> Callable[[str], Path]:
    """The path of a file made by others, by its name; skips where the folder is absent."""
    return shared_media
