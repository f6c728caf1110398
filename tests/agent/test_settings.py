"""Settings: the environment, its defaults, and what is wrong with it in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.settings import PREFIX, Settings, TriageName, load_settings, unknown_variables
from pipeline.errors import UsageError


def test_defaults_lie_in_the_users_data_folder(home: Path) -> None:
    settings = load_settings()
    assert settings.triage is TriageName.AUTO
    assert Path(settings.store_url).name == "vidette.db"
    assert Path(settings.store_url).is_relative_to(home)


def test_every_field_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = {
        "data_dir": str(tmp_path),
        "db": "sqlite:///x.db",
        "triage": "rules",
        "model": "m.gguf",
        "adapter": "a.gguf",
        "calibration": "c.json",
        "remote_url": "http://127.0.0.1:8080/v1",
        "remote_model": "m",
        "api_key": "k",
        "model_timeout_s": "5",
        "model_retries": "1",
        "remote_calls_an_hour": "10",
        "remote_tokens_an_hour": "1000",
        "policy": "p.toml",
        "context": "c.toml",
        "notify": "n.toml",
        "log_format": "json",
        "debug": "1",
        "workers": "3",
        "worker_memory_mb": "2048",
        "scan_timeout_s": "60",
        "scan_stall_s": "10",
        "scan_files": "/media",
        "allow_networks": "10.0.0.0/8",
        "upload_max_mb": "1",
        "upload_timeout_s": "5",
        "queue_max": "10",
        "rate_reads": "5",
        "rate_writes": "5",
        "retention_days": "30",
        "retention_mb": "100",
        "files_days": "1",
        "files_mb": "10",
    }
    assert set(values) == set(Settings.model_fields)
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)
    settings = load_settings()
    assert settings.model_fields_set == set(values)
    assert (settings.store_url, settings.debug) == ("sqlite:///x.db", True)


def test_data_dir_moves_the_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIDETTE_DATA_DIR", str(tmp_path))
    assert load_settings().store_url == str(tmp_path / "vidette.db")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDETTE_TRIAGE", "")
    assert load_settings().triage is TriageName.AUTO


def test_a_wrong_value_is_one_line_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDETTE_TRIAGE", "gpt")
    with pytest.raises(UsageError, match=r"^VIDETTE_TRIAGE: .*'rules'.*, got 'gpt'$"):
        load_settings()


def test_a_misspelt_variable_is_noticed() -> None:
    found = unknown_variables({"VIDETTE_TRAIGE": "rules", "VIDETTE_DB": "x", "PATH": os.defpath})
    assert found == {"VIDETTE_TRAIGE": "VIDETTE_TRIAGE"}


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
    missing = [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in text]
    assert not missing
