"""A real HTTP server that speaks OpenAI's protocol, well or badly, as a script tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Endpoint", "completion", "odd_endpoint"]


@dataclass(frozen=True)
class Answer:
    """One answer: ``cut`` closes the connection in the middle of the body, ``stalls`` never answers."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    stalls: bool = False


@dataclass
class Endpoint:
    """Answers with the next of its script, or with what a function makes of the request."""

    script: Sequence[Answer] | Callable[[Mapping[str, Any]], Answer]
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    done: threading.Event = field(default_factory=threading.Event)

    def next(self, request: Mapping[str, Any]) -> Answer:
        """The answer to a request."""
        self.asked.append(request)
        if callable(self.script):
            return self.script(request)
        return self.script[min(len(self.asked), len(self.script)) - 1]


def completion(
    content: str | None, *, arguments: str | None = None, logprobs: Sequence[Mapping[str, Any]] = ()
) -> Answer:
    """A chat completion with a text, or with the call of a function."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if arguments is not None:
        called = {"name": "Verdict", "arguments": arguments}
        message["tool_calls"] = [{"id": "1", "type": "function", "function": called}]
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop"}
    if logprobs:
        choice["logprobs"] = {"content": list(logprobs)}
    usage = {"prompt_tokens": 300, "completion_tokens": 40, "total_tokens": 340}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    return Answer(json.dumps(body | {"usage": usage}))


@contextmanager
def odd_endpoint(script: Sequence[Answer] | Callable[[Mapping[str, Any]], Answer]) -> Iterator[Endpoint]:
    """Serve it on loopback while the block runs."""
    endpoint = Endpoint(script)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            endpoint.keys.append(self.headers.get("authorization", ""))
            answer = endpoint.next(json.loads(self.rfile.read(length)))
            if answer.stalls:
                endpoint.done.wait()
                return
            data = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if answer.cut else data)
            if answer.cut:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield endpoint
        finally:
            endpoint.done.set()
            server.shutdown()
            thread.join()
