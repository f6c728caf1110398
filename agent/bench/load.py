"""Load on a service, in a process of its own: ``python -m agent.bench.load``, told what on standard input.

Requests begin at their times whether those before are answered or not, so a service that falls behind
shows it: each is measured from the time at which it was to begin.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from agent.bench.filled import assessed
from agent.store import Store

__all__ = ["main", "percentile"]

PAGES = (
    "/v1/incidents",
    "/v1/incidents?limit=20&severity=critical",
    "/v1/incidents?limit=20&status=open&sort=first_seen",
    "/v1/incidents?limit=20&check=freeze",
    "/v1/incidents?limit=20&cause=audio_loss&order=asc",
    "/v1/incidents?limit=20&sort=severity",
    "/v1/incidents?limit=20&since=2026-11-20T00:00:00Z",
    "/v1/incidents?limit=20&input=channel-07",
    "/v1/incidents?limit=20&label=channel:07",
)
"""A third of the requests ask for one of these, a third go on by a cursor, a third ask for one incident."""


@dataclass(slots=True)
class _Reads:
    client: httpx.AsyncClient
    rng: random.Random
    ids: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    took_s: list[tuple[str, float]] = field(default_factory=list)
    failed: int = 0

    def path(self) -> tuple[str, str]:
        kind = self.rng.choice(("page", "cursor", "one"))
        if kind == "one" and self.ids:
            return kind, f"/v1/incidents/{self.rng.choice(self.ids)}"
        if kind == "cursor" and self.cursors:
            return kind, self.rng.choice(self.cursors)
        page = self.rng.choice(PAGES)
        return page, page

    async def one(self, due: float) -> None:
        kind, path = self.path()
        try:
            answer = await self.client.get(path)
            self.failed += answer.status_code != 200
            found = answer.json()
        except (httpx.HTTPError, ValueError):
            self.failed += 1
            return
        self.took_s.append((kind, time.perf_counter() - due))
        self.ids += [line["id"] for line in found.get("incidents", ())][:3]
        if kind in PAGES and found.get("next"):
            glue = "&" if "?" in path else "?"
            self.cursors.append(f"{path}{glue}cursor={found['next']}")


async def _read(base: str, token: str, rate: float, seconds: float) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60, limits=limits) as client:
        reads = _Reads(client, random.Random(1))  # noqa: S311
        for _ in range(20):
            await reads.one(time.perf_counter())
        reads.took_s.clear()
        began, count = time.perf_counter(), round(rate * seconds)
        tasks = []
        for number in range(count):
            due = began + number / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            tasks.append(asyncio.create_task(reads.one(due)))
        await asyncio.gather(*tasks)
        kinds = {kind: [s for name, s in reads.took_s if name == kind] for kind, _ in reads.took_s}
        return {
            "wall_s": time.perf_counter() - began,
            "failed": reads.failed,
            "took_s": [s for _, s in reads.took_s],
            "slowest": {kind: percentile(found, 95) for kind, found in kinds.items()},
        }


def _accept(db: str, rate: float, seconds: float) -> dict[str, Any]:
    """Store scans with an incident each, as workers do, one transaction after the other."""
    rng, took_s = random.Random(2), []  # noqa: S311
    with Store.open(db) as store:
        began = time.perf_counter()
        for number in range(round(rate * seconds)):
            due = began + number / rate
            time.sleep(max(due - time.perf_counter(), 0))
            made = assessed(f"https://new.example.com/{time.time_ns()}.ts", rng)
            store.save(made, "default", datetime.now(UTC), first=True)
            took_s.append(time.perf_counter() - due)
    return {"wall_s": time.perf_counter() - began, "failed": 0, "took_s": took_s, "slowest": {}}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent are not above; nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def main() -> int:
    """Do what standard input says: ``reads`` or ``accept``."""
    asked = json.loads(sys.stdin.read())
    reads = asked.pop("kind") == "reads"
    found = asyncio.run(_read(**asked)) if reads else _accept(**asked)
    json.dump({**found, "cpu_s": time.process_time()}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
