"""The gate: it holds where nothing fell, and says in which cases something did."""

from __future__ import annotations

from pathlib import Path

from evals.detect.gate import Rows, accept, case_rows, held_against, load
from evals.detect.scoring import alarms, score
from tests.evals.results import event, result, truth


def rows(found: int, of: int, *, level: str = "weak", false: int = 0) -> Rows:
    """``found`` of ``of`` clips with one black each, and ``false`` clips with a false alarm."""
    cases = {
        f"test/black/{level}/h264/{n}": {"black": [int(n < found), 1, int(n < found), 0]} for n in range(of)
    }
    return cases | {f"test/clean/{n}": {"black": [0, 0, 0, 1]} if n < false else {} for n in range(40)}


def test_the_same_figures_hold() -> None:
    verdict = held_against(rows(18, 20), {"cases": rows(18, 20)})
    assert (verdict.held, verdict.cases, verdict.reasons) == (True, 60, ())


def test_better_figures_hold() -> None:
    assert held_against(rows(20, 20), {"cases": rows(12, 20, false=9)}).held


def test_one_weak_case_of_twenty_is_no_significant_drop() -> None:
    assert held_against(rows(19, 20), {"cases": rows(20, 20)}).held


def test_a_significant_drop_names_its_cases() -> None:
    verdict = held_against(rows(10, 20), {"cases": rows(20, 20)})
    assert not verdict.held
    assert "black: F1 fell by 0.333" in verdict.reasons[0]
    assert "test/black/weak/h264/10" in verdict.reasons[0]
    assert "test/black/weak/h264/9" not in verdict.reasons[0]


def test_false_alarms_are_a_drop_too() -> None:
    verdict = held_against(rows(20, 20, false=15), {"cases": rows(20, 20)})
    assert not verdict.held
    assert "test/clean/3" in verdict.reasons[0]


def test_a_clear_defect_that_is_lost_closes_the_gate_alone() -> None:
    verdict = held_against(rows(19, 20, level="clear"), {"cases": rows(20, 20, level="clear")})
    assert verdict.reasons == ("black: the clear defect of test/black/clear/h264/19 is found no more",)


def test_only_cases_of_both_are_compared() -> None:
    verdict = held_against(rows(0, 5), {"cases": {"test/black/weak/h264/77": {"black": [1, 1, 1, 0]}}})
    assert (verdict.held, verdict.cases) == (True, 0)


def test_what_is_accepted_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert load(path)["cases"] == {}
    first = [result(truths=[truth(5, 8)], found=[event(5, 8)])]
    accept(first, [score(first, "black")], alarms(first, ["black"]), ["black"], path)
    second = [result("test/clean/0", found=[event(1, 2)])]
    accept(second, [score(second, "black")], alarms(second, ["black"]), ["black"], path)
    document = load(path)
    assert document["cases"] == case_rows([*first, *second], ["black"])
    assert document["checks"]["black"]["f1"] == 1.0
    assert held_against(case_rows(first, ["black"]), document).held
