"""The page as a person meets it: in a real browser, with the keyboard, in the dark, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from agent.store import Store
from agent.store.evidence import StoredStill, keep_signals, keep_stills
from agent.store.jobs import finish, lease, renew
from agent.verdict import Assessment, Severity
from pipeline.model import Cause, ScanStatus
from tests.agent.api import make_app, token
from tests.agent.browser import Site, accessible, chromium, serving, sign_in
from tests.agent.stored import incident, scan, verdict

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ID = "1dc1de0000000001"
EVIL = "<img src=x onerror=alerted=1><script>alerted=1</script>"
PHONE = {"width": 360, "height": 780}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def _store(store: Store, identity: str = ID, *, url: str = "news-1.mp4", **said: Any) -> None:
    made = incident(identity, input=f"/media/{url}")
    judged = verdict(
        **{
            "title": "Signal lost for 3.0 s",
            "summary": "Picture and sound are gone from 00:00:12.000 to 00:00:15.040 on v:0.",
            **said,
        }
    )
    found = Assessment(scan(made, url=url), {made.id: judged})
    store.save(found, "default", datetime.now(UTC) - timedelta(minutes=5), identity=f"/media/{url}")


def _keep_evidence(store: Store) -> None:
    picture = BytesIO()
    Image.new("RGB", (320, 180), (20, 60, 90)).save(picture, "JPEG")
    times = {"before": 11.9, "onset": 12.0, "middle": 13.5, "end": 15.0, "after": 15.1}
    row = {
        "stream": "v:0",
        "column": "dark_share",
        "unit": "share",
        "time_s": [10 + n / 10 for n in range(80)],
        "low": [0.99 if 20 <= n < 50 else 0.1 for n in range(80)],
        "high": [1.0 if 20 <= n < 50 else 0.2 for n in range(80)],
        "thresholds": [{"check": "black", "level": 0.98, "bad": "above"}],
    }
    with store.noting() as session:
        keep_stills(
            session, ID, [StoredStill(k, "v:0", at, 320, 180, picture.getvalue()) for k, at in times.items()]
        )
        keep_signals(session, ID, [row])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Store.open(str(tmp_path / "vidette.db")) as store:
        _store(store)
        _keep_evidence(store)
        app = make_app(tmp_path, store)
        with serving(app) as url:
            yield Site(url, store, token(store, name="anna"), app)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, timezone_id="Europe/Berlin")
    found = context.new_page()
    found.set_default_timeout(10_000)
    # What a policy stops, and what a script throws, is told on the console: there must be neither.
    told: list[str] = []
    found.on("pageerror", lambda error: told.append(str(error)))
    found.on("console", lambda line: told.append(line.text) if "Content Security" in line.text else None)
    yield found
    context.close()
    assert not told


def test_from_the_list_to_acknowledged_by_keys_alone(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/incidents/{ID}")
    page.locator("#standing").get_by_text("Nobody has acknowledged it.").wait_for()
    page.keyboard.press("a")
    page.locator("#standing").get_by_text("Acknowledged by anna").wait_for()
    page.locator("#history").get_by_text("acknowledged").wait_for()
    assert site.store.incident(ID).acknowledged_by == "anna"
    page.keyboard.press("u")
    page.wait_for_url(f"{site.url}/")
    assert page.get_by_role("button", name="Acknowledge").count() == 0


def test_each_claim_leads_to_its_measurement(page: Page, site: Site) -> None:
    sign_in(page, site, f"/incidents/{ID}")
    claims = page.locator("#verdict a.claim")
    assert claims.all_text_contents() == ["00:00:12.000", "00:00:15.040", "v:0"]
    claims.first.click()
    target = page.locator(str(claims.first.get_attribute("href")))
    target.get_by_text("00:00:12.000").wait_for()
    assert page.locator(".strip img").evaluate_all("all => all.every(i => i.naturalWidth > 0)")
    assert page.locator(".plot .limit").count() == 1
    assert page.locator(".plot .shade").count() == 1


def test_what_people_say_and_do(page: Page, site: Site) -> None:
    sign_in(page, site, f"/incidents/{ID}")
    page.get_by_label("Comment").fill(EVIL)
    page.get_by_role("button", name="Comment").click()
    page.locator("#history").get_by_text(EVIL).wait_for()
    assert page.get_by_label("Comment").input_value() == ""
    page.get_by_label("Assign to").fill("bert")
    page.get_by_role("button", name="Assign").click()
    page.locator("#standing").get_by_text("Assigned to bert").wait_for()
    page.get_by_label("Right severity").select_option("minor")
    page.get_by_role("button", name="Say so").click()
    page.locator("#history").get_by_text("wrong severity, minor").wait_for()
    page.get_by_role("button", name="Mute until resolved").click()
    page.get_by_role("button", name="Unmute").wait_for()
    page.get_by_role("button", name="False alarm").click()
    page.get_by_role("button", name="Reopen").wait_for()
    assert site.store.incident(ID).status == "resolved"


def test_the_list_is_live_and_keeps_the_focus(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.locator("#link[data-live=true]").wait_for(state="attached")
    page.keyboard.press("j")
    _store(site.store, "1dc1de0000000002", url="sport.mp4", title="Sound is gone", severity=Severity.MAJOR)
    page.get_by_role("link", name="Sound is gone").wait_for()
    assert page.evaluate("document.activeElement.id") == f"go-{ID}"
    page.get_by_label("Input").fill("sport")
    page.get_by_role("link", name="Signal lost").wait_for(state="detached")
    assert "input=sport" in page.url
    page.get_by_label("critical").check()
    page.get_by_text("No such incident").wait_for()


def test_chat_goes_on_from_the_question_before(page: Page, site: Site) -> None:
    _store(site.store, "1dc1de0000000003", url="sport.mp4", title="Hum", severity=Severity.MINOR)
    sign_in(page, site, "/ask")
    page.get_by_label("Question").fill("incidents in the last hour")
    page.keyboard.press("Enter")
    page.get_by_text("2 incidents").wait_for()
    page.get_by_label("Question").fill("only the critical ones")
    page.keyboard.press("Enter")
    last = page.locator(".exchange").nth(1)
    last.get_by_text("1 incident").wait_for()
    assert "(Europe/Berlin)" in last.locator(".asked").inner_text()
    again = str(last.get_by_role("link", name="Run it again").get_attribute("href"))
    last.get_by_role("link", name="Signal lost").click()
    page.wait_for_url(f"{site.url}/incidents/{ID}")
    page.goto(f"{site.url}{again}")
    page.get_by_text("1 incident").wait_for()
    page.get_by_label("Question").fill("who did it?")
    page.keyboard.press("Enter")
    page.locator(".refused").wait_for()


def test_a_scan_is_shown_while_it_runs(page: Page, site: Site, clean_clip: Path) -> None:
    sign_in(page, site, "/scans")
    page.get_by_label("Address").fill("https://media.example.com/a.mp4")
    page.get_by_role("button", name="Scan", exact=True).click()
    page.wait_for_url("**/scans/*")
    page.get_by_text("It waits for a worker").wait_for()
    page.locator("#link[data-live=true]").wait_for(state="attached")
    now = datetime.now(UTC)
    with site.store.writing() as session:
        held = lease(session, "w", now, 60)
    assert held is not None
    with site.store.noting() as session:
        renew(session, held.id, "w", now, 60, done_s=30.0, duration_s=120.0, frames=750)
    page.get_by_text("750 pictures").wait_for()
    assert page.get_by_role("progressbar").get_attribute("value") == "25"
    with site.store.writing() as session:
        finish(session, held.id, "w", now, ScanStatus.NOT_ASSESSABLE, "a.mp4: no such host")
    page.get_by_text("a.mp4: no such host").wait_for()
    page.goto(f"{site.url}/scans")
    page.get_by_label("Or upload a file").set_input_files(clean_clip)
    page.get_by_role("button", name="Upload and scan").click()
    page.wait_for_url("**/scans/*")
    page.get_by_role("heading", name="clean.mp4").wait_for()
    page.goto(f"{site.url}/scans")
    page.get_by_label("Address").fill("file:///etc/passwd")
    page.get_by_role("button", name="Scan", exact=True).click()
    page.locator("#toast").get_by_text("file: is not allowed").wait_for()


def test_text_of_others_stays_text(page: Page, site: Site) -> None:
    said = {"title": EVIL, "summary": EVIL, "notes": (EVIL,)}
    _store(site.store, "1dc1de0000000004", url=f"{EVIL}.mp4", **said)
    sign_in(page, site)
    for path in ("/", "/incidents/1dc1de0000000004", "/ask?question=incidents+in+the+last+hour"):
        page.goto(f"{site.url}{path}")
        page.get_by_text(EVIL).first.wait_for()
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("typeof alerted") == "undefined"


def test_even_markup_that_got_in_runs_nothing(browser: Browser, site: Site) -> None:
    """The second fence: were escaping forgotten, the page's policy would stop the script."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, site)
    page.evaluate("""() => new Promise(done => {
        document.body.insertAdjacentHTML('beforeend', "<img src='/x' onerror='alerted=1'>");
        document.body.lastElementChild.addEventListener('error', () => done());
        document.body.append(Object.assign(document.createElement('script'), {text: 'alerted=1'}));
    })""")
    assert page.evaluate("typeof alerted") == "undefined"
    context.close()


