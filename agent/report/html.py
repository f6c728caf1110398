"""The report for a person: one HTML file that needs nothing else and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.report.filmstrips import Filmstrip
from agent.report.plots import HEIGHT, WIDTH
from agent.report.view import outcome_of_all, view
from agent.report.words import duration, figure, humanize, plural, split_unit, timecode
from agent.verdict import Assessment

__all__ = ["render_html"]

TEMPLATES = Path(__file__).parent / "templates"
SCRIPT = "theme.js"


def render_html(assessments: Sequence[Assessment], filmstrips: Mapping[str, Filmstrip]) -> str:
    """A complete HTML document.

    ``filmstrips`` is by incident id. All that comes from outside is escaped, and the document's own
    policy forbids every load and every script but its own.
    """
    environment = _environment()
    inputs = [view(assessment, filmstrips, number) for number, assessment in enumerate(assessments, 1)]
    script = environment.get_template(SCRIPT).render()
    page = environment.get_template("report.html.j2").render(
        inputs=inputs,
        outcome=outcome_of_all(inputs),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        width=WIDTH,
        height=HEIGHT,
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def _environment() -> Environment:
    """Templates that escape everything and stop at an unknown name."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        base64=lambda data: base64.b64encode(data).decode(),
        duration=duration,
        figure=figure,
        humanize=humanize,
        plural=plural,
        split_unit=split_unit,
        timecode=timecode,
    )
    return environment
