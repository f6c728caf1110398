"""How long an incident's page takes in a real Chromium, from asking for it to its being complete."""

from __future__ import annotations

import math
import shutil
from importlib.util import find_spec
from io import BytesIO

import numpy as np
from PIL import Image

from agent.store import Store
from agent.store.evidence import StoredStill, keep_signals, keep_stills
from agent.store.listing import IncidentQuery, incident_page

__all__ = ["browser_path", "dressed", "page_loads"]

LABELS = ("before", "onset", "middle", "end", "after")
COLUMNS = ("luma_mean", "dark_share", "moved_share")
POINTS = 400
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser_path() -> str | None:
    """Where a Chromium is; None where there is none, or no Playwright to drive it (extra ``dev``)."""
    if find_spec("playwright") is None:
        return None
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def dressed(store: Store) -> str:
    """The id of the newest incident, which is given all that a page shows: a filmstrip, and three signals."""
    with store.reading() as session:
        incident_id = incident_page(session, IncidentQuery(limit=1)).rows[0].id
    noise = np.random.default_rng(1)
    stills = []
    for number, label in enumerate(LABELS):
        pixels = noise.integers(0, 256, (18, 32, 3), np.uint8)
        jpeg = BytesIO()
        Image.fromarray(pixels).resize((320, 180)).save(jpeg, "JPEG", quality=80)
        stills.append(StoredStill(label, "v:0", 10.0 + number, 320, 180, jpeg.getvalue()))
    signals = [_signal(column) for column in COLUMNS]
    with store.noting() as session:
        keep_stills(session, incident_id, stills)
        keep_signals(session, incident_id, signals)
    return incident_id


def _signal(column: str) -> dict[str, object]:
    values = [0.5 + 0.4 * math.sin(n / 20) for n in range(POINTS)]
    return {
        "stream": "v:0",
        "column": column,
        "unit": "share",
        "time_s": [n / 20 for n in range(POINTS)],
        "low": [value - 0.05 for value in values],
        "high": [value + 0.05 for value in values],
        "thresholds": [{"check": "black", "level": 0.8, "bad": "above"}],
    }


def page_loads(program: str, url: str, token: str, times: int) -> list[float]:
    """Seconds from the request to the end of the load event, each in a context of its own: with no cache."""
    from playwright.sync_api import sync_playwright

    took_s = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(times):
            context = browser.new_context(
                viewport={"width": 1280, "height": 900},
                extra_http_headers={"Authorization": f"Bearer {token}"},
            )
            page = context.new_page()
            page.goto(url, wait_until="load")
            page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
            ms = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            took_s.append(float(ms) / 1000)
            context.close()
        browser.close()
    return took_s
