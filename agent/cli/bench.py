"""``vidette bench``: what a scan costs beside decoding alone, its peers and other designs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from agent.about import version
from agent.bench.compare import Comparison, Contender, compare
from agent.bench.filters import run_filters
from agent.bench.media import FULL_HD, natural_clip, natural_path, sample
from agent.bench.runs import (
    MemoryRun,
    Run,
    ScanComparison,
    Spread,
    compare_scan,
    measure_memory,
    run_worker,
)
from agent.bench.split import run_split
from agent.cli.options import JsonOption
from agent.cli.terminal import print_json, results_console, status_console
from pipeline.errors import UsageError

__all__ = ["bench_app"]

SCHEMA = "vidette.bench/1"

bench_app = typer.Typer(help="Measure speed and memory on this machine.", no_args_is_help=True)

ClipOption = Annotated[
    Path | None,
    typer.Option("--clip", metavar="FILE", help="A clip of your own.", show_default="a sample"),
]


RepeatsOption = Annotated[int, typer.Option(min=1, max=100, help="Runs of each kind.")]


@bench_app.command()
def scan(
    repeats: RepeatsOption = 5,
    clip: ClipOption = None,
    json_document: JsonOption = False,
) -> None:
    """Compare the CPU time of a whole scan with that of decoding alone, in turn, as medians."""
    measured = _required(clip) or _made_clip()
    status = status_console()
    with Progress(console=status, transient=True, disable=not status.is_terminal) as progress:
        task = progress.add_task(f"{repeats} pairs and one to warm up", total=repeats + 1)
        result = compare_scan(measured, repeats, lambda _: progress.advance(task))
    if json_document:
        print_json(_document("scan", asdict(result)))
    else:
        results_console().print(_scan_table(result))


@bench_app.command()
def memory(
    minutes: Annotated[float, typer.Option(min=0.1, max=1440, help="Length of the input.")] = 60.0,
    clip: ClipOption = None,
    json_document: JsonOption = False,
) -> None:
    """Scan a long input, made of a clip by stream copy, and show the peak of the memory on its way."""
    result = measure_memory(_required(clip) or sample("meadow.mp4"), minutes * 60)
    if json_document:
        print_json(_document("memory", asdict(result)))
    else:
        results_console().print(_memory_table(result))


@bench_app.command()
def filters(repeats: RepeatsOption = 3, clip: ClipOption = None, json_document: JsonOption = False) -> None:
    """Compare a whole scan with FFmpeg running every filter that answers the same questions."""
    contenders = (Contender("vidette", _scan_run), Contender("FFmpeg filters", run_filters))
    _run_comparison("filters", clip, contenders, repeats, json_document)


@bench_app.command()
def split(repeats: RepeatsOption = 3, clip: ClipOption = None, json_document: JsonOption = False) -> None:
    """Compare one process with a converter that hands image files to one process a detector."""
    contenders = (Contender("one process", _scan_run), Contender("split into processes", run_split))
    _run_comparison("split", clip, contenders, repeats, json_document)


def _scan_run(clip: Path) -> Run:
    return run_worker("scan", clip, sample("city.mp4"))


def _run_comparison(
    kind: str, clip: Path | None, contenders: Sequence[Contender], repeats: int, json_document: bool
) -> None:
    measured = _required(clip) or _made_clip()
    status = status_console()
    with Progress(console=status, transient=True, disable=not status.is_terminal) as progress:
        task = progress.add_task(
            f"{repeats} rounds and one to warm up", total=(repeats + 1) * len(contenders)
        )
        result = compare(measured, contenders, repeats, on_run=lambda _: progress.advance(task))
    if json_document:
        print_json(_document(kind, asdict(result)))
    else:
        results_console().print(_comparison_table(result))


def _comparison_table(result: Comparison) -> Table:
    table = Table(title=f"{result.clip}: {result.frames} pictures, {result.repeats} runs of each")
    headings = ("", "CPU", "wall", "peak memory", "written", "CPU, times the first", "wall, times the first")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in result.standings:
        table.add_row(
            row.name,
            f"{row.cpu_s.median:.2f} s",
            f"{row.wall_s.median:.2f} s",
            f"{row.peak_rss_mb.median:.0f} MB",
            f"{row.written_mb.median:.1f} MB",
            _ratio(row.cpu_ratio),
            _ratio(row.wall_ratio),
        )
    return table


def _ratio(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.low:.2f}-{spread.high:.2f})"


def _required(clip: Path | None) -> Path | None:
    if clip is not None and not clip.is_file():
        raise UsageError(f"--clip {clip}: there is no such file")
    return clip


def _made_clip() -> Path:
    if not natural_path(FULL_HD).exists():
        status_console().print(f"Making the 1080p clip, once, in about a minute: {natural_path(FULL_HD)}")
    return natural_clip(FULL_HD)


def _document(kind: str, figures: dict[str, object]) -> str:
    return json.dumps({"schema": SCHEMA, "version": version(), "kind": kind, **figures}, indent=2)


def _scan_table(result: ScanComparison) -> Table:
    table = Table(title=f"{result.clip}: {result.frames} pictures, {result.repeats} runs of each")
    for heading in ("", "median", "lowest", "highest"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, spread, unit in (
        ("decoding alone, CPU", result.decode_cpu_s, "s"),
        ("whole scan, CPU", result.scan_cpu_s, "s"),
        ("decoding alone, wall", result.decode_wall_s, "s"),
        ("whole scan, wall", result.scan_wall_s, "s"),
        ("whole scan, start-up CPU", result.scan_start_s, "s"),
        ("whole scan, peak memory", result.scan_peak_rss_mb, "MB"),
        ("scan / decoding, CPU", result.ratio, ""),
    ):
        table.add_row(name, *_cells(spread, unit), style="bold" if name.startswith("scan") else None)
    return table


def _cells(spread: Spread, unit: str) -> list[str]:
    digits = 0 if unit == "MB" else 2
    return [f"{value:.{digits}f} {unit}".rstrip() for value in (spread.median, spread.low, spread.high)]


def _memory_table(result: MemoryRun) -> Table:
    run = result.run
    title = f"{result.clip} for {result.duration_s / 60:g} min: {run.frames} pictures in {run.wall_s:.0f} s"
    table = Table(title=title)
    table.add_column("scanned", justify="right")
    table.add_column("peak memory so far", justify="right")
    for tenth, rss_mb in enumerate(run.rss_mb, start=1):
        table.add_row(f"{tenth * 10} %", f"{rss_mb:.0f} MB")
    table.add_row("the whole process", f"{run.peak_rss_mb:.0f} MB", style="bold")
    return table
