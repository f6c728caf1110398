"""The server of the app: told to end, it ends its streams first, and so waits for no client."""

from __future__ import annotations

from types import FrameType

import uvicorn
from fastapi import FastAPI

__all__ = ["GRACE_S", "Server"]

GRACE_S = 15
"""How long requests that are being answered may still take."""


class Server(uvicorn.Server):
    """One app on one address."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=30,
        )
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Told to end: streams last as long as their clients, and would hold that up."""
        self._app.state.api.stopping.set()
        super().handle_exit(sig, frame)
