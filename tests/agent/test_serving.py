"""The whole service, as it is served: an upload goes in, and everything about its incident comes out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import httpx
import pytest
import uvicorn

from agent.api.app import create_app
from agent.settings import Settings
from agent.store import Store
from tests.agent.api import token
from tests.clips import black, moving, programme, write_clip

PATIENCE_S = 240.0


@contextmanager
def served(folder: Path) -> Iterator[httpx.Client]:
    """A client of a service with one worker, on a port of its own."""
    db = str(folder / "vidette.db")
    with Store.open(db) as store:
        chosen = Settings(data_dir=folder, triage="rules")  # type: ignore[arg-type]
        app = create_app(chosen, store, store_url=db, workers=1)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.02)
            port = server.servers[0].sockets[0].getsockname()[1]
            headers = {"Authorization": f"Bearer {token(store)}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def clip(clip_folder: Path) -> Path:
    """Seven seconds, black from 2 s to 5 s, with sound that goes on."""
    pictures = chain(moving(50), black(75), moving(50, first=125))
    return write_clip(clip_folder / "served.mp4", pictures=pictures, sound=programme(7.0))


def test_an_upload_from_end_to_end(tmp_path: Path, clip: Path) -> None:
    with served(tmp_path) as client:
        with client.stream("GET", "/v1/events", timeout=PATIENCE_S) as feed:
            lines = feed.iter_lines()
            data = clip.read_bytes()
            asked = client.post("/v1/scans/upload", params={"name": "news.mp4"}, content=data)
            assert asked.status_code == 202
            kinds = _until(lines, "scan.done")
        assert [kind for kind in kinds if kind != "progress"] == [
            "scan.queued",
            "scan.started",
            "incident.opened",
            "scan.done",
        ]
        scan = client.get(asked.headers["location"]).json()
        assert (scan["status"], scan["progress"]["frames"]) == ("ok", 175)
        (line,) = scan["result"]["incidents"]
        found = client.get(f"/v1/incidents/{line['id']}").json()
        assert (found["url"], found["start_s"], found["end_s"]) == ("news.mp4", 2.0, 5.0)
        assert [still["label"] for still in found["stills"]] == ["before", "onset", "middle", "end", "after"]
        _look_at_the_clip(client, found["links"]["clip"], tmp_path)
        replayed = client.post(f"{asked.headers['location']}/replay", json={"profile": "ebu-r128"}).json()
        assert (replayed["against"], replayed["changes"]["unchanged"]) == ("default", 1)
        wrong = client.post(f"{asked.headers['location']}/replay", json={"profile": "no-such"})
        assert (wrong.status_code, "no-such" in wrong.json()["detail"]) == (422, True)
        (tmp_path / "clips").joinpath(f"{line['id']}.mp4").unlink()
        next((tmp_path / "uploads").iterdir()).unlink()
        assert client.get(found["links"]["clip"]).status_code == 409


def _until(lines: Iterator[str], last: str) -> list[str]:
    """The kinds of the events up to one."""
    kinds = []
    for line in lines:
        if line.startswith("event: "):
            kinds.append(line.removeprefix("event: "))
        if line.startswith("data: "):
            json.loads(line.removeprefix("data: "))
            if kinds[-1] == last:
                break
    return kinds


def _look_at_the_clip(client: httpx.Client, href: str, folder: Path) -> None:
    import av

    answer = client.get(href)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    path = folder / "clip.mp4"
    path.write_bytes(answer.content)
    with av.open(str(path)) as container:
        times = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
        assert len(container.streams.audio) == 1
    assert times[0] == 0.0
    assert len(times) == 175
    part = client.get(href, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
