"""A store with very many incidents, made once by bulk insert and kept in the user's cache."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import platformdirs
from sqlalchemy import insert

from agent.about import version
from agent.store import Store
from agent.store.rows import event_values, incident_values, scan_values, verdict_values
from agent.store.tables import EventRow, IncidentRow, InputRow, ScanRow, VerdictRow
from agent.verdict import Action, Assessment, Intent, Route, Severity, Verdict
from pipeline.model import (
    Cause,
    DefectEvent,
    EventState,
    Incident,
    MediaInfo,
    ScanResult,
    ScanStatus,
    StreamInfo,
    fingerprint,
)

__all__ = ["assessed", "filled_store"]

INCIDENTS_AN_INPUT = 20
INPUTS_AT_ONCE = 250
NEWEST = datetime(2026, 11, 26, tzinfo=UTC)
OVER = timedelta(days=90)
CHECKS = (("black", Cause.PICTURE_LOSS), ("freeze", Cause.ENCODER_FREEZE), ("silence", Cause.AUDIO_LOSS))
STATUSES = ("open", "open", "acknowledged", "resolved")


def filled_store(incidents: int) -> Path:
    """The path of a SQLite store with so many incidents, each with an event and a verdict."""
    path = Path(platformdirs.user_cache_dir("vidette")) / "bench" / f"filled-{incidents}-1.db"
    part = path.with_suffix(".part")
    if not path.exists():
        part.unlink(missing_ok=True)
        with Store.open(str(part)) as store:
            for rows in _batches(incidents):
                with store.noting() as session:
                    for table, values in rows.items():
                        session.execute(insert(table), values)
        # What is still in the log goes into the file, so that the file is all there is.
        with closing(sqlite3.connect(part)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
        part.rename(path)
    return path


def assessed(url: str, rng: random.Random, count: int = 1) -> Assessment:
    """A scan of ten minutes that found ``count`` incidents."""
    found, verdicts = [], {}
    for number in range(count):
        check, cause = rng.choice(CHECKS)
        start_s = 30.0 * number + round(rng.random() * 10, 2)
        event = DefectEvent(
            id=fingerprint(url, check, str(number)),
            check=check,
            stream="a:0" if check == "silence" else "v:0",
            start_s=start_s,
            end_s=start_s + 3.04,
            state=EventState.RESOLVED,
            value=0.999,
            unit="share",
            confidence=0.97,
            evidence={"kind": "plain", "p10": 0.4},
        )
        incident = Incident(
            id=fingerprint(url, str(number)),
            input=url,
            cause=cause,
            events=(event,),
            start_s=event.start_s,
            end_s=event.end_s,
            state=event.state,
            reasons=("99.9 % of it is gone", "nothing else was"),
            next_likely="signal_loss, if all had been gone",
        )
        found.append(incident)
        verdicts[incident.id] = _verdict(rng, incident)
    media = MediaInfo("mpegts", 600.0, (StreamInfo("v:0", "h264", 1920, 1080, 25.0, "yuv420p"),), {})
    events = tuple(event for incident in found for event in incident.events)
    scan = ScanResult(url, ScanStatus.OK, media=media, events=events, incidents=tuple(found), covered_s=600.0)
    return Assessment(scan, verdicts)


def _verdict(rng: random.Random, incident: Incident) -> Verdict:
    return Verdict(
        severity=rng.choice(tuple(Severity)),
        intent=Intent.FAULT,
        cause=incident.cause,
        action=rng.choice(tuple(Action)),
        route=rng.choice(tuple(Route)),
        title=f"{incident.events[0].check} for 3.04 s",
        summary=f"It lasted from {incident.start_s:.3f} s to {incident.end_s or 0:.3f} s.",
        confidence=0.9,
        model="rules",
        prompt="none",
        facts=("start_s", "end_s"),
    )


def _batches(incidents: int) -> Iterator[dict[Any, list[dict[str, Any]]]]:
    """Rows by their tables, some hundred inputs at once."""
    rng = random.Random(1)  # noqa: S311
    whole, rest = divmod(incidents, INCIDENTS_AN_INPUT)
    numbered = enumerate([INCIDENTS_AN_INPUT] * whole + ([rest] if rest else []), 1)
    while some := list(islice(numbered, INPUTS_AT_ONCE)):
        rows: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (InputRow, ScanRow, IncidentRow, EventRow, VerdictRow)
        }
        for number, count in some:
            _add_rows(rows, number, count, rng)
        yield rows


def _add_rows(rows: dict[Any, list[dict[str, Any]]], number: int, count: int, rng: random.Random) -> None:
    url = f"https://media.example.com/channel-{number % 40:02d}/{number:06d}.ts"
    made, at = assessed(url, rng, count), NEWEST - rng.random() * OVER
    seen = {"first_seen_at": at, "last_seen_at": at}
    input_id = fingerprint(url)
    scan = {"id": number, "input_id": input_id, "profile": "default", "version": version(), "started_at": at}
    rows[InputRow].append({"id": input_id, "identity": url, "url": url, **seen})
    rows[ScanRow].append({**scan, "saved_at": at, **scan_values(made.scan)})
    for incident in made.scan.incidents:
        verdict, mine = made.verdicts[incident.id], {"incident_id": incident.id, "scan_id": number}
        rows[IncidentRow].append(
            {
                "id": incident.id,
                "input_id": input_id,
                "first_scan_id": number,
                "last_scan_id": number,
                "severity": verdict.severity.value,
                "severity_rank": verdict.severity.rank,
                "status": rng.choice(STATUSES),
                "labels": {"channel": f"{number % 40:02d}"},
                **seen,
                **incident_values(incident),
            }
        )
        rows[EventRow] += [{**mine, "id": event.id, **event_values(event)} for event in incident.events]
        rows[VerdictRow].append({**mine, "judged_at": at, **verdict_values(verdict)})
