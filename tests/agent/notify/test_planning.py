"""What a change does to the pages: opened, joined, edited, held, escalated, spared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.notify.planning import plan
from agent.notify.routing import leaves
from agent.notify.tree import Tree
from agent.page import Notice, Page, PageState, Standing
from agent.verdict import Severity
from pipeline.model import Cause
from tests.agent.notify.notices import NOON, notice, tree_of

SIMPLE = '[route]\nto = ["desk"]\n'
NIGHT = '[times.night]\nfrom = "22:00"\nto = "06:00"\n'
MIDNIGHT = NOON + timedelta(hours=12)
SECOND = timedelta(seconds=1)


@dataclass
class Board:
    """Pages as a store keeps them, without the store."""

    tree: Tree
    pages: dict[str, Page] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)

    def change(self, seen: Notice, at: datetime = NOON) -> Sequence[Page]:
        self.standing[seen.incident] = seen.standing
        over = {key for key, standing in self.standing.items() if standing is Standing.OVER}
        written = plan(self.tree, seen, at, list(self.pages.values()), over)
        self.pages.update({page.key: page for page in written})
        return written

    def deliver(self, at: datetime) -> None:
        for page in self.pages.values():
            if page.state is PageState.WAITING and page.due_at is not None and page.due_at <= at:
                told = replace(page, sent=page.wanted, state=PageState.TOLD, due_at=None)
                self.pages[page.key] = told


def test_the_first_page_is_due_at_once_and_is_edited_by_what_follows(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE))
    (page,) = board.change(notice())
    assert (page.destination, page.due_at, page.sent, page.why) == ("desk", NOON, 0, "all tells desk")
    board.deliver(NOON)
    (edited,) = board.change(notice(severity=Severity.MAJOR), NOON + SECOND)
    assert (edited.key, edited.wanted, edited.sent, edited.due_at) == (page.key, 2, 1, NOON + SECOND)


def test_another_of_the_group_joins_within_the_window_and_not_after(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE + "group_window_s = 60\n"))
    (first,) = board.change(notice(incident="a"))
    board.deliver(NOON)
    (joined,) = board.change(notice(incident="b"), NOON + timedelta(seconds=59))
    assert (joined.key, joined.incidents) == (first.key, ("a", "b"))
    (other,) = board.change(notice(incident="c", cause=Cause.COMPRESSION), NOON + timedelta(seconds=59))
    assert other.incidents == ("c",)
    (late,) = board.change(notice(incident="d"), NOON + timedelta(seconds=60))
    assert late.incidents == ("d",)


def test_a_page_waits_for_its_group(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE + "group_wait_s = 10\n"))
    (page,) = board.change(notice(incident="a"))
    (joined,) = board.change(notice(incident="b"), NOON + SECOND)
    assert page.due_at == joined.due_at == NOON + timedelta(seconds=10)


def test_quiet_hours_hold_it_and_something_worse_wakes_people(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, NIGHT + SIMPLE + 'quiet = ["night"]\n'))
    (held,) = board.change(notice(severity=Severity.MAJOR), MIDNIGHT)
    assert held.due_at == NOON + timedelta(hours=18)
    assert held.why == "all tells desk, after the quiet hours"
    (woken,) = board.change(notice(), MIDNIGHT + SECOND)
    assert woken.due_at == MIDNIGHT + SECOND


def test_what_was_over_before_anybody_was_told_is_spared(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, NIGHT + SIMPLE + 'quiet = ["night"]\n'))
    board.change(notice(severity=Severity.MAJOR), MIDNIGHT)
    (spared,) = board.change(notice(severity=Severity.MAJOR, standing=Standing.OVER), MIDNIGHT + SECOND)
    assert (spared.state, spared.error) == (PageState.DROPPED, "it was over before it was to be told")


def test_a_page_that_is_due_goes_out_even_if_it_was_over_at_once(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE))
    board.change(notice())
    (page,) = board.change(notice(standing=Standing.OVER))
    assert (page.state, page.over, page.wanted) == (PageState.WAITING, True, 2)


def test_a_group_is_over_when_all_of_it_is(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE))
    board.change(notice(incident="a"))
    board.change(notice(incident="b"))
    board.deliver(NOON)
    (half,) = board.change(notice(incident="a", standing=Standing.OVER), NOON + SECOND)
    assert not half.over
    (whole,) = board.change(notice(incident="b", standing=Standing.OVER), NOON + SECOND)
    assert whole.over
    (again,) = board.change(notice(incident="a"), NOON + 2 * SECOND)
    assert again.key != whole.key


def test_escalation_waits_and_is_told_only_what_it_was_told(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE + 'escalate = [{ after_s = 900, to = ["lead"] }]\n'))
    first, later = board.change(notice())
    assert (first.step, later.step, later.destination) == (0, 1, "lead")
    assert later.due_at == NOON + timedelta(seconds=900)
    board.deliver(NOON)
    assert [page.key for page in board.change(notice(severity=Severity.MAJOR), NOON + SECOND)] == [first.key]
    board.deliver(NOON + timedelta(seconds=900))
    assert len(board.change(notice(), NOON + timedelta(seconds=901))) == 2


def test_escalation_ends_with_the_incident(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE + 'escalate = [{ after_s = 900, to = ["lead"] }]\n'))
    board.change(notice())
    board.deliver(NOON)
    over = board.change(notice(standing=Standing.OVER), NOON + SECOND)
    assert [page.state for page in over] == [PageState.WAITING, PageState.DROPPED]


def test_a_muted_incident_pages_nobody_anew(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE))
    assert board.change(notice(standing=Standing.MUTED)) == []
    board.change(notice())
    board.deliver(NOON)
    (page,) = board.change(notice(standing=Standing.MUTED), NOON + SECOND)
    assert page.wanted == 2


def test_a_verdict_that_changes_the_route_tells_the_new_ones_and_edits_for_the_old(tmp_path: Path) -> None:
    branch = '[[route.routes]]\nname = "bad"\nseverity = ["critical"]\nto = ["oncall"]\n'
    board = Board(tree_of(tmp_path, SIMPLE + branch))
    (minor,) = board.change(notice(severity=Severity.MINOR))
    board.deliver(NOON)
    both = board.change(notice(), NOON + SECOND)
    assert {page.destination: page.wanted for page in both} == {"oncall": 1, "desk": 2}
    assert minor.key in {page.key for page in both}


def test_a_retry_keeps_its_time_whatever_changes(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE))
    (page,) = board.change(notice())
    later = NOON + timedelta(seconds=30)
    board.pages[page.key] = replace(page, attempts=2, due_at=later)
    (same,) = board.change(notice(severity=Severity.MAJOR), NOON + SECOND)
    assert (same.due_at, same.wanted) == (later, 2)


TREE = """
[times.night]
from = "22:00"
to = "06:00"
[route]
to = ["desk"]
group_window_s = 600
[[route.routes]]
name = "bad"
severity = ["critical"]
to = ["oncall", "desk"]
escalate = [{ after_s = 900, to = ["lead"] }, { after_s = 1800, to = ["mail"] }]
continue = true
[[route.routes]]
name = "small"
severity = ["minor", "info"]
quiet = ["night"]
group_by = ["route"]
"""
changes = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(Severity),
        st.sampled_from(Standing),
        st.integers(1, 4000),
    ),
    max_size=12,
)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=changes, slow=st.booleans())
def test_whatever_happens(
    tmp_path: Path, changes: list[tuple[str, Severity, Standing, int]], slow: bool
) -> None:
    board, at = Board(tree_of(tmp_path, TREE)), MIDNIGHT - timedelta(hours=3)
    for identity, severity, standing, pause_s in changes:
        at += timedelta(seconds=pause_s)
        seen = notice(incident=identity, severity=severity, standing=standing)
        before = dict(board.pages)
        board.change(seen, at)
        for key, page in board.pages.items():
            old = before.get(key)
            if old is not None:
                assert page.wanted >= old.wanted
                assert page.incidents[: len(old.incidents)] == old.incidents
                assert page.key == old.key
        live = [p for p in board.pages.values() if not p.over and p.state is not PageState.DROPPED]
        places = [(i, p.destination, p.step) for p in live for i in p.incidents if p.step == 0]
        assert len(places) == len(set(places)), "an incident is told once at each place"
        if standing in (Standing.OPEN, Standing.ACKNOWLEDGED):
            wanted = {name for leaf in leaves(board.tree, seen, at) for name in leaf.to}
            assert wanted <= {destination for i, destination, _ in places if i == identity}
        if standing is Standing.OVER:
            assert set(board.pages) == set(before), "what is over opens nothing"
        if not slow:
            board.deliver(at)


def test_nothing_joins_a_page_that_was_dropped(tmp_path: Path) -> None:
    board = Board(tree_of(tmp_path, SIMPLE + "group_wait_s = 60\n"))
    board.change(notice(incident="a"))
    (dropped,) = board.change(notice(incident="a", standing=Standing.MUTED), NOON + SECOND)
    assert (dropped.state, dropped.error) == (PageState.DROPPED, "it was muted before it was to be told")
    (page,) = board.change(notice(incident="b"), NOON + 2 * SECOND)
    assert page.incidents == ("b",)
