"""Paging while the service runs: a thread that routes and sends, and the desk for what Slack sends to us."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from agent.notify.tree import load_tree
from agent.paging import Paging, open_places
from agent.query.chat import Chat
from agent.settings import Settings
from agent.slack_desk import SlackDesk
from agent.store import Store

__all__ = ["Pager"]


@dataclass(slots=True)
class Pager:
    """Started and stopped with the service; ``desk`` is None where no Slack app is set up."""

    paging: Paging
    desk: SlackDesk | None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def of(cls, settings: Settings, store: Store, chat: Chat) -> Pager | None:
        """A pager, with all secrets read; None where no notification file is named.

        ``chat`` answers what is asked in Slack.

        Raises:
            UsageError: the file is wrong, or a secret is not there.
        """
        if settings.notify is None:
            return None
        tree = load_tree(settings.notify)
        desk = None
        if tree.slack is not None:
            secret = tree.slack.signing_secret.read("slack: signing_secret")
            desk = SlackDesk(store, chat, secret, tree.slack.team, tree.zone)
        return cls(Paging(store, tree, open_places(tree)), desk)

    def start(self) -> None:
        """Route and send from now on: what is stored after this call is news."""
        self.paging.begin()
        self._thread = threading.Thread(target=self.paging.run, args=(self._stop,), name="pager")
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being sent, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self.desk is not None:
            self.desk.close()
