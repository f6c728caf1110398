"""LangChain over any OpenAI-compatible endpoint: OpenAI, vLLM, a llama.cpp server, Ollama.

Servers differ in what they take. The strictest way of asking for a structure is tried first; one that a
server refuses is not tried again: json_schema, a function call, json_object, and at last plain words,
whose answer is read out of whatever stands around it.
"""

from __future__ import annotations

import hashlib
import time
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import BaseModel

from agent.calls import CallOutcome, ModelCall
from agent.model_options import ModelOptions
from agent.models.attempts import Attempts, EndpointError
from agent.models.base import Draft, ModelError, Opinion
from agent.models.remote_answer import (
    MAX_ANSWER_TOKENS,
    answer_model,
    answer_schema,
    read_answer,
    severity_chances,
)
from agent.models.rules import template_draft
from agent.prompting import Prompt, load_prompt
from agent.triage.allowed import allowed_of
from agent.triage.facts import Facts
from agent.triage.outside import CLOSES, OPENS
from agent.triage.reasons import reasons_of
from agent.triage.telling import examples_of, tell
from agent.verdict import Case

__all__ = ["LangChainOpenAI", "Way", "load_langchain_openai", "remote_messages"]

NO_CHANCE = 0.5
"""The confidence of an answer whose probability the endpoint does not tell."""

REFUSALS = (400, 404, 405, 415, 422, 501)
"""What servers answer to a way of asking that they do not know."""


class Way(StrEnum):
    """How a structured answer is asked for, the strictest first."""

    JSON_SCHEMA = "json_schema"
    FUNCTION = "function_calling"
    JSON_OBJECT = "json_mode"
    PLAIN = "plain"


@cache
def _prompt() -> tuple[Prompt, Mapping[str, str]]:
    source = load_prompt("triage")
    return source, tomllib.loads(source.text)


