"""A context as the table that ``read_context`` reads: how it is stored, and how the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.context import Context, Note, Period

__all__ = ["context_table"]


def context_table(context: Context) -> dict[str, Any]:
    """Plain JSON; what nobody has said is left out."""
    return _said(
        {
            "service": context.service,
            "tier": context.tier and context.tier.value,
            "delivery": context.delivery and context.delivery.value,
            "audience": context.audience and context.audience.value,
            "starts_at": _time(context.starts_at),
            "schedule": [
                _said({"kind": slot.kind.value, "title": slot.title, **_period(slot.period)})
                for slot in context.schedule
            ],
            "maintenance": [_said({"what": w.what, **_period(w.period)}) for w in context.maintenance],
            "note": [_note(note) for note in context.notes],
            "run_book": [
                _said({"text": e.text, "causes": [c.value for c in e.causes], "checks": list(e.checks)})
                for e in context.run_book
            ],
            "recent": [
                _said(
                    {
                        "at": _time(old.at),
                        "cause": old.cause.value,
                        "severity": old.severity.value,
                        "feedback": old.feedback.value,
                        "checks": list(old.checks),
                    }
                )
                for old in context.recent
            ],
        }
    )


def _note(note: Note) -> dict[str, Any]:
    period = _period(note.period) if note.period else {}
    return _said({"text": note.text, "author": note.author, "at": _time(note.at), **period})


def _period(period: Period) -> dict[str, Any]:
    return {"start": _time(period.start), "end": _time(period.end)}


def _time(time: datetime | float | None) -> str | float | None:
    return time.isoformat().replace("+00:00", "Z") if isinstance(time, datetime) else time


def _said(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value not in (None, "", [])}
