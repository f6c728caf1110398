"""What a changed incident does to the pages: opens some, joins one, edits those that told it.

Nothing here reads a clock or a store: the same function plans for the service, for ``vidette route
test``, and for a backtest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from agent.notify.routing import Leaf, leaves
from agent.notify.tree import Tree
from agent.page import Notice, Page, PageState, Standing
from pipeline.model import fingerprint

__all__ = ["plan"]

LATER = "a later change no longer routes it here"
MUTED = "it was muted before it was to be told"
OVER = "it was over before it was to be told"


def plan(
    tree: Tree, notice: Notice, at: datetime, known: Sequence[Page], over: Collection[str] = ()
) -> list[Page]:
    """The pages to write: new ones, and known ones that change.

    Args:
        known: pages that tell of the incident, and others that are still open for more of their group.
        over: the other incidents of those pages that are over.
    """
    known = [page for page in known if not page.over and page.state is not PageState.DROPPED]
    theirs = [page for page in known if notice.incident in page.incidents]
    if notice.standing is Standing.OVER:
        done = {*over, notice.incident}
        return [
            _ended(page, at) if done.issuperset(page.incidents) else _touched(page, at) for page in theirs
        ]
    written: dict[str, Page] = {}
    wanted: set[str] = set()
    # A muted incident pages nobody anew; those who were told see that it is muted.
    muted = notice.standing is Standing.MUTED
    for leaf in () if muted else leaves(tree, notice, at):
        for destination in dict.fromkeys(leaf.to):
            if destination in wanted:
                continue
            wanted.add(destination)
            for page in _at(tree, leaf, destination, notice, at, known, theirs):
                written.setdefault(page.key, page)
    for page in theirs:
        if page.key not in written:
            needless = page.step == 0 and page.destination not in wanted and len(page.incidents) == 1
            if needless and _held(page, at):
                written[page.key] = _dropped(page, MUTED if muted else LATER)
            else:
                written[page.key] = _touched(page, at)
    before = {page.key: page for page in known}
    return [page for key, page in written.items() if before.get(key) != page]


def _at(
    tree: Tree,
    leaf: Leaf,
    destination: str,
    notice: Notice,
    at: datetime,
    known: Sequence[Page],
    theirs: Sequence[Page],
) -> Iterator[Page]:
    """The pages of one leaf at one destination: the one that tells it already, one to join, or new ones."""
    due_at = leaf.due_at(notice, at, tree)
    mine = next((p for p in theirs if p.destination == destination and p.step == 0), None)
    if mine is not None:
        yield _touched(_hurried(mine, leaf, due_at, at), at)
        return
    group = leaf.group_of(notice)
    others = [p for p in known if p.group == group and p.state is not PageState.DEAD]
    joined = [p for p in others if p.closes_at > at and (p.step > 0 or p.destination == destination)]
    if any(p.step == 0 for p in joined):
        for page in joined:
            grown = replace(page, incidents=(*page.incidents, notice.incident))
            yield _touched(_hurried(grown, leaf, due_at, at) if page.step == 0 else grown, at)
        return
    yield from _opened(leaf, destination, notice, at, due_at)


def _opened(leaf: Leaf, destination: str, notice: Notice, at: datetime, due_at: datetime) -> Iterator[Page]:
    first = max(due_at, at + timedelta(seconds=leaf.group_wait_s))
    stem = Page(
        key="",
        destination=destination,
        route=leaf.name,
        group=leaf.group_of(notice),
        incidents=(notice.incident,),
        opened_at=at,
        closes_at=max(first, at + timedelta(seconds=leaf.group_window_s)),
        due_at=first,
        why=f"{leaf.name} tells {destination}" + (", after the quiet hours" if due_at > at else ""),
    )
    yield replace(stem, key=_key(stem))
    for step, escalation in enumerate(leaf.escalate, 1):
        for other in escalation.to:
            later = replace(
                stem,
                destination=other,
                step=step,
                due_at=first + timedelta(seconds=escalation.after_s),
                why=f"{leaf.name}: nobody acknowledged within {escalation.after_s:g} s",
            )
            yield replace(later, key=_key(later))


def _key(page: Page) -> str:
    return fingerprint(
        "page", page.group, page.destination, page.step, page.incidents[0], page.opened_at.isoformat()
    )


def _held(page: Page, at: datetime) -> bool:
    """Whether it has not been told and its time has not come."""
    return page.sent == 0 and page.attempts == 0 and page.due_at is not None and page.due_at > at


def _hurried(page: Page, leaf: Leaf, due_at: datetime, at: datetime) -> Page:
    """Worse than before: what was held for the morning goes out now; its group is still waited for."""
    if not _held(page, at) or page.due_at is None:
        return page
    grouped_at = page.opened_at + timedelta(seconds=leaf.group_wait_s)
    return replace(page, due_at=min(page.due_at, max(due_at, grouped_at)))


def _touched(page: Page, at: datetime) -> Page:
    """One more state to tell; a page that waits for its time, or for a retry, goes on waiting."""
    if page.state in (PageState.DEAD, PageState.DROPPED) or (page.step > 0 and page.sent == 0):
        return page
    waits = page.state is PageState.WAITING and (page.sent == 0 or page.attempts > 0)
    due_at = page.due_at if waits and page.due_at is not None else at
    return replace(page, wanted=page.wanted + 1, state=PageState.WAITING, due_at=due_at)


def _ended(page: Page, at: datetime) -> Page:
    """All of its incidents are over: say so to those who know, spare those who do not."""
    if page.state is PageState.WAITING and (_held(page, at) or (page.step > 0 and page.sent == 0)):
        return replace(_dropped(page, OVER), over=True)
    return replace(_touched(page, at), over=True)


def _dropped(page: Page, why: str) -> Page:
    return replace(page, state=PageState.DROPPED, due_at=None, error=why)
