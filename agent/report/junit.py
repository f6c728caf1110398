"""The report for a CI job: JUnit XML, one suite an input, one case for each check on each stream."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from agent.report.words import timecode
from agent.verdict import Assessment, Severity, Verdict
from pipeline.model import Coverage, CoverageStatus, Incident, ScanStatus

__all__ = ["render_junit"]

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped (section 2.2, Char)."""

KINDS = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error"}
"""Counter of a suite -> what it counts."""


def render_junit(assessments: Sequence[Assessment], fail_on: Severity) -> str:
    """A JUnit document.

    A case fails where an incident at or above ``fail_on`` has an event of its check and stream; an
    incident below it is told in ``system-out``. A check that could not look is skipped, with the
    reason. An input that could not be assessed is one case with an error.
    """
    root = ET.Element("testsuites", name="vidette")
    for assessment in assessments:
        root.append(_suite(assessment, fail_on))
    for counter in (*KINDS, "skipped"):
        root.set(counter, str(sum(int(suite.get(counter, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(assessment: Assessment, fail_on: Severity) -> ET.Element:
    scan = assessment.scan
    suite = ET.Element("testsuite", name=_text(scan.url))
    if scan.status is ScanStatus.NOT_ASSESSABLE:
        reason = scan.error or "the input could not be assessed"
        case = _case(suite, scan.url, "input")
        _note(case, "error", "not_assessable", reason, reason)
    else:
        _fill(suite, assessment, fail_on)
    for counter, path in KINDS.items():
        suite.set(counter, str(len(suite.findall(path))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    timing = scan.timing
    suite.set("time", f"{timing.wall_s + timing.triage_s if timing else 0.0:.3f}")
    return suite


def _fill(suite: ET.Element, assessment: Assessment, fail_on: Severity) -> None:
    """One case for each check and stream, and one for an end that was not reached."""
    scan = assessment.scan
    for (check, stream), rows in _cases(assessment).items():
        case = _case(suite, scan.url, f"{check} {stream}")
        hits = [incident for incident in scan.incidents if _touches(incident, check, stream)]
        bad = [incident for incident in hits if _fails(assessment.verdicts.get(incident.id), fail_on)]
        for incident in bad:
            verdict = assessment.verdicts.get(incident.id)
            kind = verdict.severity if verdict else "not judged"
            _note(case, "failure", kind, _headline(incident, verdict), _story(incident, verdict))
        blind = [
            row.reason or "not assessable" for row in rows if row.status is CoverageStatus.NOT_ASSESSABLE
        ]
        if blind and not hits:
            _note(case, "skipped", None, "; ".join(dict.fromkeys(blind)))
        mild = [incident for incident in hits if incident not in bad]
        if mild:
            told = "\n\n".join(_story(incident, assessment.verdicts.get(incident.id)) for incident in mild)
            ET.SubElement(case, "system-out").text = _text(told)
    if scan.interrupted:
        case = _case(suite, scan.url, "covered to the end")
        _note(case, "skipped", None, f"interrupted: covered up to {timecode(scan.covered_s)}")


def _cases(assessment: Assessment) -> dict[tuple[str, str], list[Coverage]]:
    """Check and stream -> its rows of coverage; events without a row get one all the same."""
    cases: dict[tuple[str, str], list[Coverage]] = {}
    for row in assessment.scan.coverage:
        cases.setdefault((row.check, row.stream), []).append(row)
    for incident in assessment.scan.incidents:
        for event in incident.events:
            if (event.check, event.stream) not in cases and (event.check, "*") not in cases:
                cases[event.check, event.stream] = []
    return cases


def _touches(incident: Incident, check: str, stream: str) -> bool:
    return any(event.check == check and stream in (event.stream, "*") for event in incident.events)


def _fails(verdict: Verdict | None, fail_on: Severity) -> bool:
    """An incident that nobody judged fails: silence is not health."""
    return verdict is None or verdict.severity.rank >= fail_on.rank


def _headline(incident: Incident, verdict: Verdict | None) -> str:
    if verdict is None:
        return f"{incident.cause} at {timecode(incident.start_s)} (not judged)"
    return f"{verdict.severity}: {verdict.title}"


def _story(incident: Incident, verdict: Verdict | None) -> str:
    """An incident in a few lines of plain text."""
    lines = [
        _headline(incident, verdict),
        f"{timecode(incident.start_s)} to {timecode(incident.end_s)}, cause: {incident.cause}",
    ]
    if verdict is not None:
        lines += [
            verdict.summary,
            f"intent: {verdict.intent}, action: {verdict.action}, route: {verdict.route}",
        ]
    lines += [
        f"- {event.check} {event.stream}: {timecode(event.start_s)} to {timecode(event.end_s)}, "
        f"{event.value:.6g} {event.unit}, confidence {event.confidence:.2f}"
        for event in incident.events
    ]
    return "\n".join([*lines, f"incident {incident.id}"])


def _case(suite: ET.Element, url: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_text(url), name=_text(name))


def _note(case: ET.Element, tag: str, kind: str | None, message: str, text: str = "") -> None:
    note = ET.SubElement(case, tag, message=_text(message))
    if kind is not None:
        note.set("type", kind)
    note.text = _text(text) or None


def _text(text: str) -> str:
    """``text`` with what XML 1.0 cannot hold replaced."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
