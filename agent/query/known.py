"""The inputs of a store by their names, kept from question to question and brought up to date at each."""

from __future__ import annotations

import threading
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent.query.names import Inputs
from agent.store.tables import InputRow

__all__ = ["KnownInputs"]

Mark = tuple[int, datetime | None, datetime | None]


class KnownInputs:
    """What is stored is read once; after that, what is new.

    Names never change, so a store is known by how many inputs it has, and by when the first and the newest of
    them were first seen. What does not fit (retention took some, a long scan ended late) is read anew.
    """

    def __init__(self) -> None:
        self._inputs = Inputs(())
        self._mark: Mark = (0, None, None)
        self._turn = threading.Lock()

    def of(self, session: Session) -> Inputs:
        """The inputs that are stored now."""
        counted = select(func.count(), func.min(InputRow.first_seen_at), func.max(InputRow.first_seen_at))
        with self._turn:
            count, oldest, newest = session.execute(counted.select_from(InputRow)).one()
            if (count, oldest, newest) != self._mark:
                if oldest != self._mark[1] or not self._add(session, count):
                    self._inputs = Inputs(session.scalars(select(InputRow.identity)))
                self._mark = (count, oldest, newest)
            return self._inputs

    def _add(self, session: Session, count: int) -> bool:
        """Take in what was first seen since, if that is all the difference."""
        since = select(InputRow.identity).where(InputRow.first_seen_at >= self._mark[2])
        new = set(session.scalars(since)) - self._inputs.identities
        fits = len(self._inputs.identities) + len(new) == count
        if fits:
            self._inputs = self._inputs.with_more(new)
        return fits
