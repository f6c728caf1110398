"""Whether the service lives, whether it can be used, and what Prometheus is told."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from agent.api.auth import Reader
from agent.api.documents import json_answer
from agent.api.problems import PROBLEMS, responses
from agent.api.state import api_of
from agent.store import StoreError
from agent.store.counts import jobs_waiting

__all__ = ["router"]

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """How it is; `why` says what is wrong, in words without secrets."""

    status: str
    why: list[str]


@router.get("/healthz", response_model=Health)
def lives() -> Response:
    """Whether the process answers. Restart it where this fails; needs no token."""
    return json_answer({"status": "ok", "why": []})


@router.get("/readyz", response_model=Health, responses={503: {"model": Health, "description": "Not now."}})
def ready(request: Request) -> Response:
    """Whether requests can be served: the store answers, and the service is not being stopped. No token."""
    api, why = api_of(request), []
    if api.stopping.is_set():
        why.append("the service is being stopped")
    try:
        with api.store.reading() as session:
            jobs_waiting(session)
    except StoreError:
        why.append("the store cannot be read")
    return json_answer({"status": "not ready" if why else "ok", "why": why}, 503 if why else 200)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        **PROBLEMS,
        **responses(503),
        200: {
            "description": "Metrics in Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
    },
)
def metrics(request: Request, token: Reader) -> Response:
    """Scans, queues, incidents, deliveries and calls of models, for Prometheus."""
    text = request.app.state.metrics.text(api_of(request).streams)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
