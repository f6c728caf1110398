"""Answers over a real store, held against a plain Python reading of the same month."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from agent.query.chat import Chat, zone_of
from agent.query.document import answer_document
from agent.query.model import Grouping, IncidentQuery, Order, RefusalKind, Shape, State
from agent.store import Store, StoreError
from agent.verdict import Severity
from evals.chat.month import NOW, ZONE, Happened, store_month
from evals.chat.truth import rows_of
from pipeline.errors import UsageError
from pipeline.model import Cause
from tests.agent.postgres import postgres_server

Month = tuple[Store, tuple[Happened, ...]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    if request.param == "sqlite":
        with Store.open(str(tmp_path_factory.mktemp("store") / "month.db")) as store:
            yield store, store_month(store)
    else:
        with postgres_server() as url, Store.open(url) as store:
            yield store, store_month(store)


QUERIES = [
    {},
    {"severities": (Severity.CRITICAL,)},
    {"checks": ("freeze", "silence"), "order": Order.OLDEST, "limit": 100},
    {"causes": (Cause.SIGNAL_LOSS,), "shape": Shape.COUNT},
    {"shape": Shape.LONGEST, "order": Order.LONGEST},
    {"order": Order.WORST, "limit": 5},
    {"states": (State.OPEN, State.MUTED), "limit": 100},
    {"states": (State.RESOLVED,), "shape": Shape.COUNT},
    {"routes": ("audio",), "shape": Shape.COUNT},
    *({"shape": Shape.GROUP, "group_by": group, "limit": 100} for group in Grouping),
]


@pytest.mark.parametrize("values", QUERIES)
def test_sql_and_plain_python_agree(kept: Month, values: dict[str, object]) -> None:
    store, happened = kept
    query = IncidentQuery(**{"zone": ZONE.key} | values)  # type: ignore[arg-type]
    answer, truth = Chat(store).again(query), rows_of(query, happened)
    assert answer.found is not None
    assert answer.found.total == truth.total > 0
    assert tuple(item.id for item in answer.found.incidents) == truth.shown
    assert dict(answer.found.groups) == truth.groups


def test_an_answer_says_what_was_asked_and_cites(kept: Month) -> None:
    store, happened = kept
    answer = Chat(store).ask("critical incidents this week", now=NOW, zone=ZONE)
    assert answer.asked == (
        "Critical incidents, first seen from 2026-11-23 00:00 to 2026-11-25 10:30 (Europe/Berlin); "
        "the newest first, at most 20."
    )
    assert answer.query is not None
    shown = rows_of(answer.query, happened).shown
    assert shown
    assert all(name[:8] in answer.text for name in shown[:5])


def test_an_answer_can_be_run_again_from_its_document(kept: Month) -> None:
    store, _ = kept
    chat = Chat(store)
    first = chat.ask("freezes per day last week", now=NOW, zone=ZONE)
    carried = json.loads(json.dumps(answer_document(first)))["query"]
    again = chat.again(IncidentQuery.model_validate(carried))
    assert (again.text, again.found) == (first.text, first.found)


def test_what_is_not_stored_is_said(kept: Month) -> None:
    chat = Chat(kept[0])
    nothing = chat.ask("borders on news-1 around 04:00 on 2 November", now=NOW, zone=ZONE)
    assert nothing.text == "No such incident is stored."
    unknown = chat.ask("incident 0123456789abcdef", now=NOW, zone=ZONE)
    assert unknown.refusal is not None
    assert unknown.refusal.kind is RefusalKind.UNKNOWN_ID
    stranger = chat.ask("gremlins on kids", now=NOW, zone=ZONE)
    assert stranger.refusal is not None
    assert "gremlins" in stranger.text


def test_a_question_cannot_write(kept: Month) -> None:
    store, _ = kept
    with pytest.raises(StoreError, match=r"may not be written|read-only"), store.reading() as session:
        session.execute(text("DELETE FROM events"))


def test_a_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(UsageError, match="no time zone is called 'Mars/Olympus'"):
        zone_of("Mars/Olympus")


def test_the_database_of_a_closed_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Store.open(str(tmp_path))
