"""Puts measured figures into docs/bench.md, with a chart.

    for kind in scan filters split jobs patrol serve shapes
    do vidette bench $kind --json > FOLDER/$kind.json; done
    python -m scripts.bench_page FOLDER "the machine, in words"

The prose above the mark in docs/bench.md is written by hand; all below it is made here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["bars", "chart", "main", "page"]

DOCS = Path(__file__).resolve().parents[1] / "docs"
MARK = "<!-- made from measured figures by python -m scripts.bench_page -->"
BAR, GAP, LEFT, RIGHT, WIDTH = 22, 10, 250, 130, 860
OURS, OTHERS = "#2f6f9f", "#9aa5b1"
TITLES = {
    "filters": "Against FFmpeg with every filter that answers the same questions",
    "split": "Against a converter that hands image files to one process a detector",
    "jobs": "One job and several",
    "patrol": "In full and on patrol",
}


def chart(title: str, rows: Sequence[tuple[str, float, bool]], unit: str) -> str:
    """Bars of one unit as an SVG that reads on light and dark ground; a row says whether it is vidette's."""
    most = max((value for _, value, _ in rows), default=1.0)
    height = len(rows) * (BAR + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="14" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for n, (name, value, ours) in enumerate(rows):
        y = GAP + n * (BAR + GAP)
        length = max(2.0, (WIDTH - LEFT - RIGHT) * value / most)
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 16}" text-anchor="end" fill="#1f2933">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" '
            f'fill="{OURS if ours else OTHERS}"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 16}" fill="#1f2933">{value:.1f} {unit}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def page(written: str, found: Mapping[str, Any], machine: str) -> str:
    """``docs/bench.md`` with the figures of these documents, by their kind."""
    parts = [written.split(MARK)[0].rstrip(), "", MARK, "", "## Measured", ""]
    parts += [f"On {machine}; vidette {found['scan']['version']}.", ""]
    parts += ["![CPU seconds for one clip](bench.svg)", "", *_scan(found["scan"])]
    for kind, title in TITLES.items():
        parts += _comparison(title, found[kind])
        if troubled := found[kind].get("troubled"):
            share = found[kind]["faulty_share"]
            parts += _comparison(f"The same, with {share:.0%} of the time black or frozen", troubled)
    return "\n".join([*parts, *_serve(found["serve"]), *_shapes(found["shapes"])])


def _scan(document: Mapping[str, Any]) -> list[str]:
    ratio = document["ratio"]
    return [
        f"**A whole scan costs {ratio['median']:.2f} times decoding alone** in CPU "
        f"({ratio['low']:.2f} to {ratio['high']:.2f} in {document['repeats']} pairs, {document['clip']}).",
        "",
    ]


def _comparison(title: str, document: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {row['name']} | {row['cpu_s']['median']:.2f} s | {row['wall_s']['median']:.2f} s "
        f"| {row['written_mb']['median']:.1f} MB | {_ratio(row['cpu_ratio'])} | {_ratio(row['wall_ratio'])} |"
        for row in document["standings"]
    ]
    head = [
        "| | CPU | wall | written | CPU, times the first | wall, times the first |",
        "|---|---|---|---|---|---|",
    ]
    return [
        f"### {title}",
        "",
        f"{document['clip']}, runs of each: {document['repeats']}.",
        "",
        *head,
        *rows,
        "",
    ]


def _serve(document: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {run['name']} | {'as many as can be' if run['rate'] is None else format(run['rate'], 'g')} "
        f"| {run['done']:.0f} | {run['p50_ms']:.0f} / {run['p95_ms']:.0f} ms | {run['cpu_ms']:.1f} ms |"
        for run in document["runs"]
    ]
    return [
        "### What the service bears",
        "",
        f"{document['incidents']:,} incidents in SQLite; the load comes from the same machine.",
        "",
        "| | asked, a second | done, a second | p50 / p95 | CPU for one |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def _ratio(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.2f} ({spread['low']:.2f}-{spread['high']:.2f})"


def _shapes(document: Mapping[str, Any]) -> list[str]:
    rows = []
    for run in document["runs"]:
        shape = run["shape"]
        rows.append(
            f"| {shape['name']} | {run['full_wall_s']:.1f} s | {run['patrol_wall_s']:.1f} s "
            f"| {shape['lambda_s']:g} s | {shape['ec2_s']:g} s |"
        )
    return [
        "### The shapes of a published table",
        "",
        "| clip | full | patrol | published: Lambda | published: EC2 t2.large |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def main(arguments: Sequence[str]) -> None:
    """Reads the documents of a folder; writes the page and its chart."""
    folder, machine = arguments
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in Path(folder).glob("*.json")}
    path = DOCS / "bench.md"
    path.write_text(page(path.read_text("utf-8"), found, machine), "utf-8")
    (DOCS / "bench.svg").write_text(chart("CPU seconds for one clip", bars(found), "s of CPU"), "utf-8")


def bars(found: Mapping[str, Any]) -> list[tuple[str, float, bool]]:
    """What the chart shows: decoding, a scan, and what else would answer the same questions."""
    scan = found["scan"]
    rows = [
        ("decoding alone", scan["decode_cpu_s"]["median"], False),
        ("vidette, every check", scan["scan_cpu_s"]["median"], True),
    ]
    last = [found[kind]["standings"][-1] for kind in ("filters", "split")]
    return rows + [(row["name"], row["cpu_s"]["median"], False) for row in last]


if __name__ == "__main__":
    main(sys.argv[1:])
