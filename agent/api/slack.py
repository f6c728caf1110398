"""``POST /slack``: buttons and the slash command. The signature is the key, so no token is asked for."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from agent.api.problems import Problem
from agent.notify.slack_requests import RefusedRequest
from agent.slack_desk import SlackDesk

__all__ = ["router"]

# Slack calls it as Slack's own documents say: it is no part of our API's.
router = APIRouter(include_in_schema=False)

_log = logging.getLogger(__name__)


@router.post("/slack")
async def slack(request: Request) -> Response:
    """Do what somebody in Slack wants, and answer within Slack's three seconds."""
    desk: SlackDesk | None = request.app.state.slack
    if desk is None:
        raise Problem(404, "no Slack app is set up: the notification file has no [slack]")
    body = await request.body()
    try:
        said = await run_in_threadpool(desk.answer, body, dict(request.headers))
    except RefusedRequest as exc:
        _log.info("a request to /slack is refused: %s", exc)
        raise Problem(401, "the request is not one of Slack's") from exc
    return Response() if said is None else JSONResponse(said)
