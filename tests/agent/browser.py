"""The service on a port of its own, and a real Chromium that looks at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI

from agent.store import Store
from tests.needs import needs, needs_program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["Site", "accessible", "chromium", "serving", "sign_in"]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True, slots=True)
class Site:
    """The running service: where it is, its store, and a token for it."""

    url: str
    store: Store
    token: str
    app: FastAPI


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the app, which listens until the block ends."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the service did not start"
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.api.stopping.set()
        server.should_exit = True
        thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The distribution's browser, driven by Playwright."""
    needs("playwright")
    program = needs_program("chromium", "chromium-browser", "google-chrome")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


def sign_in(page: Page, site: Site, path: str = "/") -> None:
    """Through the door, as a person would."""
    page.goto(f"{site.url}{path}")
    page.get_by_label("Token").fill(site.token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}{path}")


def accessible(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is shown now."""
    needs("axe_playwright_python")
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS
    )
    return [
        f"{item['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for item in found["violations"]
        for node in item["nodes"][:3]
    ]
