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
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in plan]
    assert steps[0].startswith("SCAN incidents USING INDEX ix_incidents_")
    assert not any("TEMP B-TREE" in step for step in steps)


def test_filters_give_what_they_ask_for(any_store: Store) -> None:
    for number, severity in enumerate((Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)):
        found = replace(assessment(incident(f"{number:016d}"), judged=verdict(severity=severity)))
        any_store.save(found, "default", NOON, identity=str(number))
    with any_store.reading() as session:
        ids = [[line.id[-1] for line in incident_page(session, wanted).rows] for wanted in QUERIES]
    assert ids == [["0"], ["1", "0"], ["2", "1", "0"], ["0", "1", "2"]]
