"""Pages, from the store to people: the place where ``notify`` and ``store`` meet.

changes ─► Notice ─► plan ─► pages ─► (due) ─► Message ─► Notifier ─► marked
└────── one transaction ──────┘       └─ a lease: sent again if we are killed in between ─┘
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.digest import digest_lines
from agent.notify.deliver import Deliverer, Place
from agent.notify.film import MOST_PICTURES, side_by_side
from agent.notify.planning import plan
from agent.notify.routing import leaves
from agent.notify.tree import Digest, Tree
from agent.page import Film, Kind, Message, Notice, Page, PageState, Standing
from agent.report.words import listing, timecode
from agent.store import Store, StoredIncident
from agent.store.changes import Change, scan_of
from agent.store.evidence import still_of, stills_of
from agent.store.outbox import Outbox
from pipeline.errors import VidetteError
from pipeline.model import fingerprint

__all__ = ["Paging", "notice_of", "open_places"]

STALE = timedelta(hours=24)
"""A change that was never made into pages for so long opens none: it is history, not news."""

DIGEST = "digest"
DAY = timedelta(days=1)
POLL_S = 0.2
DIGEST_EVERY_S = 15.0

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def open_places(tree: Tree) -> dict[str, Place]:
    """Every destination of a tree, with its secrets read.

    Raises:
        UsageError: a secret is not there, or a library is not installed.
    """
    return {
        name: Place(found.sender.open(name), found.sender.pace_s) for name, found in tree.destinations.items()
    }


def notice_of(stored: StoredIncident, tree: Tree) -> Notice | None:
    """An incident as it is told; None while it has no verdict, not even the rules'."""
    verdict, incident = stored.verdict, stored.incident
    if verdict is None:
        return None
    standing, by = _standing(stored)
    return Notice(
        incident=incident.id,
        url=stored.url,
        cause=verdict.cause,
        severity=verdict.severity,
        route=verdict.route,
        action=verdict.action,
        intent=verdict.intent,
        title=verdict.title,
        summary=verdict.summary,
        start_s=incident.start_s,
        end_s=incident.end_s,
        checks=tuple(dict.fromkeys(event.check for event in incident.events)),
        streams=tuple(dict.fromkeys(event.stream for event in incident.events)),
        confidence=verdict.confidence,
        model=verdict.model,
        first_seen_at=stored.first_seen_at,
        standing=standing,
        by=by,
        profile=stored.profile,
        labels={**stored.labels, **tree.labels_of(stored.url)},
        link=f"{tree.link}/incidents/{incident.id}" if tree.link else "",
    )


def _standing(stored: StoredIncident) -> tuple[Standing, str]:
    if stored.status == "resolved":
        return Standing.OVER, stored.resolved_by or ""
    if stored.muted:
        return Standing.MUTED, ""
    if stored.status == "acknowledged":
        return Standing.ACKNOWLEDGED, stored.acknowledged_by or ""
    return Standing.OPEN, ""


