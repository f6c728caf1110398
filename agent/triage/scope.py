"""How long a note reaches: does it allow for so long an incident?"""

from __future__ import annotations

from agent.policy_rules import bad_s
from agent.triage.lengths import longest_told_s
from agent.triage.phrases import phrases
from agent.triage.signal_part import SKEWS
from pipeline.model import Incident

__all__ = ["outlasts"]

LENIENCE, SLACK_S, LEAST_SLACK_S = 1.5, 10.0, 3.0
"""What people write is about so long; what goes on much longer is something else."""


def outlasts(incident: Incident, text: str) -> bool:
    """Whether an incident goes on much longer than the longest time that a note speaks of.

    Of sound against picture it is how far they are apart that must not be much more.
    """
    told_s = longest_told_s(text)
    if told_s is None:
        return False
    if all(event.check in SKEWS for event in incident.events):
        return max(abs(event.value) for event in incident.events) > LENIENCE * told_s
    spoken = [phrases().check(event.check) for event in incident.events]
    if all(check.whole or check.point for check in spoken):
        return False
    return bad_s(incident.events) > LENIENCE * told_s + min(SLACK_S, max(LEAST_SLACK_S, told_s))
