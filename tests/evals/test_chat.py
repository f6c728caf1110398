"""The suite ``chat``: its questions, the truth without SQL, the grading, and askers that must score badly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.query.chat import Chat
from agent.query.model import IncidentQuery, Order, Shape
from agent.store import Store
from evals.chat.command import main
from evals.chat.controls import ListsEverything, inventing, refuses_everything, shuffled
from evals.chat.month import INPUTS, NOW, ZONE, Happened, month, store_month
from evals.chat.questions import load_questions
from evals.chat.running import Asker, ask_all
from evals.chat.scoring import Graded, grade, score
from evals.chat.truth import rows_of

QUESTIONS = load_questions()
TUNE = tuple(question for question in QUESTIONS if question.split == "tune")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, tuple[Happened, ...]]]:
    with Store.open(str(tmp_path_factory.mktemp("chat") / "month.db")) as store:
        yield store, store_month(store)


def asked(asker: Asker, stored: tuple[Store, tuple[Happened, ...]]) -> list[Graded]:
    return ask_all(TUNE, asker, stored[1])


def test_the_questions_are_enough_and_no_text_is_in_both_splits() -> None:
    tune, test = (
        [question for question in QUESTIONS if question.split == split] for split in ("tune", "test")
    )
    assert len(test) >= 90 and len(tune) + len(test) == len(QUESTIONS) >= 150
    refusals = [question for question in test if question.refusals]
    assert 0.2 <= len(refusals) / len(test) <= 0.35
    assert not {question.text.lower() for question in tune} & {question.text.lower() for question in test}
    known = {question.id: question for question in QUESTIONS}
    for question in QUESTIONS:
        if question.follows:
            assert known[question.follows].split == question.split


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('refusal = "future"\nquery = {}', "needs a query or a refusal"),
        ("", "needs a query or a refusal"),
        ('refusal = "nonsense"', "nonsense"),
        ('query = { inputs = ["news"] }', "2 inputs"),
        ('query = { shape = "group" }', "group_by"),
    ],
)
def test_a_question_that_is_not_as_it_has_to_be_is_refused(tmp_path: Path, row: str, told: str) -> None:
    (tmp_path / "a.toml").write_text(f'[[question]]\nid = "a"\nsplit = "tune"\ntext = "?"\n{row}\n')
    with pytest.raises(ValueError, match=told):
        load_questions(tmp_path)


def test_the_truth_by_hand() -> None:
    happened = month()
    assert len(happened) == 400 and {item.input for item in happened} == set(INPUTS)
    kids = [item for item in happened if item.input.endswith("/kids/index.m3u8")]
    rows = rows_of(IncidentQuery(inputs=(kids[0].input,), limit=3, order=Order.OLDEST), happened)
    assert (rows.total, rows.shown) == (len(kids), tuple(item.id for item in kids[:3]))
    longest = rows_of(IncidentQuery(shape=Shape.LONGEST, order=Order.LONGEST), happened)
    assert longest.shown == (max(happened, key=lambda item: item.end_s - item.start_s).id,)


def test_the_rules_are_right_and_show_no_foreign_row(stored: tuple[Store, tuple[Happened, ...]]) -> None:
    chat = Chat(stored[0])
    graded = asked(lambda q, before: chat.ask(q.text, now=NOW, zone=ZONE, previous=before), stored)
    figures = score(graded)
    assert figures.rows.value >= 0.95 and figures.refused.value >= 0.95
    assert figures.foreign == 0 and figures.cited.value == 1.0
    # The same answers to other questions are worth next to nothing.
    truths = [rows_of(q.query, stored[1]) if q.query else None for q in TUNE]
    assert score(shuffled(graded, truths)).rows.value < 0.2
    # A row that the query does not return is seen wherever it is put in.
    first = next(item for item in graded if item.answer.found and item.answer.found.incidents)
    assert first.question.query is not None
    truth = rows_of(first.question.query, stored[1])
    forged = grade(first.question, inventing(first.answer), truth, truth, 0.0)
    assert forged.foreign == ("f" * 16,) and not forged.rows


def test_one_that_refuses_everything_scores_badly(stored: tuple[Store, tuple[Happened, ...]]) -> None:
    figures = score(asked(refuses_everything, stored))
    assert figures.rows.value == 0.0
    # Refusing is not enough: the reason has to be right.
    assert figures.refused.value < 0.5


def test_one_that_lists_everything_scores_badly(stored: tuple[Store, tuple[Happened, ...]]) -> None:
    figures = score(asked(ListsEverything(stored[0]), stored))
    assert figures.rows.value < 0.05 and figures.refused.value == 0.0


def test_no_rows_are_right_only_for_what_was_asked(stored: tuple[Store, tuple[Happened, ...]]) -> None:
    chat = Chat(stored[0])
    empty = next(question for question in TUNE if question.text == "flashes on kids today")
    answer = chat.ask("tone on music today", now=NOW, zone=ZONE)
    assert empty.query is not None and answer.query is not None
    truth, own = rows_of(empty.query, stored[1]), rows_of(answer.query, stored[1])
    assert truth.total == own.total == 0
    assert not grade(empty, answer, truth, own, 0.0).right
    right = chat.ask(empty.text, now=NOW, zone=ZONE)
    assert grade(empty, right, truth, truth, 0.0).right


def test_the_command_prints_figures_and_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--split", "test", "--out", str(tmp_path), "--gate"]) == 0
    assert "gate: held" in capsys.readouterr().out
    document = json.loads((tmp_path / "chat.json").read_text("utf-8"))
    assert len(document["questions"]) == sum(question.split == "test" for question in QUESTIONS)
    assert "right rows" in (tmp_path / "chat.md").read_text("utf-8")
