"""What the fuzz sends: pure functions of a random generator."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

__all__ = ["PAGES", "SPELLINGS", "api_request", "hostile_playlist", "mutated", "slack_request"]

TEXTS = (
    "",
    "a" * 5000,
    "\0",
    "‮\u2028\ud7ff",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "{{7*7}}${7*7}",
    "../../../etc/passwd",
    "%00%0d%0aX: y",
    "-1",
    "1e999",
    "9" * 40,
    "null",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+14:00",
)
VALUES: tuple[Any, ...] = (None, True, -1, 0, 2**63, 1e308, [], {}, [[]], *TEXTS)
SPELLINGS = (
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f000001:{port}/x",
    "http://0177.0.0.1:{port}/x",
    "http://127.1:{port}/x",
    "http://0:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://[::1]:{port}/x",
    "http://a@127.0.0.1:{port}/x",
    "https://127.0.0.1:{port}/x",
    "//127.0.0.1:{port}/x",
    "tcp://127.0.0.1:{port}",
    "crypto+tcp://127.0.0.1:{port}",
    "httpproxy://127.0.0.1:{port}/y:1",
    "rtmp://127.0.0.1:{port}/x",
    "rtsp://127.0.0.1:{port}/x",
    "tls://127.0.0.1:{port}",
    "gopher://127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "hls+http://127.0.0.1:{port}/x.m3u8",
    "crypto+http://127.0.0.1:{port}/x",
    "cache:http://127.0.0.1:{port}/x",
    "async:http://127.0.0.1:{port}/x",
    "concat:http://127.0.0.1:{port}/x|http://127.0.0.1:{port}/y",
    "subfile,,start,0,end,9,,:http://127.0.0.1:{port}/x",
    "data:application/vnd.apple.mpegurl,%23EXTM3U%0Ahttp://127.0.0.1:{port}/x.ts",
    "file:///etc/passwd",
    "/etc/passwd",
    "pipe:0",
    "fd:0",
    "a.ts",
    "../../a.ts?a=b",
)
TAGS = (
    "#EXTINF:1,",
    "#EXT-X-BYTERANGE:99999999@-1",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-VERSION:3",
    '#EXT-X-KEY:METHOD=AES-128,URI="{target}"',
    '#EXT-X-MAP:URI="{target}"',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="{target}"',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\n{target}',
    "{target}",
)
PAGES = ("/", "/scans", "/ask", "/login", "/static/x", "/slack", "/openapi.json", "/v1/events")
"""What the OpenAPI document does not name, or what of it would never end."""


def mutated(rng: random.Random, data: bytes) -> bytes:
    """The bytes with some flipped, cut out, doubled, moved or cut off."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 3, 30, 300))):
        if len(made) < 16:
            break
        at = rng.randrange(len(made) - 8)
        size = rng.choice((1, 2, 4, 188, 4096))
        deed = rng.randrange(5)
        if deed == 0:
            made[at] ^= 1 << rng.randrange(8)
        elif deed == 1:
            made[at : at + 4] = rng.choice(
                (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1")
            )
        elif deed == 2:
            del made[at : at + size]
        elif deed == 3:
            made[at:at] = made[at : at + size]
        else:
            made[at : at + size] = rng.randbytes(size)
    if rng.random() < 0.2:
        del made[rng.randrange(len(made) + 1) :]
    return bytes(made) or b"\0"


def hostile_playlist(rng: random.Random, port: int, base: str) -> bytes:
    """An HLS or DASH playlist, or a concat script, that names the canary on ``port`` of 127.0.0.1."""
    target = rng.choice(SPELLINGS).format(port=port)
    end = "#EXT-X-ENDLIST\n"
    head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n"
    forms = (
        f"{head}#EXTINF:2,\n{target}\n{end}",
        f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n"
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="{target}"\n',
        f'{head}#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:2,\n{base}/a.ts\n{end}',
        f'{head}#EXT-X-MAP:URI="{target}"\n#EXTINF:2,\n{base}/a.m4s\n{end}',
        f"ffconcat version 1.0\nfile '{target}'\n",
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "' + target + '">]>'
        '<MPD type="static" mediaPresentationDuration="PT2S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
        f"<BaseURL>{target}</BaseURL><Period><AdaptationSet mimeType='video/mp4'><Representation id='1' "
        f"bandwidth='1'><BaseURL>{target}</BaseURL><SegmentList><Initialization sourceURL='{target}'/>"
        f"<SegmentURL media='{target}'/></SegmentList></Representation></AdaptationSet></Period></MPD>",
        f"[playlist]\nFile1={target}\n",
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
        _jumble(rng, port),
    )
    body = rng.choice(forms).encode()
    return mutated(rng, body) if rng.random() < 0.2 else body


