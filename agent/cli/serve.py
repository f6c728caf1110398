"""``vidette serve``: the API, and the workers behind it."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import Annotated

import typer

from agent.cli.options import DbOption, TreeOption, state_of
from agent.cli.terminal import problem
from agent.logs import LogFormat, start_logging
from agent.store import Store
from pipeline.errors import UsageError

__all__ = ["serve"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
FIRST = "first"


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="And on which port.")] = 8480,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=0, max=64, help="Processes that scan. [VIDETTE_WORKERS]", show_default=False
        ),
    ] = None,
    notify: TreeOption = None,
    log_format: Annotated[
        LogFormat | None,
        typer.Option(
            "--log-format", help="Lines for people, or JSON. [VIDETTE_LOG_FORMAT]", show_default=False
        ),
    ] = None,
    db: DbOption = None,
) -> None:
    """Serve the API until stopped. The first start prints a token."""
    try:
        from agent.api.app import create_app
        from agent.api.server import Server
    except ModuleNotFoundError as exc:
        raise UsageError(f"serve needs {exc.name}: pip install 'vidette[serve]'") from exc
    settings = state_of(context).settings
    if notify is not None:
        settings = settings.model_copy(update={"notify": notify})
    if log_format is not None:
        settings = settings.model_copy(update={"log_format": log_format})
    url = db or settings.store_url
    start_logging(settings.log_format, "service")
    with Store.open(url) as store:
        secret = _first_token(store)
        if secret is not None:
            typer.echo(f"The first token, which is shown only now: {secret}")
        if port:
            typer.echo(f"The page: http://{f'[{host}]' if ':' in host else host}:{port}/")
        if host not in LOOPBACK:
            problem(f"listening on {host}: put a proxy with TLS before it, for tokens are sent as they are")
        app = create_app(settings, store, store_url=url, workers=workers)
        server = Server(app, host, port)
        # It raises the signal that ended it once more, for whoever started it: that is us.
        ended: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: ended.append(number))
        server.run()
    if ended:
        raise typer.Exit(128 + ended[0])
    if not server.started:
        raise UsageError(f"the service could not listen on {host} port {port}; is the port taken?")


def _first_token(store: Store) -> str | None:
    """A token of scope admin where there never was one."""
    from agent.store.tokens import Scope, add_token, tokens_exist

    with store.noting() as session:
        if tokens_exist(session):
            return None
        return add_token(session, FIRST, Scope.ADMIN, datetime.now(UTC))[1]
