"""Values for tests of reports, and a reader that asserts what must hold of every HTML report."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import numpy as np

from agent.report.filmstrips import FilmFrame, Filmstrip
from agent.verdict import Action, Assessment, Intent, Route, Severity, Source, Verdict
from pipeline.model import (
    Cause,
    Coverage,
    CoverageStatus,
    DefectEvent,
    EventState,
    Incident,
    Loudness,
    MediaInfo,
    ScanResult,
    ScanStatus,
    Signal,
    StreamInfo,
    Threshold,
    Timing,
)

__all__ = ["Page", "assess", "event", "incident", "read", "scan", "signal", "strip", "verdict"]

VOID = {"meta", "img", "br", "hr", "input", "link"}


@dataclass
class Page(HTMLParser):
    """Tags in order of appearance, and whether every one was closed where it should be."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    badly_nested: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.badly_nested.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open_tags or self.open_tags[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read(html: str) -> Page:
    """Parses a report, and asserts what must hold of every one."""
    page = Page()
    page.feed(html)
    page.close()
    assert not page.badly_nested and not page.open_tags
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in page.all("a"):
        assert (attributes["href"] or "").startswith("#")
        assert (attributes["href"] or "")[1:] in ids
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        source = attributes.get("src")
        assert source is None or source.startswith("data:image/jpeg;base64,")
    assert all(attributes.get("alt") for attributes in page.all("img"))
    assert not page.all("link") and not page.all("iframe")
    assert len(page.all("script")) == 1 and len(page.all("h1")) == 1
    return page


def event(
    check: str = "black", stream: str = "v:0", start_s: float = 2.0, end_s: float | None = 4.0
) -> DefectEvent:
    return DefectEvent(
        id=f"{check}-{start_s}",
        check=check,
        stream=stream,
        start_s=start_s,
        end_s=end_s,
        state=EventState.RESOLVED,
        value=0.998,
        unit="dark share",
        confidence=0.98,
        evidence={"luma_p95": 17, "note": "all of it"},
    )


def incident(*events: DefectEvent, cause: Cause = Cause.PICTURE_LOSS) -> Incident:
    return Incident(
        id="-".join(item.id for item in events),
        input="a.mp4",
        cause=cause,
        events=events,
        start_s=min(item.start_s for item in events),
        end_s=None if any(item.end_s is None for item in events) else max(item.end_s or 0 for item in events),
        state=EventState.RESOLVED,
        reasons=("black on v:0 while a:0 goes on",),
        next_likely="signal_loss would need silence",
    )


def verdict(severity: Severity = Severity.MAJOR, **changes: object) -> Verdict:
    plain = Verdict(
        severity=severity,
        intent=Intent.FAULT,
        cause=Cause.PICTURE_LOSS,
        action=Action.CHECK_SOURCE,
        route=Route.PLAYOUT,
        title="Picture lost",
        summary="Black on v:0 for 2 s.",
        confidence=0.9,
        model="scripted",
        prompt="triage@sha256:abc",
        source=Source.REPAIRED,
        notes=("the first text named 7 s",),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def signal(column: str = "dark_share", count: int = 300, end_s: float = 10.0) -> Signal:
    time_s = np.linspace(0, end_s, count, endpoint=False)
    low = ((time_s >= 2) & (time_s < 4)).astype(np.float32)
    return Signal("v:0", column, "share", time_s, low, low)


def scan(*incidents: Incident, **changes: object) -> ScanResult:
    plain = ScanResult(
        url="a.mp4",
        status=ScanStatus.OK,
        media=MediaInfo(
            "mov,mp4",
            10.0,
            (
                StreamInfo("v:0", "h264", 1920, 1080, 25.0, "yuv420p", start_s=0.0),
                StreamInfo("a:0", "aac", channels=2, channel_layout="stereo", sample_rate_hz=48000),
            ),
            {"title": "A film"},
        ),
        events=tuple(item for one in incidents for item in one.events),
        incidents=incidents,
        coverage=(
            Coverage("black", "v:0", CoverageStatus.FAILED if incidents else CoverageStatus.CLEAN),
            Coverage("silence", "a:0", CoverageStatus.CLEAN),
            Coverage("truncated", "*", CoverageStatus.NOT_ASSESSABLE, "no duration is declared"),
        ),
        loudness=(Loudness("a:0", -23.1, None, -1.2),),
        signals=(signal(),),
        thresholds=(Threshold("black", "dark_share", 0.98, "above"),),
        timing=Timing(1.0, 0.9, 10.0, 0.2),
        covered_s=10.0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def assess(result: ScanResult, verdicts: Mapping[str, Verdict] | None = None) -> Assessment:
    return Assessment(result, verdicts or {one.id: verdict() for one in result.incidents})


def strip() -> Filmstrip:
    return Filmstrip("v:0", (FilmFrame("onset", 2.0, b"\xff\xd8\xff\xd9", 320, 180),))
