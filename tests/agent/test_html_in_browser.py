"""The HTML report in a real browser: on a phone, in the dark, and with its own script only."""

import json
import re
import subprocess
from html import unescape
from pathlib import Path

from agent.report.html import render_html
from tests.agent.reporting import assess, event, incident, scan, strip
from tests.needs import needs_program

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --allow-file-access-from-files --virtual-time-budget=4000"
)
PROBE = """<iframe id="frame" src="report.html" style="width:360px;height:800px;border:0"></iframe>
<pre id="answer"></pre><script>
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement, button = page.getElementById("theme");
  const colour = () => frame.contentWindow.getComputedStyle(page.body).backgroundColor;
  const before = colour();
  button.click();
  answer.textContent = JSON.stringify({
    width: root.scrollWidth, button: !button.hidden, pressed: button.ariaPressed,
    changed: before !== colour(), alerted: "alerted" in frame.contentWindow,
  });
};
</script>"""


def test_fits_a_phone_and_runs_no_script_but_its_own(tmp_path: Path) -> None:
    chromium = needs_program("chromium", "chromium-browser", "google-chrome")
    evil = "<script>alerted=1</script><img src=x onerror=alerted=1>"
    one = incident(event(), event("silence", "a:0", 1.0, 9.0))
    html = render_html([assess(scan(one, url="long-name-" * 40 + evil))], {one.id: strip()})
    # What escaping would let through, the page's own policy must still stop.
    html = html.replace("</main>", "<script>alerted=1</script><img src='x' onerror='alerted=1'></main>")
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    (tmp_path / "probe.html").write_text(PROBE, encoding="utf-8")
    shown = subprocess.run(
        [
            chromium,
            *FLAGS.split(),
            f"--user-data-dir={tmp_path / 'browser'}",
            "--dump-dom",
            "probe.html",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    found = re.search(r'<pre id="answer">\s*(\{.*?\})\s*</pre>', shown)
    assert found, shown[-500:]
    answer = json.loads(unescape(found[1]))
    assert answer.pop("width") <= 360
    assert answer == {"button": True, "pressed": "true", "changed": True, "alerted": False}
