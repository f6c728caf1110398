"""The HTML report, read back with a real parser."""

import re
from dataclasses import replace

from agent.report.html import render_html
from agent.report.view import MAX_CARDS, MAX_MARKS
from agent.verdict import Assessment, Severity
from pipeline.model import (
    Coverage,
    CoverageStatus,
    Loudness,
    MediaInfo,
    ScanResult,
    ScanStatus,
    StreamInfo,
    Threshold,
)
from tests.agent.reporting import assess, event, incident, read, scan, signal, strip, verdict


def test_an_incident_is_told_with_all_that_is_known() -> None:
    one = incident(event())
    page = read(render_html([assess(scan(one))], {one.id: strip()}))
    for words in (
        "1 incident: 1 major",
        "Picture lost",
        "Black on v:0 for 2 s.",
        "check source",
        "playout",
        "00:00:02.000",
        "00:00:04.000",
        "0.998 dark share",
        "98 %",
        "luma p95 17",
        "black on v:0 while a:0 goes on",
        "signal loss would need silence",
        "Written by scripted",
        "repaired once",
        "triage@sha256:abc",
        "the first text named 7 s",
        "no duration is declared",
        "h264 1920\N{MULTIPLICATION SIGN}1080 25 fps",
        "\N{MINUS SIGN}23.1 LUFS",
    ):
        assert words in page.words, words
    assert [image["width"] for image in page.all("img")] == ["320"]
    assert any(
        (svg.get("aria-label") or "").startswith("dark share of v:0 in share") for svg in page.all("svg")
    )


def test_nothing_found_is_said_clearly_with_coverage() -> None:
    page = read(render_html([assess(scan())], {}))
    assert "Nothing found" in page.words
    assert "Every check that could look came back clean" in page.words
    assert "no duration is declared" in page.words
    assert not page.all("article")


def test_an_input_that_cannot_be_assessed_is_one_clear_line() -> None:
    blind = ScanResult("b.mp4", ScanStatus.NOT_ASSESSABLE, "b.mp4: the file is empty (0 bytes)")
    page = read(render_html([assess(blind)], {}))
    assert "Could not be assessed" in page.words
    assert "b.mp4: the file is empty (0 bytes)" in page.words
    assert "Nothing found" not in page.words


def test_an_interrupted_scan_says_what_was_covered() -> None:
    page = read(render_html([assess(scan(interrupted=True, covered_s=6.5))], {}))
    assert "Interrupted: covered up to 00:00:06.500 of 00:00:10.000" in page.words


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>&amp;{{ 7*7 }}"


def test_untrusted_text_stays_text_wherever_it_stands() -> None:
    """Names, tags, titles, reasons, evidence, notes: none becomes markup, none is lost."""
    bad = replace(event(check=EVIL, stream=EVIL), evidence={EVIL: EVIL}, unit=EVIL, id=EVIL)
    one = replace(incident(bad), reasons=(EVIL,), next_likely=EVIL)
    judged = verdict(title=EVIL, summary=EVIL, model=EVIL, prompt=EVIL, notes=(EVIL,), facts=(EVIL,))
    stream = StreamInfo("v:0", EVIL, 2, 2, 1.0, EVIL, language=EVIL)
    result = scan(
        one,
        url=EVIL,
        error=EVIL,
        media=MediaInfo(EVIL, 10.0, (stream,), {EVIL: EVIL}),
        coverage=(Coverage(EVIL, EVIL, CoverageStatus.NOT_ASSESSABLE, EVIL),),
        signals=(replace(signal(EVIL), stream=EVIL, unit=EVIL),),
        thresholds=(Threshold(EVIL, EVIL, 0.5, EVIL),),
        loudness=(Loudness(EVIL, -23.0, 1.0, -1.0),),
    )
    html = render_html([assess(result, {one.id: judged})], {one.id: strip()})
    page = read(html)
    assert (
        "<script>alert" not in html
        and "<img src=x" not in html
        and "49" not in re.findall(r">\D*49\D*<", html)
    )
    assert page.words.count("<script>alert(1)</script>") >= 12


def test_characters_that_no_file_can_hold_do_not_stop_it() -> None:
    html = render_html([assess(scan(url="caf\udce9\x00.mp4"))], {})
    assert html.encode("utf-8")


def test_policy_forbids_all_that_the_page_does_not_need() -> None:
    page = read(render_html([assess(scan())], {}))
    (policy,) = [
        m["content"] or "" for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules["script-src"])


def test_fifty_inputs_have_an_index() -> None:
    one = incident(event())
    results = [assess(scan(one))] + [assess(scan(url=f"clean-{n}.mp4")) for n in range(48)]
    results.append(assess(ScanResult("b.mp4", ScanStatus.NOT_ASSESSABLE, "b.mp4: empty")))
    page = read(render_html(results, {}))
    (index,) = page.all("nav")
    assert index["aria-label"] == "Inputs"
    assert "50 inputs: 48 clean, 1 with incidents and 1 could not be assessed" in page.words
    assert len(page.all("h2")) == 50


def test_no_input_is_still_a_page() -> None:
    assert "No input was given" in read(render_html([], {})).words


def test_a_storm_of_incidents_stays_readable() -> None:
    """A thousand incidents: all counted, the worst told in full, the file not endless."""
    storm = [incident(event("true_peak", "a:0", n / 100, n / 100 + 0.001)) for n in range(1000)]
    verdicts = {one.id: verdict(Severity.MINOR) for one in storm}
    verdicts[storm[500].id] = verdict(Severity.CRITICAL, title="The one that matters")
    html = render_html([assess(scan(*storm), verdicts)], {})
    page = read(html)
    assert "1000 incidents: 1 critical and 999 minor" in page.words
    assert len(page.all("article")) == MAX_CARDS
    assert page.words.index("The one that matters") < page.words.index("Picture lost")
    assert len([a for a in page.all("a") if "mark" in (a.get("class") or "")]) <= 2 * MAX_MARKS
    assert len(html) < 3_000_000


def test_an_incident_that_nobody_judged_says_so() -> None:
    one = incident(event(end_s=None))
    page = read(render_html([Assessment(scan(one), {})], {}))
    assert "not judged" in page.words
    assert "ongoing" in page.words


def test_the_same_input_twice_keeps_its_anchors_apart() -> None:
    one = incident(event())
    read(render_html([assess(scan(one)), assess(scan(one))], {one.id: strip()}))
