"""What holds for the whole house: exact ``__all__``, small files, licensed media, clean packaging."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agent", "pipeline")
FOLDERS = (*PACKAGES, "evals", "tests")
MAX_FILE_LINES = 400
MAX_BODY_LINES = 60
MAX_MEDIA_BYTES = 3_000_000

SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
# Alembic loads revisions by their path: they are scripts, not modules.
SHIPPED = [
    path for path in SOURCES if path.relative_to(ROOT).parts[0] in PACKAGES and "migrations" not in path.parts
]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _module_file(module: str | None) -> Path | None:
    """The file of one of our own modules; None for any other."""
    if not module or module.split(".")[0] not in PACKAGES:
        return None
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _public(tree: ast.Module) -> set[str]:
    """Names of the functions and classes that a module defines for others."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def _declared(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def _bound(tree: ast.Module) -> set[str]:
    """Every name that a module's top level binds."""
    bound = _public(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    return bound


@pytest.mark.parametrize("path", SHIPPED, ids=_name)
def test_all_names_what_is_defined(path: Path) -> None:
    tree = _tree(path)
    declared = _declared(tree)
    if declared is None:
        # A package may hold its docstring alone, and so may `__main__`.
        assert not _public(tree), f"{_name(path)} defines {_public(tree)} and has no __all__"
        return
    assert len(declared) == len(set(declared))
    unbound = set(declared) - _bound(tree)
    assert not unbound, f"{_name(path)}: {sorted(unbound)} are in __all__ but not defined"


@pytest.mark.parametrize("path", SHIPPED, ids=_name)
def test_all_names_what_others_import(path: Path) -> None:
    hidden = []
    for node in ast.walk(_tree(path)):
        source = _module_file(node.module) if isinstance(node, ast.ImportFrom) else None
        if isinstance(node, ast.ImportFrom) and source is not None:
            declared = set(_declared(_tree(source)) or ())
            names = {
                alias.name for alias in node.names if _module_file(f"{node.module}.{alias.name}") is None
            }
            hidden += [f"{node.module}.{name}" for name in sorted(names - declared)]
    assert not hidden, f"{_name(path)} imports {hidden}, which their modules do not offer in __all__"


@pytest.mark.parametrize("path", SHIPPED, ids=_name)
def test_public_things_have_docstrings(path: Path) -> None:
    tree = _tree(path)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bare = [
        node.name
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not bare, f"{_name(path)}: {bare} say nothing of themselves"
    assert ast.get_docstring(tree) or not tree.body, f"{_name(path)} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_files_and_bodies_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES, f"{_name(path)}: is there a second thing inside?"
    functions = [
        node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {node.name: size for node in functions if (size := _body_lines(node)) > MAX_BODY_LINES}
    assert not long, f"{_name(path)}: long bodies {long}"


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body; the signature and the docstring do not count."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_folder_is_a_package(package: str) -> None:
    folders = {path.parent for path in SHIPPED if path.relative_to(ROOT).parts[0] == package}
    bare = [_name(folder) for folder in folders if not (folder / "__init__.py").is_file()]
    assert not bare, "these folders would not ship"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_can_be_imported(package: str) -> None:
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not found.name.endswith("__main__") and ".migrations." not in found.name:
            importlib.import_module(found.name)


def test_media_in_the_repository_are_small_and_licensed() -> None:
    folder = ROOT / "evals" / "media"
    clips = [path for path in folder.iterdir() if path.suffix != ".md"]
    licences = (folder / "LICENSES.md").read_text(encoding="utf-8")
    assert clips
    assert sum(path.stat().st_size for path in clips) <= MAX_MEDIA_BYTES
    for clip in clips:
        assert f"`{clip.name}`" in licences, f"{clip.name} has no line in LICENSES.md"


def test_prompts_and_media_ship_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(wheel["packages"]) == {"agent", "evals", "pipeline", "prompts"}
    assert wheel["force-include"] == {"evals/media": "agent/bench/media"}
    assert list(project["project"]["scripts"]) == ["vidette"]
