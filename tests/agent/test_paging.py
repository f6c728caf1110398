"""Pages from a stored change to a notifier: each told at least once, each to its last state, none doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.notify.deliver import MOST_ATTEMPTS, backoff_s
from agent.notify.errors import Rejected, Retryable
from agent.page import Kind, PageState, Receipt
from agent.paging import Paging
from agent.store import Store, StoreError
from agent.store.evidence import StoredStill, keep_stills
from agent.store.life import FeedbackKind, acknowledge, give_feedback, mute, resolve
from agent.store.prune import prune
from agent.verdict import Severity
from tests.agent.notify.notices import tree_of
from tests.agent.page_desk import SECOND, Desk
from tests.agent.stored import assessment, incident, verdict

SIMPLE = '[route]\nto = ["desk"]\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "vidette.db")) as opened:
        yield opened


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tree_of(tmp_path, SIMPLE))


@pytest.fixture
def each(any_store: Store, tmp_path: Path) -> Desk:
    """On SQLite and on PostgreSQL: for what hangs on locks and transactions."""
    return Desk(any_store, tree_of(tmp_path, SIMPLE))


def test_from_the_first_page_to_the_last_edit(each: Desk) -> None:
    scan_id = each.found(severity=Severity.MAJOR)
    each.paging.deliver()
    each.store.judge(scan_id, {"a": verdict(model="guidance_local", title="The model's title")})
    each.paging.deliver()
    with each.store.writing() as session:
        acknowledge(session, "a", "Ada", each.clock.now)
    each.paging.deliver()
    with each.store.writing() as session:
        resolve(session, "a", "Ada", each.clock.now)
    each.paging.deliver()
    told = each["desk"].told
    assert each["desk"].kinds == [Kind.OPEN, Kind.UPDATE, Kind.UPDATE, Kind.OVER]
    assert [message.notices[0].model for message in told] == ["rules", *["guidance_local"] * 3]
    assert [message.notices[0].severity for message in told[:2]] == [Severity.MAJOR, Severity.CRITICAL]
    assert [message.notices[0].by for message in told] == ["", "", "Ada", "Ada"]
    assert len({message.key for message in told}) == 1
    assert len({message.id for message in told}) == 4
    assert [dict(message.memory) for message in told] == [{}, *[{"ts": "1"}] * 3]
    assert told[1].told["a"]["severity"] == "major"


def test_the_first_page_is_out_within_a_second(desk: Desk) -> None:
    arrived, stop = threading.Event(), threading.Event()
    desk["desk"].during = arrived.set
    paging = replace_clock(desk)
    loop = threading.Thread(target=paging.run, args=(stop,))
    loop.start()
    try:
        desk.found()
        began = time.perf_counter()
        assert arrived.wait(10)
        assert time.perf_counter() - began < 1.0
    finally:
        stop.set()
        loop.join()


def replace_clock(desk: Desk) -> Paging:
    paging = desk.another()
    paging.clock = paging.deliverer.clock = lambda: datetime.now(UTC) + 2 * SECOND
    return paging


def test_changes_that_come_together_are_one_edit(desk: Desk) -> None:
    scan_id = desk.found(severity=Severity.MINOR)
    desk.paging.deliver()
    desk.store.judge(scan_id, {"a": verdict(severity=Severity.MAJOR)})
    desk.store.judge(scan_id, {"a": verdict(severity=Severity.CRITICAL)})
    desk.paging.deliver()
    assert [m.notices[0].severity for m in desk["desk"].told] == [Severity.MINOR, Severity.CRITICAL]


def test_what_did_not_happen_is_not_told(desk: Desk) -> None:
    desk.found()
    desk.paging.deliver()
    with pytest.raises(StoreError, match="undone"), desk.store.writing() as session:
        resolve(session, "a", "Ada", desk.clock.now)
        raise StoreError("undone")
    assert desk.paging.deliver() == 0


def test_making_pages_is_all_or_nothing(each: Desk) -> None:
    each.found()
    with pytest.raises(StoreError, match="killed"), each.paging.outbox.routing() as half:
        assert half is not None and len(half.changes) == 1
        raise StoreError("killed")
    assert each.paging.route() == 1
    assert each.paging.route() == 0
    assert len(each.paging.outbox.pages()) == 1


def test_history_is_no_news(store: Store, tmp_path: Path) -> None:
    store.save(assessment(incident("old")), "default", datetime.now(UTC))
    desk = Desk(store, tree_of(tmp_path, SIMPLE))
    desk.found("new")
    desk.paging.deliver()
    assert [m.notices[0].incident for m in desk["desk"].told] == ["new"]


def test_what_was_not_routed_for_a_day_opens_nothing(desk: Desk) -> None:
    desk.found()
    desk.clock.move(86400 * 2)
    desk.paging.deliver()
    assert desk["desk"].told == []


def test_a_failure_is_tried_again_with_growing_waits_and_honours_patience(desk: Desk) -> None:
    desk.found()
    desk["desk"].fails = [Retryable("away"), Retryable("busy", after_s=100)]
    desk.paging.deliver()
    (page,) = desk.paging.outbox.pages([PageState.WAITING])
    assert (page.attempts, page.error) == (1, "away")
    assert page.due_at is not None and timedelta(seconds=0.5) <= page.due_at - desk.clock.now <= SECOND
    desk.clock.move(1)
    desk.paging.deliver()
    (page,) = desk.paging.outbox.pages([PageState.WAITING])
    assert page.due_at == desk.clock.now + timedelta(seconds=100)
    desk.found("b")
    assert desk.paging.deliver() == 0, "the destination asked for patience"
    desk.clock.move(100)
    desk.paging.deliver()
    assert {m.notices[0].incident: m.again for m in desk["desk"].told} == {"a": True, "b": False}


def test_waits_grow_are_drawn_and_end() -> None:
    rng = random.Random(1)
    waits = [backoff_s(attempts, rng) for attempts in range(1, MOST_ATTEMPTS + 1)]
    for attempts, wait_s in enumerate(waits, 1):
        assert min(2 ** (attempts - 1), 7200) / 2 <= wait_s <= min(2 ** (attempts - 1), 7200)
    assert len({backoff_s(5, rng) for _ in range(20)}) > 1


def test_what_is_refused_is_a_dead_letter_and_can_be_replayed(each: Desk) -> None:
    each.found()
    each["desk"].fails = [Rejected("channel_not_found")]
    each.paging.deliver()
    (dead,) = each.paging.outbox.pages([PageState.DEAD])
    assert dead.error == "channel_not_found"
    each.clock.move(86400)
    assert each.paging.deliver() == 0
    assert each.paging.outbox.replay(["nonsense"], each.clock.now) == []
    assert each.paging.outbox.replay([dead.key], each.clock.now) == [dead.key]
    each.paging.deliver()
    assert each["desk"].kinds == [Kind.OPEN]


def test_who_is_away_for_too_long_is_given_up(desk: Desk) -> None:
    desk.found()
    desk["desk"].fails = [Retryable("away") for _ in range(MOST_ATTEMPTS)]
    for _ in range(MOST_ATTEMPTS):
        desk.paging.deliver()
        desk.clock.move(7200)
    (dead,) = desk.paging.outbox.pages([PageState.DEAD])
    assert dead.error == f"away; {MOST_ATTEMPTS} attempts"


def test_a_fault_of_ours_costs_one_attempt_and_tells_no_secret(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.found()
    desk["desk"].fails = [KeyError("xoxb-secret")]
    desk.paging.deliver()
    desk.clock.move(2)
    desk.paging.deliver()
    assert desk["desk"].kinds == [Kind.OPEN]
    assert "KeyError" in caplog.text and "xoxb-secret" not in caplog.text


def test_a_slow_destination_delays_no_other(store: Store, tmp_path: Path) -> None:
    desk = Desk(store, tree_of(tmp_path, '[route]\nto = ["desk", "mail"]\n'))
    free, mailed = threading.Event(), threading.Event()
    desk["desk"].during = lambda: None if free.wait(10) else pytest.fail("never set free")
    desk["mail"].during = mailed.set
    desk.found()
    desk.paging.route()
    desk.paging.deliverer.start()
    assert mailed.wait(10)
    assert desk["desk"].told == []
    desk.found("b")
    desk.paging.route()
    desk.paging.deliverer.start()
    free.set()
    desk.paging.deliverer.finish()
    desk.paging.deliver()
    assert len(desk["desk"].told) == len(desk["mail"].told) == 2


def test_two_that_deliver_send_nothing_twice(each: Desk) -> None:
    for n in range(12):
        each.found(f"i{n}")
    each.paging.route()
    both = [each.another() for _ in range(2)]
    loops = [threading.Thread(target=paging.deliverer.drain) for paging in both]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    keys = [message.id for message in each["desk"].told]
    assert len(keys) == len(set(keys)) == len(each.paging.outbox.pages([PageState.TOLD]))


def test_a_page_whose_sender_died_is_sent_again_under_the_same_id(any_store: Store, tmp_path: Path) -> None:
    desk = Desk(any_store, tree_of(tmp_path, SIMPLE))
    desk.found()
    desk.paging.route()
    program = textwrap.dedent("""
        import os, signal, sys
        from datetime import UTC, datetime, timedelta
        from pathlib import Path
        from agent.notify.tree import load_tree
        from agent.paging import Paging, open_places
        from agent.store import Store

        tree = load_tree(Path(sys.argv[2]))
        places = open_places(tree)

        class Killed:
            def __init__(self, notifier):
                self.notifier = notifier

            def send(self, message):
                self.notifier.send(message)
                os.kill(os.getpid(), signal.SIGKILL)

        places["desk"].notifier = Killed(places["desk"].notifier)
        with Store.open(sys.argv[1]) as store:
            now = lambda: datetime.now(UTC) + timedelta(seconds=21)
            Paging(store, tree, places, now).deliver()
    """)
    url = any_store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", program, url, str(tmp_path / "notify.toml")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    (first,) = [json.loads(line) for line in (tmp_path / "desk.jsonl").read_text().splitlines()]
    assert desk.paging.deliver() == 0, "it is leased to the one that died"
    desk.clock.move(60)
    desk.paging.deliver()
    (second,) = desk["desk"].told
    assert second.id == first["data"]["id"]
    assert second.again


def test_whoever_lost_his_lease_marks_nothing(each: Desk) -> None:
    each.found()
    each.paging.route()
    outbox, now = each.paging.outbox, each.clock.now
    (mine,) = outbox.claim(now, "first", lease_s=10)
    (theirs,) = outbox.claim(now + 11 * SECOND, "second", lease_s=10)
    assert not outbox.sent(mine, "first", now, memory={"ts": "lost"}, told={})
    assert outbox.sent(theirs, "second", now, memory={"ts": "kept"}, told={})
    assert outbox.page(mine.key).memory == {"ts": "kept"}


def test_a_change_while_it_is_being_sent_is_told_next(each: Desk) -> None:
    scan_id = each.found(severity=Severity.MAJOR)

    def judged_meanwhile() -> None:
        each["desk"].during = lambda: None
        each.store.judge(scan_id, {"a": verdict()})
        each.another().route()

    each["desk"].during = judged_meanwhile
    each.paging.deliver()
    assert [m.notices[0].severity for m in each["desk"].told] == [Severity.MAJOR, Severity.CRITICAL]


def test_a_destination_that_wants_to_be_visited_again(desk: Desk) -> None:
    desk.found()
    desk["desk"].receipt = Receipt({"ts": "1"}, again_s=60)
    desk.paging.deliver()
    assert desk.paging.deliver() == 0
    desk["desk"].receipt = Receipt({"ts": "1"})
    desk.clock.move(60)
    desk.paging.deliver()
    desk.clock.move(3600)
    desk.paging.deliver()
    assert len(desk["desk"].told) == 2


ESCALATES = SIMPLE + 'escalate = [{ after_s = 900, to = ["lead"] }]\n'


def test_nobody_acknowledged(store: Store, tmp_path: Path) -> None:
    desk = Desk(store, tree_of(tmp_path, ESCALATES))
    desk.found()
    desk.paging.deliver()
    desk.clock.move(901)
    desk.paging.deliver()
    (message,) = desk["lead"].told
    assert (message.step, message.why) == (1, "all: nobody acknowledged within 900 s")


def test_somebody_acknowledged_in_time(store: Store, tmp_path: Path) -> None:
    desk = Desk(store, tree_of(tmp_path, ESCALATES))
    desk.found()
    desk.paging.deliver()
    with store.writing() as session:
        acknowledge(session, "a", "Ada", desk.clock.now)
    desk.clock.move(901)
    desk.paging.deliver()
    assert desk["lead"].told == []
    (dropped,) = desk.paging.outbox.pages([PageState.DROPPED])
    assert dropped.error == "somebody acknowledged in time"


def test_a_false_alarm_ends_the_page_and_a_muted_incident_says_no_more(desk: Desk) -> None:
    desk.found()
    desk.found("b")
    desk.paging.deliver()
    with desk.store.writing() as session:
        give_feedback(session, "a", FeedbackKind.FALSE_ALARM, "Ada", desk.clock.now)
        mute(session, "b", "Ada", desk.clock.now)
    desk.paging.deliver()
    last = {message.notices[0].incident: message for message in desk["desk"].told}
    assert (last["a"].kind, last["b"].notices[0].standing) == (Kind.OVER, "muted")


def test_the_filmstrip_comes_from_the_store(desk: Desk, film_jpeg: bytes) -> None:
    desk.found()
    with desk.store.noting() as session:
        times = {"onset": 1.0, "end": 2.0}.items()
        stills = [StoredStill(label, "v:0", time_s, 32, 18, film_jpeg) for label, time_s in times]
        keep_stills(session, "a", stills)
    desk.paging.deliver()
    film = desk["desk"].told[0].film()
    assert film is not None
    assert (film.width, film.height) == (320 * 2 + 4, 180)
    assert film.alt == "Pictures of onset (00:00:01.000) and end (00:00:02.000)"


@pytest.fixture
def film_jpeg() -> bytes:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (32, 18), "navy").save(file, "JPEG")
    return file.getvalue()


DIGEST = '[[digests]]\nname = "morning"\nat = "07:30"\nto = ["mail"]\n'


def test_a_digest_a_day_whoever_is_there_to_send_it(store: Store, tmp_path: Path) -> None:
    desk = Desk(store, tree_of(tmp_path, DIGEST + SIMPLE))
    desk.found()
    desk.found("b", Severity.INFO)
    desk.clock.move(86400)
    desk.paging.deliver()
    desk.another().deliver()
    (message,) = desk["mail"].told
    assert message.kind is Kind.DIGEST
    assert message.headline.startswith("morning: the time until ")
    assert message.lines[0] == "1 incident on 1 input: 1 critical."
    desk.clock.move(86400)
    desk.paging.deliver()
    assert desk["mail"].told[1].lines == ("No incident.",)


def test_pages_go_with_their_incidents(each: Desk) -> None:
    each.found()
    each.paging.deliver()
    prune(each.store, each.clock.now + timedelta(days=100), older_than=timedelta(days=30))
    assert each.paging.outbox.pages() == []
