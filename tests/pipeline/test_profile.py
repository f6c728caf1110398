"""Profiles: every wrong one is told in one line that says what to do, and the docs name every setting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pipeline.areas import Mask
from pipeline.checks import CHECKS
from pipeline.decide import thresholds
from pipeline.errors import ProfileError
from pipeline.model import Threshold
from pipeline.planned import PLANNED_CHECKS, Planned
from pipeline.profile import BUILT_IN, MAX_EXTENDS, load_profile, nearest
from scripts.check_pages import IMAGES, MARK, PAGES, catalogue, page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def written(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_profiles_load(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.description
    assert profile.settings.keys() == CHECKS.keys()


def test_the_default_is_the_defaults() -> None:
    assert all(values == CHECKS[name].settings() for name, values in load_profile().settings.items())


@pytest.mark.parametrize(
    ("name", "target", "tolerance", "peak"),
    [("ebu-r128", -23.0, 0.5, -1.0), ("ebu-r128-s1", -23.0, 0.5, -1.0), ("atsc-a85", -24.0, 2.0, -2.0)],
)
def test_delivery_profiles_have_their_figures(
    name: str, target: float, tolerance: float, peak: float
) -> None:
    loudness, true_peak = (load_profile(name)[check].model_dump() for check in ("loudness", "true_peak"))
    assert (loudness["target_lufs"], loudness["tolerance_lu"], true_peak["limit_dbtp"]) == (
        target,
        tolerance,
        peak,
    )


WRONG = {
    "unknown check": ("[blak]\nmin_s = 1", "there is no check 'blak'; did you mean 'black'?"),
    "nothing like any": ("[zzzz]\n", "there is no check 'zzzz'"),
    "unknown setting": ("[black]\nmin_secs = 1", "black has no setting 'min_secs'; did you mean 'min_s'?"),
    "setting of another check": (
        "[silence]\nlimit_dbtp = 1",
        "silence has no setting 'limit_dbtp'",
    ),
    "setting at the top": ("min_s = 1", "there is no check 'min_s'"),
    "out of range": (
        "[black]\ndark_share = 12",
        "black.dark_share: input should be less than or equal to 1, got 12",
    ),
    "negative time": (
        "[black]\nmin_s = -1",
        "black.min_s: input should be greater than or equal to 0, got -1",
    ),
    "text for a number": ('[black]\nmin_s = "2"', "black.min_s: input should be a valid number, got '2'"),
    "truth for a number": ("[black]\nmin_s = true", "black.min_s: input should be a valid number, got True"),
    "number for a truth": ("[black]\nenabled = 1", "black.enabled: input should be a valid boolean, got 1"),
    "part of a count": (
        "[clipping]\nwindows = 2.5",
        "clipping.windows: input should be a valid integer, got 2.5",
    ),
    "no number": ("[black]\nmin_s = nan", "black.min_s: input should be "),
    "endless": ("[black]\nmin_s = inf", "black.min_s: input should be "),
    "word for a list": (
        '[channel_silence]\nignore = "FC"',
        "channel_silence.ignore: input should be a valid tuple",
    ),
    "number in a list": (
        "[channel_silence]\nignore = [1]",
        "channel_silence.ignore.0: input should be a valid string",
    ),
    "no table": ("black = 3", "black must be a table of settings, got 3"),
    "tables of one name": ("[[black]]\nmin_s = 1", "black must be a table of settings, got ["),
    "not TOML": ("black: {min_s: 1}", "cannot be read as TOML"),
    "half a file": ("[black", "cannot be read as TOML"),
    "key given twice": ("[black]\nmin_s = 1\nmin_s = 2", "cannot be read as TOML"),
    "deep": ("x = " + "[" * 50_000, "cannot be read as TOML"),
    "extends no name": ("extends = 3", "extends must be a name or a path, got 3"),
    "extends nothing": ('extends = "ebu-r129"', "there is no profile"),
    "control characters": ('["bl\\u001b[2Jack"]', "there is no check 'bl\ufffd[2Jack'"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_profile_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(written(tmp_path, text))
    said = str(caught.value)
    assert message in said
    assert "\n" not in said and "\x1b" not in said
    assert "mine.toml" in said or "there is no profile" in said


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="cannot be read as TOML"):
        load_profile(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ebu-r129", "did you mean 'ebu-r128'?"),
        ("nowhere.toml", "built in are default, ebu-r128, ebu-r128-s1, atsc-a85"),
        ("", "built in are"),
        ("a\0b", "built in are"),
    ],
)
def test_a_profile_that_is_not_there(name: str, hint: str) -> None:
    with pytest.raises(ProfileError, match=re.escape(hint)):
        load_profile(name)


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="there is no profile"):
        load_profile(str(tmp_path))


def values(name: str, check: str = "black") -> dict[str, Any]:
    return load_profile(name)[check].model_dump()


def test_an_own_file_lies_on_top_of_the_default(tmp_path: Path) -> None:
    path = written(tmp_path, 'description = "Mine."\n[black]\nmin_s = 5\n')
    assert values(path)["min_s"] == 5.0
    assert values(path) | {"min_s": 2.0} == values("default")
    assert load_profile(path).description == "Mine."


def test_files_extend_each_other(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    written(tmp_path / "house", 'extends = "atsc-a85"\n[black]\nmin_s = 5\nrecover_s = 1\n', "base.toml")
    path = written(tmp_path, 'extends = "house/base.toml"\n[black]\nmin_s = 7\n')
    assert (values(path)["min_s"], values(path)["recover_s"]) == (7, 1)
    assert values(path, "loudness")["target_lufs"] == -24.0


def test_a_parent_is_looked_for_beside_its_child(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    written(tmp_path / "house", "[black]\nmin_s = 5\n", "base.toml")
    path = written(tmp_path / "house", 'extends = "base.toml"\n', "child.toml")
    assert values(path)["min_s"] == 5


@pytest.mark.parametrize("length", [1, 2, MAX_EXTENDS + 3])
def test_a_cycle_is_told(tmp_path: Path, length: int) -> None:
    for n in range(length):
        written(tmp_path, f'extends = "{(n + 1) % length}.toml"', f"{n}.toml")
    with pytest.raises(ProfileError, match=f"extend each other more than {MAX_EXTENDS} deep"):
        load_profile(str(tmp_path / "0.toml"))


def test_a_check_can_be_turned_off(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, "[black]\nenabled = false\n"))
    assert not profile["black"].enabled
    assert "black" not in {line.check for line in thresholds(profile)}
    assert "black" in {line.check for line in thresholds(load_profile())}


def test_thresholds_follow_the_profile(tmp_path: Path) -> None:
    lines = thresholds(load_profile(written(tmp_path, "[silence]\nlevel_dbfs = -50\n")))
    assert Threshold("silence", "level_dbfs", -50.0, "below") in lines


@pytest.mark.parametrize(("word", "found"), [("blck", "black"), ("true_peek", "true_peak"), ("qqq", "")])
def test_nearest(word: str, found: str) -> None:
    assert (f"'{found}'" in nearest(word, CHECKS)) if found else nearest(word, CHECKS) == ""


def test_the_docs_have_a_page_for_every_check_and_no_other() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(CHECKS)
    written = (DOCS / "checks.md").read_text("utf-8")
    assert written == catalogue(written), "run python -m scripts.check_pages"


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_of_a_check_is_in_step_with_the_code(check: str) -> None:
    written = (PAGES / f"{check}.md").read_text("utf-8")
    assert written == page(CHECKS[check], written), "run python -m scripts.check_pages"


def test_every_check_has_a_picture_of_a_hit() -> None:
    assert {path.name for path in (PAGES / IMAGES).iterdir()} == {f"{check}.jpg" for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_says_what_why_and_what_a_check_is_blind_to(check: str) -> None:
    prose = (PAGES / f"{check}.md").read_text("utf-8").split(MARK)[0]
    for word in ("What", "Why", "Reference", "Blind to"):
        assert re.search(rf"\*\*{word}\.\*\* \S", prose), f"{check} says nothing of: {word}"


def test_the_docs_name_every_profile() -> None:
    text = (DOCS / "profiles.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in BUILT_IN)
    assert f"{MAX_EXTENDS} deep" in text


@pytest.mark.parametrize("kind", [Mask, Planned])
def test_the_docs_name_every_key_of_masks_and_planned_content(kind: type[BaseModel]) -> None:
    text = (DOCS / "profiles.md").read_text("utf-8")
    assert all(f"`{key}`" in text for key in kind.model_fields)
    assert all(f"`{check}`" in text for check in PLANNED_CHECKS)


def test_the_profiles_in_the_docs_load(tmp_path: Path) -> None:
    text = (DOCS / "profiles.md").read_text("utf-8") + (DOCS / "checks.md").read_text("utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        load_profile(written(tmp_path, example))
