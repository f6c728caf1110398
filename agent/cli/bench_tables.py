"""The tables of ``vidette bench``."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from agent.bench.compare import Comparison
from agent.bench.runs import MemoryRun, ScanComparison, Spread
from agent.bench.serving import ServeRun
from agent.bench.shapes import ShapeRun

__all__ = ["comparison_table", "memory_table", "scan_table", "serve_table", "shapes_table"]


def scan_table(result: ScanComparison) -> Table:
    """A scan beside decoding alone."""
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


def memory_table(result: MemoryRun) -> Table:
    """The peak of the memory at each tenth of a long input."""
    run = result.run
    title = f"{result.clip} for {result.duration_s / 60:g} min: {run.frames} pictures in {run.wall_s:.0f} s"
    table = Table(title=title)
    table.add_column("scanned", justify="right")
    table.add_column("peak memory so far", justify="right")
    for tenth, rss_mb in enumerate(run.rss_mb, start=1):
        table.add_row(f"{tenth * 10} %", f"{rss_mb:.0f} MB")
    table.add_row("the whole process", f"{run.peak_rss_mb:.0f} MB", style="bold")
    return table


def comparison_table(result: Comparison, case: str = "") -> Table:
    """Contenders, and how each stands to the first; ``case`` says what the clip is like."""
    pictures = f": {result.frames} pictures" if result.frames else ""
    about = f", {case}" if case else ""
    table = Table(title=f"{result.clip}{about}{pictures}, {result.repeats} runs of each")
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


def shapes_table(runs: Sequence[ShapeRun]) -> Table:
    """Shapes of a published table: ours in full and on patrol, and what was published."""
    jobs = runs[0].jobs if runs else 0
    table = Table(title=f"checked by {jobs} jobs; seconds of wall clock, in brackets of CPU")
    for heading in ("", "full", "patrol", "published: Lambda", "published: EC2 t2.large"):
        table.add_column(heading, justify="right" if heading else "left")
    for run in runs:
        table.add_row(
            run.shape.name,
            f"{run.full_wall_s:.1f} ({run.full_cpu_s:.1f})",
            f"{run.patrol_wall_s:.1f} ({run.patrol_cpu_s:.1f})",
            *(f"{value:g}" if value is not None else "" for value in (run.shape.lambda_s, run.shape.ec2_s)),
        )
    return table


def serve_table(incidents: int, runs: Sequence[ServeRun]) -> Table:
    """What a service bears: as many a second as were asked for, and how long each took."""
    table = Table(title=f"{incidents} incidents stored")
    for heading in ("", "asked for", "done", "failed", "p50", "p95", "p99", "CPU for one"):
        table.add_column(heading, justify="right" if heading else "left")
    for run in runs:
        figures = (f"{value:.1f} ms" for value in (run.p50_ms, run.p95_ms, run.p99_ms, run.cpu_ms))
        asked = "" if run.rate is None else f"{run.rate:g} /s"
        table.add_row(run.name, asked, f"{run.done:.1f} /s", str(run.failed), *figures)
    return table