def test_works_without_scripts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site)
    page.get_by_role("link", name="Signal lost").click()
    page.get_by_role("button", name="Acknowledge").click()
    page.locator("#standing").get_by_text("Acknowledged by anna").wait_for()
    page.goto(f"{site.url}/ask")
    page.get_by_label("Question").fill("how many critical incidents today")
    page.get_by_role("button", name="Ask").click()
    page.locator(".answer").wait_for()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_is_content(page: Page, site: Site, scheme: Any, size: Any) -> None:
    _store(site.store, "1dc1de0000000005", url="a-long-name-" * 30 + ".mp4", cause=Cause.UNKNOWN)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(f"{site.url}/login")
    assert accessible(page) == []
    sign_in(page, site)
    ask = "/ask?question=incidents+per+cause+in+the+last+hour"
    for path in ("/", f"/incidents/{ID}", "/scans", ask, "/ask", "/incidents/abc"):
        page.goto(f"{site.url}{path}")
        assert (path, accessible(page)) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path


def test_who_may_only_read_is_offered_no_button(page: Page, site: Site) -> None:
    from agent.store.tokens import Scope

    sign_in(page, Site(site.url, site.store, token(site.store, Scope.READ), site.app), f"/incidents/{ID}")
    assert page.get_by_role("button", name="Acknowledge").count() == 0
    page.keyboard.press("a")
    page.get_by_text("There is nothing to acknowledge here").wait_for()
