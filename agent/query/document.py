"""An answer as JSON: what the API gives, and what ``vidette ask --json`` prints."""

from __future__ import annotations

from typing import Any

from agent.query.answer import Answer
from agent.text import encodable

__all__ = ["ANSWER_SCHEMA", "answer_document"]

ANSWER_SCHEMA = "vidette.answer/1"


def answer_document(answer: Answer) -> dict[str, Any]:
    """The answer, its query and its rows; ``query`` can be sent back to run it again."""
    found = answer.found
    return {
        "schema": ANSWER_SCHEMA,
        "text": encodable(answer.text),
        "asked": encodable(answer.asked),
        "read_by": answer.read_by,
        "refusal": None if answer.refusal is None else answer.refusal.model_dump(mode="json"),
        "query": None if answer.query is None else answer.query.model_dump(mode="json"),
        "total": found.total if found else None,
        "against": found.against if found else None,
        "groups": [{"name": encodable(name), "count": count} for name, count in found.groups]
        if found
        else [],
        "incidents": [
            {
                "id": item.id,
                "input": encodable(item.input),
                "severity": item.severity or None,
                "cause": item.cause,
                "title": encodable(item.title),
                "start_s": item.start_s,
                "end_s": item.end_s,
                "first_seen_at": item.first_seen_at.isoformat(),
            }
            for item in (found.incidents if found else ())
        ],
    }
