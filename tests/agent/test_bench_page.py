"""The page of figures: every document has its table, and the chart is what the figures say."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from scripts.bench_page import LEFT, MARK, WIDTH, bars, chart, page

SVG = "{http://www.w3.org/2000/svg}"


def _spread(value: float) -> dict[str, float]:
    return {"median": value, "low": value * 0.9, "high": value * 1.1}


def _comparison(*cpu_s: float) -> dict[str, Any]:
    fields = ("wall_s", "written_mb", "cpu_ratio", "wall_ratio")
    rows = [
        {"name": f"way <{n}>", "cpu_s": _spread(value), **{name: _spread(value) for name in fields}}
        for n, value in enumerate(cpu_s)
    ]
    return {"clip": "a.mp4", "repeats": 3, "standings": rows}


FOUND: dict[str, Any] = {
    "scan": {
        **{"version": "1", "clip": "a.mp4", "repeats": 5, "ratio": _spread(1.3)},
        **{"decode_cpu_s": _spread(4.0), "scan_cpu_s": _spread(5.2)},
    },
    **{"filters": _comparison(5.2, 70.0), "split": _comparison(5.2, 60.0), "jobs": _comparison(20.0, 21.0)},
    "patrol": {**_comparison(20.0, 2.0), "troubled": _comparison(20.0, 4.0), "faulty_share": 0.05},
    "serve": {
        "incidents": 100_000,
        "runs": [
            {"name": "reads", "rate": 200.0, "done": 199.6, "p50_ms": 3.0, "p95_ms": 6.2, "cpu_ms": 2.55},
            {"name": "unpaced", "rate": None, "done": 430.0, "p50_ms": 33.0, "p95_ms": 47.2, "cpu_ms": 2.8},
        ],
    },
    "shapes": {
        "runs": [
            {
                "shape": {"name": "43 s of 1920x1080", "lambda_s": 11, "ec2_s": 32},
                **{"full_wall_s": 5.04, "patrol_wall_s": 1.26},
            }
        ]
    },
}


def test_the_page_keeps_what_is_written_and_has_every_figure() -> None:
    made = page(f"# Written\n\nby hand\n\n{MARK}\nof old", FOUND, "two cores")
    assert made.startswith("# Written\n\nby hand\n\n" + MARK) and "of old" not in made
    assert "1.30 times decoding alone" in made and "5% of the time" in made
    assert (
        "| way <1> | 4.00 s | 4.00 s |" in made
        and "| 43 s of 1920x1080 | 5.0 s | 1.3 s | 11 s | 32 s |" in made
    )
    assert "100,000 incidents" in made and "| reads | 200 | 200 | 3 / 6 ms | 2.5 ms |" in made
    assert "| unpaced | as many as can be | 430 | 33 / 47 ms | 2.8 ms |" in made
    assert page(made, FOUND, "two cores") == made


def test_bars_are_as_long_as_their_figures_and_stay_within() -> None:
    rows = bars(FOUND)
    drawn = ElementTree.fromstring(chart("CPU", rows, "s of CPU"))  # noqa: S314
    lengths = [float(rect.attrib["width"]) for rect in drawn.findall(f"{SVG}rect")[1:]]
    for length, value in zip(lengths, (4.0, 5.2, 70.0, 60.0), strict=True):
        assert abs(length / lengths[2] - value / 70.0) < 0.001
    assert max(lengths) + LEFT < WIDTH - 100
    assert [ours for _, _, ours in rows] == [False, True, False, False]