def _jumble(rng: random.Random, port: int) -> str:
    """Tags of HLS in an order that no playlist has, each with a target of its own."""
    lines = (
        rng.choice(TAGS).replace("{target}", rng.choice(SPELLINGS).format(port=port))
        for _ in range(rng.randrange(1, 12))
    )
    return "\n".join(("#EXTM3U", *lines))


def api_request(rng: random.Random, paths: Mapping[str, Any]) -> dict[str, Any]:
    """A request to a page or a path of the OpenAPI document, with something wrong."""
    path = rng.choice((*sorted(paths.keys() - set(PAGES)), *PAGES))
    methods = sorted(paths.get(path, {"get": {}}))
    method = rng.choice((*methods, *methods, *methods, "get", "post", "put", "delete", "head", "options"))
    url = path
    while "{" in url:
        before, _, rest = url.partition("{")
        filled = rng.choice((*TEXTS, "0123456789abcdef", "1", "onset"))
        url = f"{before}{quote(filled, safe='')}{rest.partition('}')[2]}"
    told = paths.get(path, {}).get(method, {}).get("parameters", ())
    query = [(p["name"], str(rng.choice(VALUES))) for p in told if p["in"] == "query" and rng.random() < 0.5]
    if path == "/v1/events":
        query = [item for item in query if item[0] != "wait"] + [("wait", "false")]
    url += "?" + urlencode(query) if query else ""
    headers = (
        {"Idempotency-Key": rng.choice(("k", "k" * 300, str(rng.random())))} if rng.random() < 0.3 else {}
    )
    if rng.random() < 0.1:
        headers |= {
            rng.choice(("Range", "If-Match", "If-None-Match", "Accept", "Cookie")): "bytes=9-1,,;=\x7f"
        }
    if rng.random() < 0.9:
        types = ("application/json",) * 8 + ("text/plain", "multipart/form-data")
        headers["Content-Type"] = rng.choice(types)
    return {"method": method.upper(), "url": url, "headers": headers, "content": _body(rng)}


def _body(rng: random.Random) -> bytes:
    names = (
        "url",
        "profile",
        "mode",
        "labels",
        "text",
        "note",
        "kind",
        "assignee",
        "reason",
        "input",
        "checks",
    )
    value = {name: rng.choice(VALUES) for name in names if rng.random() < 0.4}
    text = json.dumps(value)
    forms = (
        text,
        text,
        text[: len(text) // 2],
        "[" * 20_000,
        '{"a":' * 500,
        "",
        "NaN",
        "null",
        '{"url": 1e999}',
        '"' + "\\ud800" + '"',
    )
    body = rng.choice(forms).encode("utf-8", "surrogatepass")
    return mutated(rng, body) if rng.random() < 0.2 else body


def slack_request(rng: random.Random, secret: str) -> dict[str, Any]:
    """A request in Slack's name: most with a right signature, and with something wrong inside."""
    action = {
        "action_id": rng.choice(("vidette.acknowledge", "vidette.mute", "x")),
        "value": rng.choice(VALUES),
    }
    payload = {
        "type": rng.choice(("block_actions", "view_submission", *TEXTS[:4])),
        "user": rng.choice(({"id": "U1", "name": "x"}, None, "x", [])),
        "actions": rng.choice(([action], [action] * 3, [], None, "x", [None])),
        "team": rng.choice(({"id": "T1"}, None)),
        "response_url": rng.choice(("http://127.0.0.1:9/x", None, 5)),
    }
    slash = {"command": "/vidette", "text": rng.choice(TEXTS), "user_name": "x", "team_id": "T1"}
    slash |= {"user_id": "U1", "channel_id": "C1", "response_url": "https://hooks.slack.com/commands/x"}
    forms = (
        urlencode({"payload": json.dumps(payload)}),
        urlencode(slash, errors="replace"),
        "payload=%7B",
        "",
        urlencode({"ssl_check": "1"}),
    )
    body = rng.choice(forms).encode("utf-8", "replace")
    body = mutated(rng, body) if rng.random() < 0.2 else body
    at = str(int(time.time()) - rng.choice((0, 0, 0, 9999)))
    made = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    signature = f"v0={made}" if rng.random() < 0.8 else rng.choice(TEXTS[4:8])
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": signature,
    }
    return {"method": "POST", "url": "/slack", "content": body, "headers": headers}
