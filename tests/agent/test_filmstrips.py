"""Which pictures an incident is shown with, on clips whose truth is known."""

from pathlib import Path

import pytest

from agent.report.filmstrips import MAX_STRIPS, filmstrips_for, wanted_times, worst_first
from agent.report.html import render_html
from agent.verdict import Assessment, Severity
from pipeline.model import (
    MediaInfo,
    StreamInfo,
)
from tests.agent.reporting import assess, event, incident, read, scan, verdict
from tests.clips import black, moving, programme, write_clip


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (2.0, 4.0, {"before": 1.0, "onset": 2.0, "middle": 3.0, "end": 3.999, "after": 5.0}),
        (0.0, 4.0, {"onset": 0.0, "middle": 2.0, "end": 3.999, "after": 5.0}),
        (0.5, 10.0, {"before": 0.0, "onset": 0.5, "middle": 5.25, "end": 9.999}),
        (0.5, None, {"before": 0.0, "onset": 0.5, "middle": 5.25, "end": 9.999}),
        (9.5, 9.8, {"before": 8.5, "onset": 9.5, "middle": 9.65, "end": 9.799, "after": 10.0}),
    ],
)
def test_wanted_times_stay_within_the_input(
    start_s: float, end_s: float | None, expected: dict[str, float]
) -> None:
    times = wanted_times(incident(event(start_s=start_s, end_s=end_s)), 0.0, 10.0)
    assert times == {label: pytest.approx(time_s) for label, time_s in expected.items()}


def test_worst_comes_first_and_the_unjudged_before_all() -> None:
    three = [incident(event(start_s=n, end_s=n + 0.5)) for n in (1.0, 2.0, 3.0)]
    verdicts = {three[0].id: verdict(Severity.INFO), three[1].id: verdict(Severity.CRITICAL)}
    assert worst_first(Assessment(scan(*three), verdicts)) == [three[2], three[1], three[0]]


def test_filmstrip_of_a_real_clip(tmp_path: Path) -> None:
    """Black from 1.0 s to 2.0 s: the pictures before and after are bright, those within are not."""
    clip = tmp_path / "clip.mp4"
    pictures = [*moving(25), *black(25), *moving(25, first=50)]
    write_clip(clip, pictures=pictures, sound=programme(3.0))
    within, short = (
        incident(event(start_s=1.0, end_s=2.0)),
        incident(event("freeze", start_s=0.4, end_s=0.44)),
    )
    result = scan(within, short, url=str(clip), covered_s=3.0)
    strips = filmstrips_for([assess(result)])
    assert [(frame.label, round(frame.time_s, 3)) for frame in strips[within.id].frames] == [
        ("before", 0.0),
        ("onset", 1.0),
        ("middle", 1.48),
        ("end", 1.96),
        ("after", 2.96),
    ]
    assert [frame.label for frame in strips[short.id].frames] == ["before", "onset", "after"]
    read(render_html([assess(result)], strips))


def test_only_the_worst_get_pictures_and_the_report_says_so(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, pictures=moving(25), sound=programme(1.0))
    many = [incident(event(start_s=n / 100, end_s=n / 100 + 0.01)) for n in range(MAX_STRIPS + 5)]
    result = scan(*many, url=str(clip), covered_s=1.0)
    strips = filmstrips_for([assess(result)])
    assert len(strips) == MAX_STRIPS
    assert (
        f"{MAX_STRIPS} most severe of {MAX_STRIPS + 5}" in read(render_html([assess(result)], strips)).words
    )


def test_an_input_that_is_gone_has_no_pictures_and_the_report_says_so(tmp_path: Path) -> None:
    one = incident(event())
    result = scan(one, url=str(tmp_path / "gone.mp4"))
    assert filmstrips_for([assess(result)]) == {}
    assert "Pictures could be had for 0 of 1 incident." in read(render_html([assess(result)], {})).words


def test_audio_alone_has_no_pictures_and_no_word_about_it() -> None:
    one = incident(event("silence", "a:0"))
    result = scan(one, media=MediaInfo("wav", 10.0, (StreamInfo("a:0", "pcm_s16le"),)))
    assert filmstrips_for([assess(result)]) == {}
    assert "Pictures" not in read(render_html([assess(result)], {})).words
