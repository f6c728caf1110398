"""Names of inputs are kept between questions, and are always those that are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, event

from agent.query.known import KnownInputs
from agent.query.names import Inputs
from agent.store import Store
from agent.store.tables import InputRow

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def put(store: Store, name: str, after_s: float) -> None:
    at = NOON + timedelta(seconds=after_s)
    with store.noting() as session:
        row = InputRow(id=name, identity=f"/media/{name}.ts", url=name, first_seen_at=at, last_seen_at=at)
        session.add(row)


def names(store: Store, known: KnownInputs) -> set[str]:
    with store.reading() as session:
        inputs = known.of(session)
    found = {identity[7:-3] for identity in inputs.identities}
    assert {word for word in inputs.words if word.startswith("x")} == found
    for name in found:
        assert inputs.named_in(f"black on {name}").inputs == (f"/media/{name}.ts",)
    return found


def test_what_is_stored_is_known(any_store: Store) -> None:
    known = KnownInputs()
    assert names(any_store, known) == set()
    for number, after_s in enumerate((0.0, 5.0, 5.0, 2.0, -7.0, 9.0)):
        put(any_store, f"x{number}", after_s)
        assert names(any_store, known) == {f"x{n}" for n in range(number + 1)}
    with any_store.noting() as session:
        session.execute(delete(InputRow).where(InputRow.id == "x4"))
    assert names(any_store, known) == {"x0", "x1", "x2", "x3", "x5"}
    with any_store.noting() as session:
        session.execute(delete(InputRow))
    assert names(any_store, known) == set()


@pytest.mark.parametrize("new", [0, 1])
def test_names_are_read_once(any_store: Store, new: int) -> None:
    known, said = KnownInputs(), []
    for number in range(3):
        put(any_store, f"x{number}", number)
    names(any_store, known)
    for number in range(new):
        put(any_store, f"x9{number}", 60.0 + number)
    event.listen(any_store.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    names(any_store, known)
    reads = [statement for statement in said if "inputs.identity" in statement]
    assert len(reads) == new and all("first_seen_at >=" in statement for statement in reads)


def test_more_names_change_nothing_for_those_who_read_the_old() -> None:
    old = Inputs(["/a/news-1.ts"])
    new = old.with_more(["/a/news-2.ts"])
    assert old.named_in("freezes on news").inputs == ("/a/news-1.ts",)
    assert old.identities == {"/a/news-1.ts"} and "2" not in old.words
    assert new.named_in("freezes on news").several == ("/a/news-1.ts", "/a/news-2.ts")
