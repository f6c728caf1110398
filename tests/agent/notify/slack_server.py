"""A recording Slack: its Web API and incoming webhooks, with the rules that Slack enforces."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.models.blocks import Block

from tests.agent.notify.servers import Answer, Request

__all__ = ["CHANNEL", "TOKEN", "RecordingSlack"]

TOKEN = "xoxb-not-a-real-token"  # noqa: S105
CHANNEL = "C0FFEE1234"
WEBHOOK = "/services/T0/B0/hook-secret"
CALLS = re.compile(r"<!(?:here|channel|everyone)>|<@U\w+>")
LIMITS = {"header": 150, "section": 3000, "context": 2000}


class Refused(Exception):
    """An error of the API by its name."""


@dataclass
class RecordingSlack:
    """``messages`` is what the channel shows: ts -> message; ``log`` every call in its order.

    ``clock`` makes it enforce one new message a second and channel; ``limited`` are seconds of
    Retry-After for the next calls; ``lost`` answers are done and never sent, as when a line breaks.
    """

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    limited: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    unready: int = 0
    refuse: dict[str, str] = field(default_factory=dict)
    clock: Callable[[], float] | None = None
    hooked: list[dict[str, Any]] = field(default_factory=list)
    base: str = ""
    _last: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            if request.path == WEBHOOK:
                return self._webhook(request)
            if request.path.startswith("/upload/"):
                self.files[request.path.removeprefix("/upload/")]["bytes"] = request.body
                return Answer(200, b"OK")
            return self._api(request)

    @property
    def tops(self) -> list[dict[str, Any]]:
        """The messages of the channel that are in no thread."""
        return [message for message in self.messages.values() if "thread_ts" not in message]

    @property
    def replies(self) -> list[dict[str, Any]]:
        """The messages in threads."""
        return [message for message in self.messages.values() if "thread_ts" in message]

    def delete(self, ts: str) -> None:
        """Somebody deletes a message."""
        del self.messages[ts]

    def _api(self, request: Request) -> Answer:
        method = request.path.removeprefix("/api/")
        if self.broken:
            return Answer(self.broken.pop(0), b"<html>upstream is gone</html>", {"Content-Type": "text/html"})
        if self.limited:
            after = str(self.limited.pop(0))
            return _json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": after})
        payload = _payload(request)
        self.log.append((method, payload))
        try:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                raise Refused("invalid_auth")
            if method in self.refuse:
                raise Refused(self.refuse[method])
            return _json({"ok": True, **getattr(self, "_" + method.replace(".", "_"))(payload)})
        except Refused as exc:
            return _json({"ok": False, "error": str(exc)})

    def _chat_postMessage(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._check(payload)
        if self.clock is not None:
            if self.clock() - self._last < 1.0:
                raise AssertionError("more than one message a second to one channel")
            self._last = self.clock()
        ts = f"1764000000.{len(self.log):06d}"
        message = {"ts": ts, "text": payload.get("text", ""), "blocks": payload.get("blocks", [])}
        if "metadata" in payload:
            message["metadata"] = payload["metadata"]
        # A parent that is gone is no error: the reply lands in the channel.
        if payload.get("thread_ts") in self.messages:
            message["thread_ts"] = payload["thread_ts"]
            message["broadcast"] = bool(payload.get("reply_broadcast"))
        self.messages[ts] = message
        return {"channel": CHANNEL, "ts": ts, "message": message}

    def _chat_update(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._check(payload)
        if payload["ts"] not in self.messages:
            raise Refused("message_not_found")
        self.messages[payload["ts"]].update(text=payload["text"], blocks=payload["blocks"], edited=True)
        return {"channel": CHANNEL, "ts": payload["ts"]}

    def _chat_delete(self, payload: dict[str, Any]) -> dict[str, Any]:
        if self.messages.pop(payload["ts"], None) is None:
            raise Refused("message_not_found")
        return {}

    def _conversations_history(self, payload: dict[str, Any]) -> dict[str, Any]:
        asked = str(payload.get("include_all_metadata")).lower() in ("true", "1")
        shown = [
            message if asked else {key: value for key, value in message.items() if key != "metadata"}
            for message in reversed(self.tops)
        ]
        return {"messages": shown}

    def _files_getUploadURLExternal(self, payload: dict[str, Any]) -> dict[str, Any]:
        identity = f"F{len(self.files):09d}"
        self.files[identity] = {"length": int(payload["length"])}
        return {"file_id": identity, "upload_url": f"{self.base}/upload/{identity}"}

    def _files_completeUploadExternal(self, payload: dict[str, Any]) -> dict[str, Any]:
        listed = payload["files"]
        (file,) = json.loads(listed) if isinstance(listed, str) else listed
        held = self.files[file["id"]]
        assert len(held["bytes"]) == held["length"]
        held.update(ready=True, shared=payload.get("channel_id"), thread=payload.get("thread_ts"))
        return {"files": [{"id": file["id"]}]}

    def _webhook(self, request: Request) -> Answer:
        if self.limited:
            return Answer(429, b"rate_limited", {"Retry-After": str(self.limited.pop(0))})
        payload = json.loads(request.body)
        try:
            self._check({**payload, "channel": CHANNEL})
        except Refused as exc:
            return Answer(400, str(exc).encode())
        self.hooked.append(payload)
        return Answer(200, b"ok")

    def _check(self, payload: Mapping[str, Any]) -> None:
        if payload.get("channel") != CHANNEL:
            raise Refused("channel_not_found")
        blocks = payload.get("blocks", [])
        if not payload.get("text") and not blocks:
            raise Refused("no_text")
        if len(blocks) > 50 or len({b["block_id"] for b in blocks if "block_id" in b}) < sum(
            "block_id" in b for b in blocks
        ):
            raise Refused("invalid_blocks")
        for block, model in zip(blocks, Block.parse_all(blocks), strict=True):
            model.validate_json()
            if "text" in block and len(block["text"]["text"]) > LIMITS[block["type"]]:
                raise Refused("invalid_blocks")
            for part in (*block.get("fields", ()), *_texts(block)):
                if not 1 <= len(part["text"]) <= 2000:
                    raise Refused("invalid_blocks")
            if block["type"] == "image":
                self._check_file(block)

    def _check_file(self, block: Mapping[str, Any]) -> None:
        if not self.files.get(block["slack_file"]["id"], {}).get("ready"):
            raise Refused("invalid_blocks")
        if self.unready:
            self.unready -= 1
            raise Refused("invalid_blocks")


def _texts(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [part for part in block.get("elements", ()) if block["type"] == "context"]


def _payload(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(json.loads(request.body))
    query = request.path.partition("?")[2]
    form = parse_qs(request.body.decode() or query)
    return {key: values[0] for key, values in form.items()}


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        status,
        json.dumps(body).encode(),
        {"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )
