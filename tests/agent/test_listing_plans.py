"""Lists with filters walk the index of their order on SQLite, and give the same rows as any other way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from agent.store import Store
from agent.store.life import Status
from agent.store.listing import IncidentQuery, Sort, incident_page
from agent.verdict import Severity
from tests.agent.stored import assessment, incident, verdict

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
QUERIES = [
    IncidentQuery(severities=[Severity.CRITICAL]),
    IncidentQuery(severities=[Severity.CRITICAL, Severity.MAJOR], statuses=[Status.OPEN]),
    IncidentQuery(statuses=[Status.OPEN, Status.ACKNOWLEDGED], sort=Sort.FIRST_SEEN),
    IncidentQuery(statuses=[Status.OPEN], sort=Sort.SEVERITY),
]


@pytest.mark.parametrize("wanted", QUERIES)
def test_sqlite_sorts_nothing(tmp_path: Path, wanted: IncidentQuery) -> None:
    said: list[tuple[str, object]] = []

    def hear(connection: Connection, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM incidents" in statement:
            said.append((statement, parameters))

    with Store.open(str(tmp_path / "a.db")) as store:
        event.listen(store.engine, "before_cursor_execute", hear)
        with store.reading() as session:
            incident_page(session, wanted)
            ((statement, parameters),) = said
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    (page,) = (row.id for row in plan if row.detail in ("MATERIALIZE page", "CO-ROUTINE page"))
    steps = [row.detail for row in plan if row.parent == page]
    assert steps[0].startswith("SCAN incidents USING INDEX ix_incidents_")
    assert not any("TEMP B-TREE" in step for step in steps)
    # What is left, the page in its order, is looked up row by row.
    rest = [row.detail for row in plan if not row.parent and row.id != page]
    assert not [step for step in rest if step.startswith("SCAN") and "page" not in step]


def test_a_shape_is_one_statement_whatever_its_values(tmp_path: Path) -> None:
    said: set[str] = set()
    with Store.open(str(tmp_path / "a.db")) as store:
        event.listen(store.engine, "before_cursor_execute", lambda *given: said.add(given[2]))
        with store.reading() as session:
            said.clear()
            for text, limit in (("news", 5), ("50%_/", 7)):
                labels = {"channel": text, "it's": "b"}
                incident_page(session, IncidentQuery(input=text, labels=labels, muted=False, limit=limit))
    assert len([statement for statement in said if "incidents" in statement]) == 1


def test_a_part_of_a_name_is_taken_as_it_is_written(any_store: Store) -> None:
    names = ("/a/50%.ts", "/a/500.ts", "/b/x_y.ts", "/b/xzy.ts", "/c/It's/Q.ts", "/c/\\back.ts")
    for number, name in enumerate(names):
        found = assessment(incident(f"{number:016d}"))
        any_store.save(found, "default", NOON, identity=name)
    with any_store.reading() as session:
        for part in ("50%", "x_y", "It's/Q", "\\back"):
            found = incident_page(session, IncidentQuery(input=part)).rows
            assert len(found) == 1, part


def test_filters_give_what_they_ask_for(any_store: Store) -> None:
    for number, severity in enumerate((Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)):
        found = replace(assessment(incident(f"{number:016d}"), judged=verdict(severity=severity)))
        any_store.save(found, "default", NOON, identity=str(number))
    with any_store.reading() as session:
        ids = [[line.id[-1] for line in incident_page(session, wanted).rows] for wanted in QUERIES]
    assert ids == [["0"], ["1", "0"], ["2", "1", "0"], ["0", "1", "2"]]
