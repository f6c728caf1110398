"""The fuzz in short; CI runs a minute of it (`make fuzz`)."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from scripts.fuzz import ALLOWED, FORBIDDEN, fuzz, web
from scripts.fuzz_inputs import PAGES, SPELLINGS, api_request, hostile_playlist, mutated


def test_nonsense_breaks_nothing(tmp_path: Path) -> None:
    found = fuzz(tmp_path, seconds=5, seed=3, say=len)
    assert found.wrong == []
    assert found.sent["api"] and found.sent["slack"]
    assert all(int(status) < 500 or status == "503" for status in found.answers)


def test_the_canary_counts_who_comes() -> None:
    with web() as held:
        socket.create_connection((ALLOWED, int(held.base.rpartition(":")[2]))).close()
        assert held.canary == []
        with socket.create_connection((FORBIDDEN, held.forbidden)) as found:
            assert found.recv(1) == b""
        assert len(held.canary) == 1


def test_the_same_seed_sends_the_same() -> None:
    first, second = random.Random(5), random.Random(5)
    assert mutated(first, bytes(5000)) == mutated(second, bytes(5000)) != bytes(5000)
    assert hostile_playlist(first, 9, "http://a") == hostile_playlist(second, 9, "http://a")


def test_playlists_point_at_the_canary_in_every_spelling() -> None:
    rng = random.Random(1)
    sent = b"\n".join(hostile_playlist(rng, 4711, "http://a") for _ in range(2000)).decode("utf-8", "replace")
    assert [spelling for spelling in SPELLINGS if spelling.format(port=4711) not in sent] == []


def test_pages_and_the_feed_are_asked_too_and_the_feed_never_waits() -> None:
    rng = random.Random(1)
    events = {"/v1/events": {"get": {"parameters": [{"name": "wait", "in": "query"}]}}}
    urls = [api_request(rng, events)["url"] for _ in range(200)]
    assert {url.partition("?")[0] for url in urls} == set(PAGES)
    assert all(url.endswith("wait=false") and url.count("wait") == 1 for url in urls if "events" in url)
