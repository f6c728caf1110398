"""Planned content: the edges of ranges, cards known by their picture, and what neither may hide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.decode.values import Picture
from pipeline.errors import InputError, ProfileError
from pipeline.measure.picture import PictureMeter
from pipeline.model import CoverageStatus, DefectEvent
from pipeline.planned import PLANNED_CHECKS, SLACK_S, Planned, PlannedSpan, suppress
from pipeline.profile import Profile, load_profile
from pipeline.scan import scan
from pipeline.series.hashes import PictureHash, hashes
from pipeline.slate import picture_hash
from tests.pipeline.judging import SIZE, judged, of_check, shown
from tests.pipeline.scans import ffmpeg
from tests.pipeline.test_areas import moving
from tests.pipeline.test_correlate import event
from tests.pipeline.test_profile import written


def card(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A card: one ground, an emblem, and two lines of something like letters."""
    height, width = size
    random = np.random.default_rng(seed)
    luma = np.full(size, 45, np.uint8)
    y, x = height * random.integers(1, 5) // 10, width * random.integers(1, 6) // 10
    luma[y : y + height // 4, x : x + width // 5] = 160
    for line in (6, 8):
        at = width // 8
        while at < width * 7 // 8:
            wide = int(random.integers(width // 80, width // 20))
            luma[height * line // 10 : height * line // 10 + height // 12, at : at + wide] = 230
            at += wide + width // 60
    return luma


def hash_of(luma: np.ndarray) -> PictureHash:
    found = PictureHash.of(PictureMeter().row(shown(luma, count=1)[0])[1])
    assert found is not None
    return found


def profile(*entries: dict[str, object], base: Profile | None = None) -> Profile:
    return replace(base or load_profile(), planned=tuple(Planned.model_validate(e) for e in entries))


def spans(*entries: tuple[float, float, str]) -> list[PlannedSpan]:
    return [
        PlannedSpan(
            Planned(what=f"{start_s:g}", start_s=start_s, end_s=end_s, checks=(check,)), start_s, end_s
        )
        for start_s, end_s, check in entries
    ]


EDGES = {
    "as planned": ((10, 20), [(10, 20, "black")], True),
    "within": ((12, 15), [(10, 20, "black")], True),
    "a slack before and after": ((9.6, 20.4), [(10, 20, "black")], True),
    "begins before": ((9.4, 20), [(10, 20, "black")], False),
    "ends after": ((10, 20.6), [(10, 20, "black")], False),
    "beside it": ((20.1, 20.4), [(10, 20, "black")], False),
    "another check": ((12, 15), [(10, 20, "silence")], False),
    "over two that touch": ((10, 30), [(10, 20, "black"), (20, 30, "black")], True),
    "over two that nearly touch": ((10, 30), [(10, 19.8, "black"), (20.2, 30, "black")], True),
    "over two with a hole": ((10, 30), [(10, 19, "black"), (20, 30, "black")], False),
    "over one within another": ((10, 30), [(10, 30, "black"), (12, 14, "black")], True),
    "over two of which one is another's": ((10, 30), [(10, 20, "black"), (20, 30, "silence")], False),
    "still going on": ((10, None), [(10, 1000, "black")], False),
    "of no length": ((12, 12), [(10, 20, "black")], True),
    "nothing planned": ((12, 15), [], False),
}


@pytest.mark.parametrize(("span", "planned", "hidden"), EDGES.values(), ids=EDGES.keys())
def test_where_planned_content_ends(
    span: tuple[float, float | None], planned: list[tuple[float, float, str]], hidden: bool
) -> None:
    one = event("black", *span)
    kept, suppressed = suppress([one], spans(*planned))
    assert (list(kept), [item.event for item in suppressed]) == (([], [one]) if hidden else ([one], []))
    assert SLACK_S == 0.5


def test_the_reason_names_what_was_planned() -> None:
    _, (found,) = suppress([event("black", 10, 30)], spans((10, 20, "black"), (20, 30, "black")))
    assert found.reason == "planned: 10 (10.000 s to 20.000 s) and 20 (20.000 s to 30.000 s)"
    assert found.kind == "planned"


def dark(count: int, first: int) -> list[Picture]:
    return shown(16, count=count, first=first)


def test_a_range_takes_an_event_out_of_incidents_and_says_so_in_coverage() -> None:
    pictures = [*moving(25, 0), *dark(75, 25), *moving(25, 100), *dark(75, 125), *moving(25, 200)]
    plan = {"what": "pause", "start_s": 1.0, "end_s": 4.0, "checks": ["black"]}
    result = judged(pictures, profile(plan))
    blacks = [e for e in result.events if e.check == "black"]
    assert [(e.start_s, e.end_s) for e in blacks] == [(5.0, 8.0)]
    assert [e.id for i in result.incidents for e in i.events] == [e.id for e in result.events]
    (suppressed,) = result.suppressed
    assert (suppressed.event.start_s, suppressed.event.end_s) == (1.0, 4.0)
    failed, planned = of_check(result, "black")
    assert failed.status is CoverageStatus.FAILED
    assert (planned.status, planned.start_s, planned.end_s) == (CoverageStatus.NOT_ASSESSABLE, 1.0, 4.0)
    assert planned.reason == "planned: pause (1.000 s to 4.000 s)"


def test_an_event_that_outlasts_its_range_is_an_incident_as_a_whole() -> None:
    pictures = [*moving(25, 0), *dark(150, 25), *moving(25, 175)]
    plan = {"what": "pause", "start_s": 1.0, "end_s": 4.0, "checks": ["black"]}
    result = judged(pictures, profile(plan))
    assert not result.suppressed
    assert [(e.start_s, e.end_s) for e in result.events if e.check == "black"] == [(1.0, 7.0)]


def carded(luma: np.ndarray) -> list[Picture]:
    return [*moving(25, 0), *shown(luma, count=75, first=25), *moving(25, 100)]


@pytest.mark.parametrize(("seed", "hidden"), [(1, True), (2, False), (3, False), (4, False)])
def test_a_card_is_known_by_its_picture(seed: int, hidden: bool) -> None:
    plan = {"what": "our card", "picture": str(hash_of(card(1)))}
    result = judged(carded(card(seed)), profile(plan))
    frozen = [e.check for e in result.events if e.check == "freeze"]
    assert frozen == ([] if hidden else ["freeze"])
    assert any(item.event.check == "freeze" for item in result.suppressed) is hidden


def test_a_card_within_a_range_is_planned_there_alone() -> None:
    plan = {"what": "our card", "picture": str(hash_of(card(1)))}
    assert judged(carded(card(1)), profile({**plan, "end_s": 5.0})).suppressed
    assert not judged(carded(card(1)), profile({**plan, "start_s": 60.0})).suppressed


def test_a_card_does_not_explain_a_check_that_is_not_named() -> None:
    plan = {"what": "our card", "picture": str(hash_of(card(1))), "checks": ["silence"]}
    assert not judged(carded(card(1)), profile(plan)).suppressed


def test_a_picture_all_of_one_colour_is_like_no_other() -> None:
    flat = PictureMeter().row(shown(80, count=1)[0])[1]
    assert PictureHash.of(flat) is None
    assert hashes(flat[None])[0] == 0
    assert not PictureHash(1, 0).matches(np.zeros(3, np.uint64)).any()


@pytest.mark.parametrize("scale", ["1280:720", "640:360", "480:270", "320:180"])
def test_a_hash_survives_another_size_and_codec(tmp_path: Path, scale: str) -> None:
    raw = tmp_path / "card.gray"
    raw.write_bytes(card(1, (720, 1280)).tobytes())
    given = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "1280x720", "-r", "25", "-i", str(raw))
    sizes = {}
    for name, size, quality in (("master.mp4", "1280:720", "15"), ("small.mp4", scale, "34")):
        filters = f"loop=75:1,scale={size}:flags=bicubic"
        ffmpeg(*given, "-vf", filters, "-pix_fmt", "yuv420p", "-crf", quality, tmp_path / name)
        sizes[name] = picture_hash(str(tmp_path / name), 1.0)
    assert sizes["master.mp4"][0] == pytest.approx(1.0, abs=0.04)
    known, other = sizes["master.mp4"][1], sizes["small.mp4"][1]
    assert known.matches(np.array([other.bits], np.uint64)).all()
    result = scan(str(tmp_path / "small.mp4"), profile({"what": "card", "picture": str(known)}))
    assert "freeze" not in [e.check for e in result.events]
    assert "freeze" in [item.event.check for item in result.suppressed]


def test_natural_pictures_are_no_card(natural_clip: Path) -> None:
    result = scan(str(natural_clip), profile({"what": "card", "picture": str(hash_of(card(1)))}))
    assert not result.suppressed


@pytest.fixture
def natural_clip() -> Path:
    return Path(__file__).resolve().parents[2] / "evals" / "media" / "city.mp4"


def test_a_hash_is_read_as_it_is_written() -> None:
    known = hash_of(card(1))
    assert PictureHash.parse(str(known)) == known and len(str(known)) == 32


@pytest.mark.parametrize("when", [-1.0, 99.0])
def test_what_is_on_show_when(dark_and_card: Path, when: float) -> None:
    if when < 0:
        with pytest.raises(InputError, match="all of one colour"):
            picture_hash(str(dark_and_card), 0.0)
    else:
        assert picture_hash(str(dark_and_card), when)[0] > 0.5


@pytest.fixture
def dark_and_card(tmp_path: Path) -> Path:
    raw = tmp_path / "two.gray"
    raw.write_bytes(np.full((180, 320), 16, np.uint8).tobytes() * 15 + card(1).tobytes() * 15)
    given = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "320x180", "-r", "25", "-i", str(raw))
    ffmpeg(*given, "-pix_fmt", "yuv420p", tmp_path / "two.mp4")
    return tmp_path / "two.mp4"


def entries(text: str, folder: Path) -> Iterable[Planned]:
    return load_profile(written(folder, text)).planned


def test_a_profile_lists_what_is_planned(tmp_path: Path) -> None:
    line_up, one = entries(
        f"""
[[planned]]
what = "line-up"
end_s = 60
checks = ["silence", "freeze"]
[[planned]]
what = "our card"
picture = "{hash_of(card(1))}"
""",
        tmp_path,
    )
    assert line_up.checks == ("silence", "freeze")
    assert one.checks == PLANNED_CHECKS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[planned]\nwhat = 'x'", "planned must be an array of tables: write [[planned]], not [planned]"),
        ("[[planned]]\nend_s = 3", "planned 1.what: field required"),
        ("[[planned]]\nwhat = 'x'", "planned 1: must have start_s, end_s or picture"),
        (
            "[[planned]]\nwhat = 'x'\nstart_s = 5\nend_s = 5",
            "planned 1: end_s must be after start_s, got 5 to 5",
        ),
        ("[[planned]]\nwhat = 'x'\nend = 5", "planned 1 has no key 'end'; did you mean 'end_s'?"),
        ("[[planned]]\nwhat = 'x'\nend_s = '5'", "planned 1.end_s: input should be a valid number, got '5'"),
        ("[[planned]]\nwhat = 'x'\npicture = 'zz'", "planned 1.picture: must be the 32 hexadecimal digits"),
        (
            "[[planned]]\nwhat = 'x'\npicture = 'g2345678901234567890123456789012'",
            "planned 1.picture: ",
        ),
        (
            "[[planned]]\nwhat = 'x'\nend_s = 5\nchecks = ['blakc']",
            "planned 'x': there is no check 'blakc'; did you mean 'black'?",
        ),
        ("[[planned]]\nwhat = 'x'\nend_s = 5\nchecks = []", "planned 1.checks: "),
        ("[[planed]]\nwhat = 'x'", "there is no check 'planed'; did you mean 'planned'?"),
    ],
)
def test_a_wrong_entry_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(written(tmp_path, text))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_events_keep_their_order() -> None:
    rows: list[DefectEvent] = [event("black", n, n + 1) for n in range(1, 9)]
    kept, suppressed = suppress(rows, spans((3, 5, "black")))
    assert [e.start_s for e in kept] == [1, 2, 5, 6, 7, 8]
    assert [item.event.start_s for item in suppressed] == [3, 4]
