"""One POST to a service, and what its answer means. Addresses may hold secrets: none is ever named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext

import httpx

from agent.notify.errors import Rejected, Retryable
from pipeline.text import clean

__all__ = ["TIMEOUT_S", "judge_status", "post", "retry_after_s"]

TIMEOUT_S = 10.0
PASSING = (408, 425, 429)
"""Statuses of the 4xx that say: later."""
MOST_RETRY_AFTER_S = 3600.0


def post(url: str, where: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
    """POST, without following redirects; ``where`` is the service's name for messages.

    Raises:
        Retryable: it could not be reached, or asks for patience.
        Rejected: it refuses, or the address is none.
    """
    try:
        with httpx.Client(timeout=TIMEOUT_S, verify=_trusted()) as client:
            answer = client.post(url, content=content, headers=dict(headers))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as exc:
        raise Rejected(f"{where}: the address is no http or https URL") from exc
    except httpx.HTTPError as exc:
        # Its own text may hold the address.
        raise Retryable(f"{where} cannot be reached ({type(exc).__name__})") from exc
    judge_status(answer.status_code, where, answer.headers, answer.text)
    return answer


def judge_status(status: int, where: str, headers: Mapping[str, str], text: str) -> None:
    """Nothing for a 2xx.

    Raises:
        Retryable: 408, 425, 429 and 5xx.
        Rejected: all others.
    """
    if 200 <= status < 300:
        return
    told = f"{where} answered {status}"
    if text.strip():
        told += f" ({clean(text, 120)})"
    if status in PASSING or status >= 500:
        raise Retryable(told, after_s=retry_after_s(headers))
    raise Rejected(told)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """``Retry-After`` in seconds, whether it is a number or a date (RFC 9110, 10.2.3); at most an hour."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds()
        except (TypeError, ValueError):
            return None
    if not 0 <= seconds < float("inf"):
        return 0.0 if seconds < 0 else None
    return min(seconds, MOST_RETRY_AFTER_S)


@cache
def _trusted() -> SSLContext:
    return httpx.create_ssl_context()
