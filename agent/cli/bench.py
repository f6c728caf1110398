"""``vidette bench``: what a scan costs beside decoding alone, its peers and other designs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from agent.about import version
from agent.bench.child import run_check
from agent.bench.compare import Comparison, Contender, compare
from agent.bench.filters import run_filters
from agent.bench.looping import COPYABLE, repeated
from agent.bench.media import FAULTY_SHARE, FULL_HD, SHAPES, natural_clip, natural_path, sample, troubled
from agent.bench.runs import Run, compare_scan, measure_memory, run_worker
from agent.bench.shapes import measure_shape
from agent.bench.split import run_split
from agent.cli.bench_tables import comparison_table, memory_table, scan_table, serve_table, shapes_table
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


MinutesOption = Annotated[float, typer.Option(min=0.1, max=1440, help="Length of the input.")]
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
        results_console().print(scan_table(result))


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
        results_console().print(memory_table(result))


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


@bench_app.command()
def jobs(
    minutes: MinutesOption = 2.0,
    repeats: RepeatsOption = 3,
    clip: ClipOption = None,
    json_document: JsonOption = False,
) -> None:
    """Compare one job on one core with two on two, and with one for each core, on a clip of some minutes."""
    counts = sorted({1, 2, os.cpu_count() or 1})
    contenders = [
        Contender(
            "one job" if n == 1 else f"{n} jobs", partial(_check_run, options=("--jobs", str(n)), cores=n)
        )
        for n in counts
    ]
    with _long([_required(clip) or _made_clip()], minutes) as long:
        _run_comparison("jobs", long, contenders, repeats, json_document)


@bench_app.command()
def patrol(
    minutes: MinutesOption = 2.0,
    repeats: RepeatsOption = 3,
    clip: ClipOption = None,
    json_document: JsonOption = False,
) -> None:
    """Compare a full check with one on patrol: of a clean programme, and of one with defects."""
    measured = _required(clip) or _made_clip()
    results = {}
    for name, parts in {"clean": [measured], **({} if clip else {"troubled": troubled(FULL_HD)})}.items():
        with _long(parts, minutes) as long:
            results[name] = _compared(long, PATROL, repeats)
    if json_document:
        extra = {"troubled": asdict(results["troubled"]), "faulty_share": FAULTY_SHARE} if not clip else {}
        print_json(_document("patrol", {**asdict(results["clean"]), **extra}))
    else:
        for name, result in results.items():
            results_console().print(comparison_table(result, name))


@bench_app.command()
def shapes(
    longest: Annotated[
        float, typer.Option(min=1, help="Leave out shapes that last longer than so many minutes.")
    ] = 60.0,
    json_document: JsonOption = False,
) -> None:
    """Check clips of the shapes of a published table, once each: in full and on patrol."""
    runs = []
    for shape in SHAPES:
        if shape.duration_s <= longest * 60:
            status_console().print(f"{shape.name} ...")
            runs.append(measure_shape(shape))
    if json_document:
        print_json(_document("shapes", {"runs": [asdict(run) for run in runs]}))
    else:
        results_console().print(shapes_table(runs))


@bench_app.command()
def serve(
    incidents: Annotated[int, typer.Option(min=1, help="Incidents that are stored.")] = 100_000,
    reads: Annotated[float, typer.Option(min=1, help="Reads of the API in a second.")] = 200.0,
    accepts: Annotated[float, typer.Option(min=1, help="Incidents that come in, in a second.")] = 60.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long each part lasts.")] = 20.0,
    json_document: JsonOption = False,
) -> None:
    """Load a service with reads and new incidents, while very many are stored (SQLite), and open its page."""
    try:
        from agent.bench.serving import measure_serve
    except ModuleNotFoundError as exc:
        raise UsageError(f"bench serve needs {exc.name}: pip install 'vidette[serve]'") from exc
    runs = measure_serve(incidents, reads, accepts, seconds)
    if json_document:
        print_json(_document("serve", {"incidents": incidents, "runs": [asdict(run) for run in runs]}))
    else:
        results_console().print(serve_table(incidents, runs))


@contextmanager
def _long(clips: Sequence[Path], minutes: float) -> Iterator[Path]:
    suffix = clips[0].suffix if clips[0].suffix in COPYABLE else ".mkv"
    with tempfile.TemporaryDirectory(prefix="vidette-bench-") as folder:
        yield repeated(clips, Path(folder) / f"{clips[0].stem}{suffix}", minutes * 60)


def _check_run(clip: Path, options: Sequence[str], cores: int | None = None) -> Run:
    return run_check(clip, *options, cores=cores)


def _scan_run(clip: Path) -> Run:
    return run_worker("scan", clip, sample("city.mp4"))


def _run_comparison(
    kind: str, clip: Path | None, contenders: Sequence[Contender], repeats: int, json_document: bool
) -> None:
    result = _compared(_required(clip) or _made_clip(), contenders, repeats)
    if json_document:
        print_json(_document(kind, asdict(result)))
    else:
        results_console().print(comparison_table(result))


def _compared(clip: Path, contenders: Sequence[Contender], repeats: int) -> Comparison:
    status = status_console()
    with Progress(console=status, transient=True, disable=not status.is_terminal) as progress:
        task = progress.add_task(
            f"{repeats} rounds and one to warm up", total=(repeats + 1) * len(contenders)
        )
        return compare(clip, contenders, repeats, on_run=lambda _: progress.advance(task))


PATROL = tuple(
    Contender(mode, partial(_check_run, options=("--jobs", "1", "--mode", mode)))
    for mode in ("full", "patrol")
)


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
