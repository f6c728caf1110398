"""One-off work for the API, in a process of its own with limits: ``python -m agent.jobs.tool``.

Standard input has one JSON document; the answer is one on standard output. The service itself opens no media.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agent.guard import AddressPolicy, Gateway
from agent.guard.playlists import for_ffmpeg
from agent.jobs.worker import limit
from agent.report.changes import compare
from agent.report.document import coverage_document, event_document
from pipeline.decode.clip import cut_clip
from pipeline.errors import InputError, VidetteError
from pipeline.profile import load_profile
from pipeline.replay import replay
from pipeline.series.store import open_series

__all__ = ["main", "run_tool"]

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60.0


async def run_tool(memory_mb: int, name: str, **given: object) -> dict[str, Any]:
    """Have something done by a process of its own.

    Raises:
        InputError: it cannot be done; the message says why.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "agent.jobs.tool",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    asked = json.dumps({"memory_mb": memory_mb, "name": name, **given}).encode()
    try:
        told, _ = await asyncio.wait_for(process.communicate(asked), TIMEOUT_S)
    except TimeoutError as exc:
        raise InputError(f"it took longer than {TIMEOUT_S:g} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not told:
        raise InputError(f"the process that did it died (status {process.returncode})")
    answer: dict[str, Any] = json.loads(told)
    if "error" in answer:
        raise InputError(str(answer["error"]))
    return answer


def main() -> int:
    """Do what standard input says."""
    asked = json.loads(sys.stdin.read())
    limit(asked.pop("memory_mb"))
    work = WORK[asked.pop("name")]
    try:
        answer = work(**asked)
    except VidetteError as exc:
        answer = {"error": str(exc)}
    json.dump(answer, sys.stdout)
    return 0


def _clip(
    url: str, start_s: float, end_s: float, target: str, remote: bool, allow_networks: list[str]
) -> dict[str, Any]:
    with ExitStack() as stack:
        if remote:
            gateway = stack.enter_context(Gateway(AddressPolicy.allowing(allow_networks)))
            stack.enter_context(gateway.guarding())
        path = cut_clip(for_ffmpeg(url) if remote else url, start_s, end_s, Path(target))
    return {"path": str(path)}


def _replay(series: str, profile: str) -> dict[str, Any]:
    folder = Path(series)
    kept = open_series(folder)
    wanted, reference = load_profile(profile), load_profile(kept.profile)
    result = replay(folder, wanted)
    changes = compare(replay(folder, reference).events, result.events)
    return {
        "profile": wanted.name,
        "against": reference.name,
        "changes": {
            "gained": [event_document(event) for event in changes.gained],
            "lost": [event_document(event) for event in changes.lost],
            "moved": [
                {"before": event_document(old), "after": event_document(new)} for old, new in changes.moved
            ],
            "unchanged": changes.unchanged,
        },
        "events": [event_document(event) for event in result.events],
        "coverage": [coverage_document(item) for item in result.coverage],
    }


WORK: Mapping[str, Callable[..., dict[str, Any]]] = {"clip": _clip, "replay": _replay}


if __name__ == "__main__":
    sys.exit(main())