def remote_messages(case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> list[Any]:
    """What a remote model is sent, as LangChain's messages."""
    from langchain_core.prompts import ChatPromptTemplate

    _, texts = _prompt()
    template = ChatPromptTemplate.from_messages([("system", texts["system"]), ("human", texts["human"])])
    allowed, draft = allowed_of(case), template_draft(case, facts)
    reasons = "; ".join(f'"{reason.text}"' for reason in reasons_of(case)) or "none"
    told = texts["complaints"].format(complaints="; ".join(complaints)) if complaints else ""
    return list(
        template.format_messages(
            examples=examples_of(case.incident.cause),
            case=tell(case),
            reasons=f"{OPENS} {reasons} {CLOSES}",
            severity=", ".join(allowed.severities),
            intent=", ".join(allowed.intents),
            cause=", ".join(allowed.causes),
            action=", ".join(allowed.actions),
            route=", ".join(allowed.routes),
            title=draft.title,
            summary=draft.summary,
            complaints=told,
        )
    )


def load_langchain_openai(options: ModelOptions) -> LangChainOpenAI:
    """Prepare to ask an endpoint; nothing is sent yet.

    Raises:
        ModelError: there is neither an address nor a key.
    """
    if not options.remote_url and not options.api_key.get_secret_value():
        raise ModelError("set VIDETTE_REMOTE_URL, or VIDETTE_API_KEY for OpenAI itself")
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    chat = ChatOpenAI(
        model=options.remote_model,
        base_url=options.remote_url,
        # Local servers take any key, and the client wants one.
        api_key=options.api_key if options.api_key.get_secret_value() else SecretStr("none"),
        timeout=options.timeout_s,
        max_retries=0,
        max_completion_tokens=MAX_ANSWER_TOKENS,
        temperature=0.0,
        seed=0,
    )
    return LangChainOpenAI(chat, options.remote_model, Attempts(options.retries), options.timeout_s)


@dataclass(frozen=True, slots=True)
class _Form:
    """What may be answered to a case."""

    answer: type[BaseModel]
    severities: tuple[str, ...]


def _form(case: Case) -> _Form:
    allowed = allowed_of(case)
    reasons = tuple(reason.text for reason in reasons_of(case))
    return _Form(answer_model(allowed, reasons), tuple(allowed.severities))


@dataclass(slots=True)
class _Reply:
    """What came back: the fields, the tokens that it took, and the chances of the severities."""

    answer: Mapping[str, str]
    tokens_in: int
    tokens_out: int
    chances: Mapping[str, float]


@dataclass(slots=True)
class LangChainOpenAI:
    """An endpoint, and what has been learnt of it."""

    chat: Any
    note: str
    attempts: Attempts
    timeout_s: float
    name: str = "langchain_openai"
    logprobs: bool = True
    _refused: set[Way] = field(default_factory=set)

    @property
    def prompt(self) -> str:
        """The prompt file and its hash."""
        return _prompt()[0].reference

    def judge(self, case: Case, facts: Facts, complaints: tuple[str, ...] = ()) -> Opinion:
        """An opinion on a case.

        Raises:
            ModelError: the endpoint gave none that fits.
        """
        messages, form = remote_messages(case, facts, complaints), _form(case)
        sent = "\n".join(str(message.content) for message in messages)
        began = time.perf_counter()
        call = ModelCall(
            incident=case.incident.id,
            backend=self.name,
            model=self.note,
            prompt=self.prompt,
            asked_sha256=hashlib.sha256(sent.encode()).hexdigest(),
            at=datetime.now(UTC),
            latency_s=0.0,
            tokens_in=0,
            tokens_out=0,
            outcome=CallOutcome.ANSWERED,
            repaired=bool(complaints),
        )
        try:
            reply, retries = self.attempts.ask(lambda: self._asked(messages, form))
        except EndpointError as exc:
            latency_s = time.perf_counter() - began
            failed = replace(call, latency_s=latency_s, outcome=exc.outcome, detail=str(exc))
            raise ModelError(str(exc), (failed,)) from exc
        done = replace(
            call,
            latency_s=time.perf_counter() - began,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            retries=retries,
        )
        answer = dict(reply.answer)
        quote = answer.pop("quote")
        sure = reply.chances.get(answer["severity"], NO_CHANCE)
        chances = {"severity": reply.chances} if reply.chances else {}
        return Opinion(Draft.model_validate(answer), sure, quote=quote, calls=(done,), chances=chances)

    def written(self, messages: list[Any], **asked: Any) -> str:
        """What the endpoint writes to messages, once; ``asked`` goes with it, such as ``response_format``.

        Raises:
            EndpointError: no answer.
        """
        return str(self._invoked(self.chat.bind(**asked) if asked else self.chat, messages).content)

    def _asked(self, messages: list[Any], form: _Form) -> _Reply:
        """One attempt: the strictest way that the server has not refused, and the next where it does.

        Raises:
            EndpointError: no answer, or none that fits.
        """
        last = EndpointError("it takes no way of asking", CallOutcome.REFUSED)
        others = 0
        for way in Way:
            if way in self._refused:
                continue
            try:
                return self._sent(way, messages, form)
            except EndpointError as exc:
                last = exc
                if exc.outcome is CallOutcome.REFUSED and way is not Way.PLAIN:
                    self._refused.add(way)
                elif exc.otherwise and others == 0:
                    others += 1
                else:
                    raise
        raise last

    def _sent(self, way: Way, messages: list[Any], form: _Form) -> _Reply:
        raw = self._invoked(*self._runnable(way, messages, form))
        message = raw.get("raw") if isinstance(raw, dict) else raw
        return self._read(way, message, form)

    def _invoked(self, runnable: Any, put: list[Any]) -> Any:
        from langsmith import tracing_context

        with warnings.catch_warnings(), tracing_context(enabled=False):
            # LangChain and Pydantic warn of each other's types.
            warnings.simplefilter("ignore")
            try:
                return runnable.invoke(put)
            except Exception as exc:
                raise self._told(exc) from exc

    def _runnable(self, way: Way, messages: list[Any], form: _Form) -> tuple[Any, list[Any]]:
        chat = self.chat
        if self.logprobs and way is not Way.FUNCTION:
            chat = chat.bind(logprobs=True, top_logprobs=8)
        if way is Way.PLAIN:
            return chat, [*messages, ("human", _prompt()[1]["plain"])]
        if way is Way.JSON_OBJECT:
            put = [*messages, ("human", _prompt()[1]["plain"])]
            return chat.bind(response_format={"type": "json_object"}), put
        if way is Way.FUNCTION:
            return chat.bind_tools([form.answer], tool_choice="Verdict"), messages
        wanted = {"name": "Verdict", "strict": True, "schema": answer_schema(form.answer)}
        return chat.bind(response_format={"type": "json_schema", "json_schema": wanted}), messages

    def _read(self, way: Way, message: Any, form: _Form) -> _Reply:
        import json

        usage = getattr(message, "usage_metadata", None) or {}
        calls = getattr(message, "tool_calls", None) or ()
        text = json.dumps(calls[0]["args"]) if way is Way.FUNCTION and calls else str(message.content)
        try:
            answer = read_answer(text, form.answer)
        except ValueError as exc:
            raise EndpointError(f"its answer {exc}", CallOutcome.JUNK, otherwise=True) from exc
        metadata = getattr(message, "response_metadata", None) or {}
        tokens = (metadata.get("logprobs") or {}).get("content") or []
        return _Reply(
            answer,
            int(usage.get("input_tokens", 0)),
            int(usage.get("output_tokens", 0)),
            severity_chances(tokens, form.severities),
        )

    def _told(self, error: Exception) -> EndpointError:
        """What went wrong, without the address, the key or what the server wrote: it may repeat either."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return EndpointError(f"no answer within {self.timeout_s:g} s", CallOutcome.TIMED_OUT, again=True)
        if isinstance(error, openai.RateLimitError):
            asked_s = _retry_after_s(error)
            told = "asked too often (HTTP 429)"
            return EndpointError(told, CallOutcome.RATE_LIMITED, again=True, retry_after_s=asked_s)
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return EndpointError(f"the key is refused (HTTP {error.status_code})", CallOutcome.FAILED)
        if isinstance(error, openai.APIStatusError):
            told = f"it answered with HTTP {error.status_code}"
            if error.status_code in REFUSALS:
                return EndpointError(told, CallOutcome.REFUSED)
            broken = error.status_code >= 500
            return EndpointError(told, CallOutcome.FAILED, again=broken, otherwise=error.status_code == 500)
        if isinstance(error, openai.APIConnectionError):
            return EndpointError("it cannot be reached, or went away", CallOutcome.FAILED, again=True)
        # A body that is no completion ends in whatever the client made of it.
        told = f"its answer is no completion ({type(error).__name__})"
        return EndpointError(told, CallOutcome.JUNK, otherwise=True)


def _retry_after_s(error: Any) -> float | None:
    """The header's seconds; None where there is none, or a date."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if seconds >= 0 else None
