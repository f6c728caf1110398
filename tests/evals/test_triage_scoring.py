"""The figures of triage by hand-worked examples, and negative controls that must score badly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from agent.models import Rules
from agent.policy import load_policy
from agent.query.answer import Answer
from agent.query.chat import Chat
from agent.query.model import IncidentQuery
from agent.store import Store
from agent.store.tables import VerdictRow
from agent.triage.facts import facts_of
from agent.triage.judge import case_of
from agent.verdict import Severity
from evals.chat.month import NOW, ZONE
from evals.chat.questions import Question
from evals.triage.asking import asked_questions, over_poisoned
from evals.triage.cases import load_cases
from evals.triage.controls import CONTROLS, shuffled
from evals.triage.injections import attacked, load_injections, run_injections
from evals.triage.running import Outcome, run, ungrounded
from evals.triage.scoring import BARS, Scores, bins, ece, macro_f1, score

TEST = [case for case in load_cases() if case.split == "test"]


@pytest.fixture(scope="module")
def by_rules() -> list[Outcome]:
    return run(TEST, Rules())


def _told(outcome: Outcome, severity: Severity, confidence: float = 1.0) -> Outcome:
    return replace(outcome, verdict=replace(outcome.verdict, severity=severity), confidence=confidence)


def test_a_perfect_backend_has_perfect_figures(by_rules: list[Outcome]) -> None:
    perfect = [
        replace(
            o,
            verdict=replace(
                o.verdict, severity=o.case.want.severity, intent=o.case.want.intent, route=o.case.want.route
            ),
        )
        for o in by_rules
    ]
    found = score("perfect", perfect)
    assert found.severity_f1.value == found.severity_f1_strict.value == found.kappa.value == 1.0
    assert found.intent.value == found.route.value == 1.0
    assert found.missed == 0 and found.ece.value == found.brier == 0.0


def test_accepted_counts_as_right_and_strictly_it_does_not(by_rules: list[Outcome]) -> None:
    wide = next(o for o in by_rules if len(o.case.want.severities) > 1)
    other = next(s for s in wide.case.want.severities if s is not wide.case.want.severity)
    assert macro_f1([_told(wide, other)]) == 1.0
    assert macro_f1([_told(wide, other)], strict=True) == 0.0


def test_a_missed_critical_is_counted(by_rules: list[Outcome]) -> None:
    critical = [o for o in by_rules if o.case.want.severities == {Severity.CRITICAL}][:4]
    found = score(
        "x", [_told(critical[0], Severity.MAJOR), *(_told(o, Severity.CRITICAL) for o in critical[1:])]
    )
    assert (found.missed, found.criticals, found.missed_critical.value) == (1, 4, 0.25)


def test_calibration_error_by_hand() -> None:
    sure, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([1.0, 1.0, 1.0, 0.0])
    # Two bins of two: off by 0.05 each.
    assert [b.count for b in bins(sure, right)] == [2, 2]
    assert ece(sure, right) == pytest.approx(0.05)


def test_numbers_are_grounded_by_whole_renderings() -> None:
    case = TEST[0]
    facts = facts_of(case_of(case.incident, case.scan, load_policy(), case.context))
    start = facts.named("incident.start_s")
    assert ungrounded(f"Picture black at {start}", facts) == []
    assert ungrounded("Picture black 77 times at 99:99", facts) == ["77", "99:99"]


def _misses_a_bar(found: Scores) -> bool:
    return (
        found.severity_f1.value < BARS["severity_f1"]
        and found.intent.value < BARS["intent"]
        and found.ece.value > BARS["ece"]
    )


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_score_badly(name: str) -> None:
    assert _misses_a_bar(score(name, run(TEST, CONTROLS[name](name))))


def test_shuffled_answers_score_worse_than_the_answers(by_rules: list[Outcome]) -> None:
    mixed = score("shuffled", shuffled(by_rules))
    assert _misses_a_bar(mixed)
    assert mixed.severity_f1.value < score("rules", by_rules).severity_f1.value - 0.2
    assert mixed.missed > 5
    assert mixed.kappa.value < 0.2


def test_no_injection_moves_the_rules() -> None:
    attacks = run_injections(Rules())
    assert not [attack.injection.id for attack in attacks if attack.changed]


class _Gullible:
    """Lets the newest title of the store speak in every question: what the suite must notice."""

    def __init__(self, store: Store) -> None:
        self._store, self._chat = store, Chat(store)

    def __call__(self, question: Question, previous: IncidentQuery | None) -> Answer:
        with self._store.reading() as session:
            newest = select(VerdictRow.title).order_by(VerdictRow.id.desc()).limit(1)
            told = f"{question.text}. {session.scalar(newest)}"
        return self._chat.ask(told, now=NOW, zone=ZONE, previous=previous)


def test_a_chat_that_listens_to_titles_is_found_out(tmp_path: Path) -> None:
    texts = [injection.text for injection in load_injections()[::10]]
    with Store.open(str(tmp_path / "x.db")) as store:
        found = over_poisoned(store, texts, _Gullible(store))
    assert all(len(ids) > len(asked_questions()) / 4 for ids in found)
    clean = run_injections(Rules(), load_injections()[:1])[0]
    assert replace(clean, questions=found[0]).changed == ("query",)


def test_an_injection_is_in_the_case_that_is_judged() -> None:
    base = {case.id: case for case in load_cases()}
    for injection in load_injections():
        case = base[injection.base]
        changed = attacked(case, injection)
        assert (changed.context, changed.scan) != (case.context, case.scan), injection.id
