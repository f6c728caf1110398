"""The answer of a remote model: its schema for one case, its reading, and how likely its severity was."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, create_model

from agent.triage.allowed import Allowed
from agent.triage.verify import MAX_SUMMARY, MAX_TITLE

__all__ = ["MAX_ANSWER_TOKENS", "answer_model", "answer_schema", "read_answer", "severity_chances"]

MAX_ANSWER_TOKENS = 400
"""The longest answer that can stand: a quote of 400 characters, 480 of text, keys and marks."""

LONGEST_READ = 20_000

_Title = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)]
_Summary = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SUMMARY)]


@lru_cache(maxsize=64)
def answer_model(allowed: Allowed, reasons: tuple[str, ...]) -> type[BaseModel]:
    """What may be answered: the reason first, so that it is given before what follows from it.

    A quote is one of the reasons, or nothing.
    """
    fields: dict[str, Any] = {
        "quote": (_one_of(("", *reasons)), ...),
        "severity": (_one_of(allowed.severities), ...),
        "intent": (_one_of(allowed.intents), ...),
        "cause": (_one_of(allowed.causes), ...),
        "action": (_one_of(allowed.actions), ...),
        "route": (_one_of(allowed.routes), ...),
        "title": (_Title, ...),
        "summary": (_Summary, ...),
    }
    config = ConfigDict(extra="forbid", frozen=True)
    return cast(type[BaseModel], create_model("Verdict", __config__=config, **fields))


def answer_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema that is sent: without lengths, which grammars of servers unroll letter by letter."""
    schema = model.model_json_schema()
    for field in schema["properties"].values():
        for key in ("maxLength", "minLength", "title"):
            field.pop(key, None)
    return schema


def read_answer(text: str, model: type[BaseModel]) -> Mapping[str, str]:
    """The answer in a text: the first JSON object that fits, whatever stands around it.

    Raises:
        ValueError: there is none.
    """
    problem = "holds no JSON object"
    for start in (match.start() for match in re.finditer(r"\{", text[:LONGEST_READ])):
        try:
            found, _ = json.JSONDecoder().raw_decode(text[:LONGEST_READ], start)
            return dict(model.model_validate(found).model_dump())
        except ValidationError as exc:
            first = exc.errors()[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except (ValueError, RecursionError):
            continue
    raise ValueError(problem)


def severity_chances(tokens: Sequence[Mapping[str, Any]], allowed: Sequence[str]) -> dict[str, float]:
    """How likely each severity was, from the log-probabilities that an endpoint gives with its tokens.

    Args:
        tokens: each with ``token``, ``logprob`` and ``top_logprobs``, as OpenAI's ``logprobs.content``.
        allowed: the severities that could be said.

    Returns:
        Shares that sum to 1, of the first token that tells them apart; empty where nothing was given.
    """
    text = ""
    for item in tokens:
        if re.search(r'"severity"\s*:\s*"$', text) or (
            re.search(r'"severity"\s*:\s*$', text) and str(item.get("token", "")).strip().startswith('"')
        ):
            return _shares(item, allowed)
        text += str(item.get("token", ""))
    return {}


def _shares(item: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, float]:
    rows = [*(item.get("top_logprobs") or ()), item]
    found: dict[str, float] = {}
    for row in {str(row.get("token", "")): row for row in rows}.values():
        begun = str(row.get("token", "")).strip().lstrip('"')
        for value in allowed:
            if begun and value.startswith(begun):
                found[value] = found.get(value, 0.0) + math.exp(min(float(row.get("logprob", -99.0)), 0.0))
    total = sum(found.values())
    return {value: share / total for value, share in found.items()} if total > 0 else {}


def _one_of(values: Sequence[str]) -> Any:
    return Literal[tuple(str(value) for value in values)]
