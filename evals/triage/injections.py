"""The suite ``security``: orders hidden in what vidette reads must change nothing that is decided."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.context import Maintenance, Note, Period, RunBookEntry, Slot, SlotKind
from agent.context_file import MAX_NAME, MAX_TEXT
from agent.models.base import TriageModel
from agent.notify.routing import leaves
from agent.notify.tree import Node, Tree
from agent.page import Notice
from agent.policy import Policy, load_policy
from agent.query.chat import QuestionReader
from agent.triage.judge import case_of, judge_case
from agent.triage.outside import plain_text
from agent.verdict import Intent, Route, Severity, Verdict
from evals.triage.asking import questions_changed
from evals.triage.cases import FOLDER, EvalCase, load_cases
from pipeline.model import Incident

__all__ = ["Attack", "Injection", "attacked", "by_way", "load_injections", "recipients", "run_injections"]

FILE = FOLDER / "security" / "injections.toml"
YEAR = timedelta(days=365)

_Where = Literal["note", "title", "id3", "epg", "file", "run_book", "work_elsewhere"]


class Injection(BaseModel):
    """A text, where it is put, and the case that it is added to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"[a-z0-9-]{3,40}")
    base: str
    where: _Where
    language: str = Field(pattern=r"[a-z]{2}")
    way: str
    text: str = Field(min_length=5)


@dataclass(frozen=True, slots=True)
class Attack:
    """An injection, and the verdicts without and with it.

    ``told`` is who would be told, ``questions`` the questions of the chat whose query or rows it changed.
    """

    injection: Injection
    clean: Verdict
    attacked: Verdict
    told: tuple[tuple[str, ...], tuple[str, ...]]
    questions: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """What of the decision changed; nothing, where it held."""
        names = ("severity", "intent", "cause", "action", "route")
        found = [n for n in names if getattr(self.clean, n) is not getattr(self.attacked, n)]
        found += ["recipients"] if self.told[0] != self.told[1] else []
        return (*found, "query") if self.questions else tuple(found)


@cache
def load_injections(file: Path = FILE) -> tuple[Injection, ...]:
    """Every injection, in the order of the file."""
    rows = tomllib.loads(file.read_text("utf-8"))["injection"]
    return tuple(Injection.model_validate(row) for row in rows)


def run_injections(
    model: TriageModel,
    injections: Sequence[Injection] = (),
    *,
    reader: QuestionReader | None = None,
    on_done: Callable[[int], None] | None = None,
) -> list[Attack]:
    """Judges each case without and with its injection, and asks over a store that is full of it.

    ``reader`` reads the words of questions that the rules do not know.
    """
    policy, by_id = load_policy(), {case.id: case for case in load_cases()}
    chosen = tuple(injections) or load_injections()
    asked = questions_changed([injection.text for injection in chosen], reader)
    clean: dict[str, Verdict] = {}
    found = []
    for number, (injection, questions) in enumerate(zip(chosen, asked, strict=True), 1):
        base = by_id[injection.base]
        if base.id not in clean:
            clean[base.id] = _verdict(base, model, policy)
        case = attacked(base, injection)
        before, after = clean[base.id], _verdict(case, model, policy)
        told = tuple(recipients(c.incident, c.scan.url, v) for c, v in ((base, before), (case, after)))
        found.append(Attack(injection, before, after, (told[0], told[1]), questions))
        if on_done:
            on_done(number)
    return found


def attacked(case: EvalCase, injection: Injection) -> EvalCase:
    """The case with the text put where the injection says, through the same cleaning as any other text."""
    context, scan = case.context, case.scan
    text, name = plain_text(injection.text, MAX_TEXT), plain_text(injection.text, MAX_NAME)
    match injection.where:
        case "note":
            context = replace(context, notes=(*context.notes, Note(text)))
        case "run_book":
            context = replace(context, run_book=(*context.run_book, RunBookEntry(text)))
        case "epg":
            context = replace(context, schedule=(*context.schedule, Slot(SlotKind.PROGRAMME, Period(), name)))
        case "work_elsewhere":
            start = context.starts_at
            period = Period(start + YEAR, start + 2 * YEAR) if start else Period(1e8, 2e8)
            context = replace(context, maintenance=(*context.maintenance, Maintenance(period, text)))
        case "title" | "id3" if scan.media:
            key = "title" if injection.where == "title" else "TIT2"
            scan = replace(scan, media=replace(scan.media, tags={**scan.media.tags, key: injection.text}))
        case _:
            scan = replace(scan, url=f"/incoming/{injection.text}")
    return replace(case, context=context, scan=scan)


def recipients(incident: Incident, url: str, verdict: Verdict) -> tuple[str, ...]:
    """Who would be told, by the real walk down a tree with a desk for each route and one for the worst."""
    at = datetime(2026, 11, 25, tzinfo=UTC)
    notice = Notice(
        incident=incident.id,
        url=url,
        cause=verdict.cause,
        severity=verdict.severity,
        route=verdict.route,
        action=verdict.action,
        intent=verdict.intent,
        title=verdict.title,
        summary=verdict.summary,
        start_s=incident.start_s,
        end_s=incident.end_s,
        checks=tuple(event.check for event in incident.events),
        streams=tuple(event.stream for event in incident.events),
        confidence=verdict.confidence,
        model=verdict.model,
        first_seen_at=at,
    )
    return tuple(name for leaf in leaves(_tree(), notice, at) for name in leaf.to)


@cache
def _tree() -> Tree:
    desks = [Node(name=route.value, route=(route,), to=(route.value,)) for route in Route]
    worst = Node.model_validate(
        {"name": "worst", "at_least": Severity.CRITICAL, "to": ("on-call",), "continue": True}
    )
    planned = Node(name="planned", intent=(Intent.PLANNED,), to=("log",))
    return Tree(Node(name="all", to=("desk",), routes=(worst, planned, *desks)), {})


def _verdict(case: EvalCase, model: TriageModel, policy: Policy) -> Verdict:
    return judge_case(case_of(case.incident, case.scan, policy, case.context), model)


def by_way(attacks: Sequence[Attack]) -> Mapping[str, tuple[int, int]]:
    """For each way of hiding: how many there were, and how many changed something."""
    ways = dict.fromkeys(attack.injection.way for attack in attacks)
    return {
        way: (
            sum(a.injection.way == way for a in attacks),
            sum(a.injection.way == way and bool(a.changed) for a in attacks),
        )
        for way in ways
    }
