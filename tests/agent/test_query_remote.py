"""Words asked of a real HTTP server that speaks as an OpenAI-compatible endpoint does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from agent.model_options import ModelOptions
from agent.models.base import ModelError
from agent.models.langchain_openai import load_langchain_openai
from agent.query.readers import question_reader
from agent.query.remote import RemoteWords, remote_reader
from agent.query.words import NOTHING

NAMES = ("freeze", "black", "silence")
KEY = "sk-never-told"


@contextmanager
def endpoint(answers: list[tuple[int, str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Answers with each status and text in turn, the last one for good; keeps what it was sent."""
    sent: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            status, text = answers[min(len(sent), len(answers)) - 1]
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = json.dumps(
                {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            )
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def words_of(url: str) -> RemoteWords:
    options = ModelOptions(remote_url=url, api_key=SecretStr(KEY), retries=0, timeout_s=5.0)
    return RemoteWords(load_langchain_openai(options))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('{"meaning": "freeze"}', "freeze"),
        ('Sure: {"meaning": "silence"}.', "silence"),
        ('{"meaning": "nothing"}', NOTHING),
        ('{"meaning": "drop table"}', NOTHING),
        ("freeze", NOTHING),
    ],
)
def test_only_a_known_name_is_believed(text: str, meant: str) -> None:
    with endpoint([(200, text)]) as (url, sent):
        assert words_of(url).meaning("stuck like glue", NAMES) == meant
    choices = sent[0]["response_format"]["json_schema"]["schema"]["properties"]["meaning"]["enum"]
    assert choices == [*NAMES, NOTHING]


def test_a_server_that_takes_no_schema_is_asked_in_plain_words() -> None:
    with endpoint([(400, ""), (200, '{"meaning": "black"}')]) as (url, sent):
        assert words_of(url).meaning("pitch dark", NAMES) == "black"
    assert [("response_format" in body) for body in sent] == [True, False]


def test_a_failure_is_told_without_address_or_key() -> None:
    with endpoint([(500, "")]) as (url, _), pytest.raises(ModelError) as told:
        words_of(url).meaning("stuck", NAMES)
    assert KEY not in str(told.value) and "127.0.0.1" not in str(told.value)


def test_without_address_and_key_nothing_is_asked() -> None:
    with pytest.raises(ModelError, match="VIDETTE_REMOTE_URL"):
        remote_reader(ModelOptions())._model  # noqa: B018


def test_the_reader_goes_with_the_backend_of_triage() -> None:
    assert question_reader("rules", ModelOptions()) is None
    chosen = question_reader("langchain_openai", ModelOptions())
    assert chosen is not None and chosen.name == "langchain_openai"