@dataclass(slots=True)
class Paging:
    """Makes pages of changes, and sends them. ``places`` may be empty where nothing is to be sent."""

    store: Store
    tree: Tree
    places: dict[str, Place] = field(default_factory=dict)
    clock: Callable[[], datetime] = _now
    outbox: Outbox = field(init=False)
    deliverer: Deliverer = field(init=False)
    _began_at: datetime | None = None
    _digests_at: datetime = LONG_AGO

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store)
        self.deliverer = Deliverer(self.outbox, self.places, self.compose, self.clock)

    def begin(self) -> None:
        """Take changes for news from now on, if they never were."""
        self._began_at = self.outbox.begin(self.clock())

    def route(self) -> int:
        """Make pages of all changes that are new; how many changes there were."""
        count = 0
        while found := self._route_some():
            count += found
        return count

    def deliver(self) -> int:
        """Route, then send all that is due, and come back; how many pages were tried."""
        self.route()
        self.add_digests()
        return self.deliverer.drain()

    def run(self, stop: threading.Event) -> None:
        """Route and send until told to stop. A store that is away for a while is waited for."""
        self.begin()
        while not stop.is_set():
            try:
                busy = self.route() + self.deliverer.start()
                self.add_digests()
            except VidetteError as exc:
                _log.warning("paging waits: %s", exc)
                busy = 0
            if not busy:
                stop.wait(POLL_S)
        self.deliverer.finish()

    def add_digests(self) -> None:
        """Put the digests that are due into the outbox; each once, whoever comes first."""
        now = self.clock()
        if now < self._digests_at:
            return
        self._digests_at = now + timedelta(seconds=DIGEST_EVERY_S)
        began_at = self._began_at or self.outbox.begin(now)
        for digest in self.tree.digests:
            due_at = digest.last_before(now, self.tree.zone)
            if due_at < began_at or now - due_at > STALE:
                continue
            for destination in digest.to:
                self.outbox.add(_digest_page(digest, destination, due_at))

    def compose(self, page: Page) -> Message | str:
        """The message of a page as things are now; the reason, where nothing is to be told any more."""
        if page.route == DIGEST:
            return self._compose_digest(page)
        stored = self.outbox.incidents(page.incidents)
        notices = _worst_first([n for item in stored if (n := notice_of(item, self.tree)) is not None])
        if not notices:
            return "its incidents are not stored any more"
        if page.step and not page.sent and not any(n.standing is Standing.OPEN for n in notices):
            return "somebody acknowledged in time"
        return Message(
            key=page.key,
            seq=page.wanted,
            kind=_kind(page, notices),
            notices=tuple(notices),
            opened_at=page.opened_at,
            now=self.clock(),
            step=page.step,
            again=page.attempts > 1,
            why=page.why,
            told=page.told,
            memory=page.memory,
            film=lambda: self._film(notices),
            scan=self._scan(notices[0].incident),
        )

    def _route_some(self) -> int:
        now = self.clock()
        with self.outbox.routing() as desk:
            if desk is None:
                return 0
            news = self._news(desk.changes, desk.incidents())
            if news:
                desk.load({leaf.group_of(n) for at, n in news for leaf in leaves(self.tree, n, at)})
            for at, notice in news:
                known = list(desk.pages.values())
                told = any(notice.incident in page.incidents for page in known)
                if told or now - at <= STALE:
                    desk.put(plan(self.tree, notice, at, known, desk.over))
            return desk.read

    def _news(
        self, changes: Sequence[Change], stored: Mapping[str, StoredIncident]
    ) -> list[tuple[datetime, Notice]]:
        """Each incident that changed, as it is now, and when it last did; in the order of time."""
        changed_at = {change.incident_id: change.at for change in changes if change.incident_id}
        notices = {key: notice_of(item, self.tree) for key, item in stored.items()}
        news = [(changed_at[key], notice) for key, notice in notices.items() if notice is not None]
        return sorted(news, key=lambda item: (item[0], item[1].incident))

    def _scan(self, incident_id: str) -> str:
        with self.store.reading() as session:
            return scan_of(session, incident_id)

    def _film(self, notices: Sequence[Notice]) -> Film | None:
        """The stored filmstrip of the first incident that has one."""
        for notice in notices:
            with self.store.reading() as session:
                stills = stills_of(session, notice.incident)[:MOST_PICTURES]
                found = [still_of(session, notice.incident, still.label) for still in stills]
            jpegs = [still.jpeg for still in found if still is not None]
            told = listing(f"{still.label} ({timecode(still.time_s)})" for still in stills)
            film = side_by_side(jpegs, f"Pictures of {told}") if jpegs else None
            if film is not None:
                return film
        return None

    def _compose_digest(self, page: Page) -> Message | str:
        digest = next((item for item in self.tree.digests if item.name == page.group), None)
        if digest is None:
            return "this digest is not configured any more"
        until = page.opened_at
        since = digest.last_before(until - timedelta(seconds=1), self.tree.zone)
        notices = [
            notice
            for stored in self.outbox.seen_between(since, until)
            if (notice := notice_of(stored, self.tree)) is not None
            and notice.severity.rank >= digest.at_least.rank
        ]
        local = until.astimezone(digest.time_zone or self.tree.zone)
        return Message(
            key=page.key,
            seq=page.wanted,
            kind=Kind.DIGEST,
            notices=(),
            opened_at=page.opened_at,
            now=self.clock(),
            headline=f"{digest.name}: the time until {local:%A %d %B %H:%M}",
            lines=tuple(digest_lines(_worst_first(notices))),
        )


def _digest_page(digest: Digest, destination: str, due_at: datetime) -> Page:
    return Page(
        key=fingerprint("digest", digest.name, destination, due_at.isoformat()),
        destination=destination,
        route=DIGEST,
        group=digest.name,
        incidents=(),
        opened_at=due_at,
        closes_at=due_at,
        due_at=due_at,
        state=PageState.WAITING,
        over=True,
        why=f"digest {digest.name}",
    )


def _kind(page: Page, notices: Sequence[Notice]) -> Kind:
    if all(notice.standing is Standing.OVER for notice in notices):
        return Kind.OVER
    return Kind.UPDATE if page.sent else Kind.OPEN


def _worst_first(notices: Sequence[Notice]) -> list[Notice]:
    """Those that go on before those that are over, the most severe first, then by time."""
    return sorted(
        notices, key=lambda n: (n.standing is Standing.OVER, -n.severity.rank, n.start_s, n.incident)
    )
