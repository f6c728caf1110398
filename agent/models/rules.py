"""The policy's words: no model, nothing to load, always there."""

from __future__ import annotations

from dataclasses import dataclass

from agent.models.base import Draft, Opinion
from agent.triage.facts import Facts
from agent.triage.words import template_summary, template_title
from agent.verdict import Case, Source

__all__ = ["Rules", "template_draft"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Says what the policy says, in the words of the template."""

    note: str = ""
    name: str = "rules"
    prompt: str = ""

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """The policy's decision; it has no doubt, and nothing to repair."""
        return Opinion(template_draft(case, facts), 1.0, Source.TEMPLATE)


def template_draft(case: Case, facts: Facts) -> Draft:
    """The policy's decision and the template's words, as a draft."""
    return Draft(
        severity=case.floor,
        intent=case.intent,
        cause=case.incident.cause,
        action=case.action,
        route=case.route,
        title=template_title(case, facts),
        summary=template_summary(case, facts),
    )
