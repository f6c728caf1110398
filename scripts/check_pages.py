"""Brings docs/checks/ in step with the code: titles, units, settings, and the catalogue.

    python -m scripts.check_pages

The prose above the mark in each page is written by hand; all below it is made here. A test fails
while a page differs from what this would write.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.checks import CHECKS, Check

__all__ = ["IMAGES", "MARK", "PAGES", "catalogue", "main", "page"]

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = DOCS / "checks"
MARK = "<!-- made from the code by python -m scripts.check_pages -->"
IMAGES = "images"
"""The folder beside the pages with a picture of a hit for each, by scripts/check_pictures.py."""
CATALOGUE_MARK = "## The catalogue"
EMPTY = "**What.** \n\n**Why.** \n\n**Reference.** \n\n**Blind to.** "


def page(check: Check, written: str) -> str:
    """The whole page of a check, around the prose of the page as ``written``."""
    prose = written.split(MARK)[0].split("\n", 1)[-1].strip() if written else EMPTY
    rows = [
        f"| `{name}` | `{_shown(field.default)}` | {field.description} |"
        for name, field in check.settings.model_fields.items()
        if name != "enabled"
    ]
    return "\n".join(
        [
            f"# `{check.id}`: {_in_a_line(check.title)}",
            "",
            prose,
            "",
            MARK,
            "",
            f"![{check.title}: before, in and behind a hit, and the measurement]({IMAGES}/{check.id}.jpg)",
            "",
            f"`value` is in `{check.unit}`. Settings, in the table `[{check.id}]` of a "
            "[profile](../profiles.md):",
            "",
            "| setting | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def catalogue(written: str) -> str:
    """``docs/checks.md`` with its table of all checks, in their order."""
    rows = [f"| [`{c.id}`](checks/{c.id}.md) | {_in_a_line(c.title)} |" for c in CHECKS.values()]
    head = written.split(CATALOGUE_MARK)[0]
    return "\n".join([head + CATALOGUE_MARK, "", "| id | what |", "|---|---|", *rows, ""])


def _in_a_line(title: str) -> str:
    """A title with a small first letter, unless that begins an acronym."""
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _shown(value: object) -> str:
    """A default as TOML writes it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def main() -> None:
    """Writes every page and the catalogue."""
    PAGES.mkdir(exist_ok=True)
    for check in CHECKS.values():
        path = PAGES / f"{check.id}.md"
        path.write_text(page(check, path.read_text("utf-8") if path.is_file() else ""), "utf-8")
    index = DOCS / "checks.md"
    index.write_text(catalogue(index.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
