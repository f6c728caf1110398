"""Load on a service, in a process of its own: ``python -m agent.bench.load``, told what on standard input.

Requests begin at their times whether those before are answered or not, so a service that falls behind
shows it: each is measured from the time at which it was to begin.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from agent.bench.filled import assessed
from agent.bench.wire import Wire
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

LISTED, NEXT = re.compile(rb'\{"id":"([0-9a-f]{16})"'), re.compile(rb'"next":"([^"]+)"\}$')
MOST_KNOWN = 2000
AT_ONCE = 16
"""So many clients ask one question after the other where no rate is given."""


@dataclass(slots=True)
class _Reads:
    """What is asked for, and how long it took.

    Bodies are searched, not parsed: the cores are the service's.
    """

    wire: Wire
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
            status, body = await self.wire.get(path)
        except OSError:
            self.failed += 1
            return
        self.took_s.append((kind, time.perf_counter() - due))
        self.failed += status != 200
        if kind in PAGES and len(self.cursors) < MOST_KNOWN:
            self.ids += [found.decode() for found in islice(LISTED.findall(body), 3)]
            after = NEXT.search(body)
            if after is not None:
                self.cursors.append(f"{path}{'&' if '?' in path else '?'}cursor={after[1].decode()}")


async def _read(base: str, token: str, rate: float, seconds: float) -> dict[str, Any]:
    """``rate`` reads a second; as many as are answered where it is 0, by ``AT_ONCE`` clients."""
    async with Wire.to(base, token) as wire:
        reads = _Reads(wire, random.Random(1))  # noqa: S311
        for _ in range(20):
            await reads.one(time.perf_counter())
        reads.took_s.clear()
        began = time.perf_counter()
        await (_paced(reads, rate, seconds) if rate else _unpaced(reads, seconds))
        kinds = {kind: [s for name, s in reads.took_s if name == kind] for kind, _ in reads.took_s}
        return {
            "wall_s": time.perf_counter() - began,
            "failed": reads.failed,
            "took_s": [s for _, s in reads.took_s],
            "slowest": {kind: percentile(found, 95) for kind, found in kinds.items()},
        }


async def _paced(reads: _Reads, rate: float, seconds: float) -> None:
    began = time.perf_counter()
    tasks = []
    for number in range(round(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(reads.one(due)))
    await asyncio.gather(*tasks)


async def _unpaced(reads: _Reads, seconds: float) -> None:
    ends = time.perf_counter() + seconds

    async def client() -> None:
        while (now := time.perf_counter()) < ends:
            await reads.one(now)

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


def _accept(db: str, rate: float, seconds: float) -> dict[str, Any]:
    """Store scans with an incident each, as workers do, one transaction after the other.

    ``rate`` a second; as many as can be where it is 0.
    """
    rng = random.Random(2)  # noqa: S311
    took_s: list[float] = []
    with Store.open(db) as store:
        began, cpu_s = time.perf_counter(), time.process_time()
        while (now := time.perf_counter()) < began + seconds and (not rate or len(took_s) < rate * seconds):
            due = began + len(took_s) / rate if rate else now
            time.sleep(max(due - now, 0))
            made = assessed(f"https://new.example.com/{time.time_ns()}.ts", rng)
            store.save(made, "default", datetime.now(UTC), first=True)
            took_s.append(time.perf_counter() - due)
        cpu_s = time.process_time() - cpu_s
    wall_s = time.perf_counter() - began
    return {"wall_s": wall_s, "cpu_s": cpu_s, "failed": 0, "took_s": took_s, "slowest": {}}


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent are not above; nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def main() -> int:
    """Do what standard input says: ``reads`` or ``accept``."""
    asked = json.loads(sys.stdin.read())
    reads = asked.pop("kind") == "reads"
    found = asyncio.run(_read(**asked)) if reads else _accept(**asked)
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
