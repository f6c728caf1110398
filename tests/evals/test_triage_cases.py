"""The triage cases are what they claim to be: enough, spread, half traps, pairs that differ in one fact."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from agent.verdict import Intent, Route, Severity
from evals.triage.cases import EvalCase, load_cases, sampled
from evals.triage.generate import GRAMMAR, TEXTS, samples, written_notes
from evals.triage.injections import load_injections
from evals.triage.own import apart_samples, own_samples
from pipeline.model import Cause

CASES = load_cases()
TEST_NOTES = {note.text for case in CASES if case.split == "test" for note in case.context.notes}
RUN, MOST_ALIKE = 6, 0.6
"""So many words in a row, and such a share of common words, are no chance."""

BY_ID = {case.id: case for case in CASES}


def _pairs() -> list[tuple[EvalCase, EvalCase]]:
    """A case and the one that it is made from, with one fact in between."""
    return [(BY_ID[case.base], case) for case in CASES if case.base and len(case.changed) == 1]


def test_there_are_enough_and_ids_are_unique() -> None:
    assert len(CASES) >= 240
    assert len(BY_ID) == len(CASES)


def test_a_sample_has_each_kind_of_trap_and_the_shares_of_all() -> None:
    test = [case for case in CASES if case.split == "test"]
    some = sampled(test, 64)
    assert len(some) == len({case.id for case in some}) == 64
    assert {case.trap for case in some} == {case.trap for case in test}
    for severity in Severity:
        mine, all_of_it = (
            sum(case.want.severity is severity for case in cases) / len(cases) for cases in (some, test)
        )
        assert abs(mine - all_of_it) < 0.1
    assert some == sampled(test, 64) and sampled(test, 1000) == test
    assert len(sampled(test, 3)) == 3


def test_enough_is_kept_for_the_test_and_splits_share_no_family() -> None:
    count = Counter(case.split for case in CASES)
    assert count["test"] >= 120
    splits: dict[str, set[str]] = {}
    for case in CASES:
        splits.setdefault(case.family, set()).add(case.split)
    assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize("split", ["tune", "test"])
def test_every_label_is_there(split: str) -> None:
    mine = [case for case in CASES if case.split == split]
    severities = Counter(case.want.severity for case in mine)
    assert min(severities[severity] for severity in Severity) >= 10
    intents = Counter(case.want.intent for case in mine)
    assert min(intents[intent] for intent in Intent) >= 5
    assert {case.want.route for case in mine} >= set(Route) - {Route.TRANSPORT}
    assert len({case.want.cause for case in mine}) >= len(Cause) - 3


def test_half_are_traps() -> None:
    assert sum(bool(case.trap) for case in CASES) >= len(CASES) / 2


def test_pairs_differ_in_one_fact_and_in_the_verdict() -> None:
    telling = [
        (a, b) for a, b in _pairs() if (a.want.severity, a.want.intent) != (b.want.severity, b.want.intent)
    ]
    assert len(telling) >= 40


def test_what_is_accepted_lies_beside_what_is_wanted() -> None:
    for case in CASES:
        ranks = sorted(severity.rank for severity in case.want.severities)
        assert case.want.severity.rank in ranks, case.id
        assert ranks == list(range(ranks[0], ranks[-1] + 1)), case.id


def test_what_is_planned_is_never_critical() -> None:
    planned = [case for case in CASES if case.want.intent is Intent.PLANNED]
    assert planned and all(case.want.severity is Severity.INFO for case in planned)


def test_injections_reach_every_door_in_many_tongues_and_disguises() -> None:
    injections = load_injections()
    assert len(injections) >= 60
    assert len({injection.id for injection in injections}) == len(injections)
    assert {injection.base for injection in injections} <= set(BY_ID)
    assert {injection.where for injection in injections} >= {"note", "title", "id3", "epg", "file"}
    assert len({injection.language for injection in injections}) >= 10
    assert {"base64", "homoglyph", "zero-width", "rtl", "html", "json", "turn", "slack"} <= {
        injection.way for injection in injections
    }


def test_nothing_is_trained_on_that_is_reported_or_calibrated_on() -> None:
    written = "\n".join(text for texts in written_notes().values() for text in texts)
    bank = (Path(TEXTS).read_text("utf-8") + Path(GRAMMAR).read_text("utf-8") + written).lower()
    shown = {note.text.lower() for case in CASES for note in case.context.notes}
    assert not [text for text in shown if text in bank]
    trained, kept = own_samples()
    assert not {sample.text for sample in (*trained, *kept)} & TEST_NOTES
    assert not {sample.text for sample in trained} & {sample.text for sample in kept}
    assert {case.split for case in CASES if case.trained} == {"tune"}


def test_no_generated_note_says_what_a_reported_or_calibrating_one_says() -> None:
    """Neither a run of words nor most of the words: what is alike by chance is short."""
    made = [sample.text for sample in islice(samples(1), 2000)]
    made += [text for texts in written_notes().values() for text in texts]
    runs = set().union(*(_runs(text) for text in made))
    words = [_words(text) for text in made]
    reported = [*TEST_NOTES, *(sample.text for sample in apart_samples())]
    assert sum(bool(_runs(text) & runs) for text in reported) == 0
    assert max(_alike(_words(text), words) for text in reported) <= MOST_ALIKE


def test_every_written_note_is_plain_and_can_be_filled() -> None:
    slots = tomllib.loads(TEXTS.read_text("utf-8"))["slots"]
    places = {"ch", "span", "till", *slots}
    texts = [text for texts in written_notes().values() for text in texts]
    assert len(texts) == len(set(texts))
    assert all(text.isascii() for text in texts)
    assert {place for text in texts for place in re.findall(r"\{(.*?)\}", text)} <= places


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def _runs(text: str) -> set[tuple[str, ...]]:
    found = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1)}


def _alike(words: frozenset[str], made: list[frozenset[str]]) -> float:
    """The share of common words (Jaccard) with the likest."""
    return max(len(words & other) / len(words | other) for other in made)
