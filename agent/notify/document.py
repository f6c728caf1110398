"""A message as programs read it: the body of a webhook, a line of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.notify.words import SUMMARY, TITLE, words_of
from agent.page import Kind, Message, Notice
from agent.text import encodable, finite

__all__ = ["EVENT_TYPES", "message_document", "notice_document"]

URL = 2000

EVENT_TYPES: Mapping[Kind, str] = {
    Kind.OPEN: "page.opened",
    Kind.UPDATE: "page.updated",
    Kind.OVER: "page.over",
    Kind.DIGEST: "digest",
}


def message_document(message: Message) -> dict[str, Any]:
    """``type``, ``timestamp`` and ``data``, as Standard Webhooks has it. Fields are added, never renamed."""
    return {
        "type": EVENT_TYPES[message.kind],
        "timestamp": message.now.isoformat(),
        "data": {
            "id": message.id,
            "key": message.key,
            "escalation": message.step,
            "why": encodable(message.why),
            "headline": encodable(message.headline),
            "lines": [encodable(line) for line in message.lines],
            "opened_at": message.opened_at.isoformat(),
            "incidents": [notice_document(notice) for notice in message.notices],
        },
    }


def notice_document(notice: Notice) -> dict[str, Any]:
    """One incident as it is told now."""
    return {
        "id": notice.incident,
        "url": words_of(notice.url, URL),
        "severity": notice.severity.value,
        "standing": notice.standing.value,
        "by": encodable(notice.by),
        "cause": notice.cause.value,
        "route": notice.route.value,
        "action": notice.action.value,
        "intent": notice.intent.value,
        "title": words_of(notice.title, TITLE),
        "summary": words_of(notice.summary, SUMMARY),
        "start_s": finite(notice.start_s),
        "end_s": finite(notice.end_s),
        "checks": list(notice.checks),
        "streams": list(notice.streams),
        "confidence": finite(notice.confidence),
        "model": encodable(notice.model),
        "first_seen_at": notice.first_seen_at.isoformat(),
        "labels": {encodable(k): encodable(v) for k, v in notice.labels.items()},
        "link": notice.link or None,
    }
