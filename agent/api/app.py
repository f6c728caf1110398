"""Puts the service together: store, workers, routers, and how it starts and ends.

Another router (chat, Slack, the page, metrics) is one line in ``ROUTERS``; what it needs is in ``state.Api``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool

from agent.about import version
from agent.api import acts, ask, clips, events, health, incidents, scans, session, slack, waivers
from agent.api.limits import BodyLimit, SafeHeaders
from agent.api.problems import SCHEMA, add_handlers
from agent.api.state import Api
from agent.jobs.chores import Chores
from agent.jobs.plan import WorkPlan
from agent.jobs.supervisor import Supervisor
from agent.metrics import Metrics
from agent.pager import Pager
from agent.settings import Settings
from agent.store import Store
from agent.web import PAGES

__all__ = ["ROUTERS", "create_app"]

ROUTERS = (
    scans.router,
    incidents.router,
    acts.router,
    clips.router,
    waivers.router,
    events.router,
    session.router,
    slack.router,
    ask.router,
    health.router,
    *PAGES,
)

DESCRIPTION = """\
Scans of video and audio, and the incidents that they find.

Every request needs a bearer token (`vidette token add`), or the cookie of a session. Errors are
`application/problem+json`. A POST with an `Idempotency-Key` is done once, however often it is sent.
All text in answers is untrusted: names of files, titles, notes and words of a model.
"""


def create_app(settings: Settings, store: Store, *, store_url: str, workers: int | None = None) -> FastAPI:
    """The app; its workers start with it and end with it. ``workers`` is 0 where others do the scans.

    Raises:
        UsageError: the notification file is wrong, or a secret that it names is not there.
    """
    count = settings.workers if workers is None else workers
    plan = WorkPlan.of(settings, store_url)
    supervisor = Supervisor(store, plan, count)
    api = Api(store, settings, plan, supervisor.wake)
    chat = ask.open_chat(settings, store)
    pager = Pager.of(settings, store, chat)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        api.stopping = asyncio.Event()
        if pager is not None:
            await run_in_threadpool(pager.start)
        supervisor.start()
        with Chores(store, settings):
            try:
                yield
            finally:
                api.stopping.set()
                await run_in_threadpool(supervisor.stop)
                if pager is not None:
                    await run_in_threadpool(pager.stop)

    app = FastAPI(
        title="vidette",
        version=version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.api = api
    app.state.supervisor = supervisor
    app.state.slack = None if pager is None else pager.desk
    app.state.metrics = Metrics(store)
    if pager is not None:
        pager.paging.deliverer.on_outcome = app.state.metrics.delivered
    app.state.chat = chat
    for router in ROUTERS:
        app.include_router(router)
    add_handlers(app)
    app.add_middleware(BodyLimit, free=(scans.UPLOAD_PATH,))
    app.add_middleware(SafeHeaders)
    _complete_openapi(app)
    return app


def _complete_openapi(app: FastAPI) -> None:
    """Tell of problems and of ``Idempotency-Key``, which no signature shows."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                license_info=app.license_info,
                routes=app.routes,
            )
            made["components"]["schemas"]["Problem"] = SCHEMA
            for path, operations in made["paths"].items():
                for method, operation in operations.items():
                    if method in ("post", "delete") and path not in UNKEYED:
                        operation.setdefault("parameters", []).append(IDEMPOTENCY)
                    if method == "post" and path.startswith("/v1/incidents/"):
                        operation["parameters"].append(IF_MATCH)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


UNKEYED = ("/v1/session", "/v1/ask")
"""What may be sent again without a key: it changes nothing that lasts."""
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of up to 255 characters; the same one gets the same answer for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the incident that was seen; 412 where it was changed since.",
    "schema": {"type": "string", "pattern": '^"[0-9a-f-]+"$'},
}
