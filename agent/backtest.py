"""What another routing tree would have told: stored incidents, gone through again in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from agent.notify.planning import plan
from agent.notify.tree import Tree
from agent.page import Notice, Page, PageState, Standing
from agent.paging import notice_of
from agent.store import StoredIncident

__all__ = ["Compared", "Run", "Told", "compare", "simulate"]

AFTERWARDS = timedelta(days=8)
"""After the last change, until every quiet hour and every escalation has run out."""


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody was told of an incident: where, and as which step of an escalation."""

    destination: str
    incident: str
    step: int
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What a new tree tells more and less than the old, and how many messages each begins at each place."""

    gained: tuple[Told, ...]
    lost: tuple[Told, ...]
    before: dict[str, int]
    after: dict[str, int]


@dataclass(slots=True)
class Run:
    """A tree at work on a made-up clock: what is due is told at once, and nothing fails."""

    tree: Tree
    pages: dict[str, Page] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    told: dict[tuple[str, str, int], Told] = field(default_factory=dict)

    def change(self, notice: Notice, at: datetime) -> None:
        self.settle(at)
        self.standing[notice.incident] = notice.standing
        over = {identity for identity, standing in self.standing.items() if standing is Standing.OVER}
        for page in plan(self.tree, notice, at, list(self.pages.values()), over):
            self.pages[page.key] = page
        self.settle(at)

    def settle(self, until: datetime) -> None:
        """Tell what was due by then."""
        for key, page in list(self.pages.items()):
            if page.state is not PageState.WAITING or page.due_at is None or page.due_at > until:
                continue
            if page.step and not page.sent and not self._is_open(page):
                self.pages[key] = replace(page, state=PageState.DROPPED, due_at=None)
                continue
            for identity in page.incidents:
                place = (page.destination, identity, page.step)
                self.told.setdefault(
                    place, Told(page.destination, identity, page.step, page.due_at, page.why)
                )
            self.pages[key] = replace(page, state=PageState.TOLD, due_at=None, sent=page.wanted)

    def messages(self) -> dict[str, int]:
        """How many messages were begun at each destination."""
        counts = dict.fromkeys(self.tree.destinations, 0)
        for page in self.pages.values():
            counts[page.destination] += page.sent > 0
        return counts

    def _is_open(self, page: Page) -> bool:
        return any(self.standing.get(identity) is Standing.OPEN for identity in page.incidents)


def compare(old: Tree, new: Tree, stored: Sequence[StoredIncident]) -> Compared:
    """What ``new`` would have told of those incidents and ``old`` would not, and the other way round."""
    before, after = simulate(old, stored), simulate(new, stored)
    gained = sorted((t for k, t in after.told.items() if k not in before.told), key=_order)
    lost = sorted((t for k, t in before.told.items() if k not in after.told), key=_order)
    return Compared(tuple(gained), tuple(lost), before.messages(), after.messages())


def simulate(tree: Tree, stored: Sequence[StoredIncident]) -> Run:
    """Everything that a tree would have told of those incidents."""
    run = Run(tree)
    story = sorted(
        (moment for item in stored for moment in _moments(item, tree)), key=lambda m: (m[0], m[1].incident)
    )
    for at, notice in story:
        run.change(notice, at)
    if story:
        run.settle(story[-1][0] + AFTERWARDS)
    return run


def _moments(stored: StoredIncident, tree: Tree) -> Iterator[tuple[datetime, Notice]]:
    """When an incident changed, and what it was then, as far as the store still knows."""
    ended_at = stored.resolved_at or stored.gone_at
    first_at = stored.history[0].judged_at if stored.history else stored.first_seen_at
    for item in stored.history:
        # A scan that came later may have judged it again after somebody had closed it.
        if ended_at is None or item.judged_at <= ended_at:
            taken_at = stored.acknowledged_at
            status = "acknowledged" if taken_at is not None and item.judged_at >= taken_at else "open"
            then = replace(stored, verdict=item.verdict, status=status, muted=False)
            yield from _moment(then, tree, item.judged_at)
    if stored.acknowledged_at is not None:
        taken = replace(stored, status="acknowledged", muted=False)
        yield from _moment(taken, tree, max(stored.acknowledged_at, first_at))
    if ended_at is not None:
        yield from _moment(replace(stored, status="resolved"), tree, max(ended_at, first_at))


def _moment(stored: StoredIncident, tree: Tree, at: datetime) -> Iterator[tuple[datetime, Notice]]:
    notice = notice_of(stored, tree)
    if notice is not None:
        yield at, notice


def _order(told: Told) -> tuple[datetime, str, str]:
    return told.at, told.destination, told.incident
