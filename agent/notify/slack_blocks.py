"""A page as Block Kit: built from slack_sdk's own models, which refuse what Slack would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    ImageBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from agent.notify.slack_text import ACTIONS, CONTEXT, FIELD, HEADER, SECTION, escaped
from agent.notify.words import MARKS, facts, headline, mark, news, standing_words
from agent.page import Kind, Message, Notice, Standing

__all__ = ["MOST_BLOCKS", "MOST_SHOWN", "as_blocks", "as_thread", "fallback"]

MOST_BLOCKS = 50
MOST_SHOWN = 12
"""Incidents that one message shows: three blocks each stay below Slack's fifty."""


def fallback(message: Message) -> str:
    """What a notification and a screen reader say."""
    return escaped(f"{mark(message)} {headline(message)}", SECTION)


def as_blocks(
    message: Message, *, file: str = "", alt: str = "", mention: Sequence[str] = (), buttons: bool = True
) -> list[dict[str, Any]]:
    """The message; ``file`` is the id of an uploaded filmstrip, ``mention`` who is called.

    Raises:
        slack_sdk.errors.SlackObjectFormationError: a block breaks one of Slack's rules; a fault of ours.
    """
    blocks: list[Block] = [HeaderBlock(text=_plain(f"{mark(message)} {headline(message)}", HEADER))]
    if mention:
        blocks.append(SectionBlock(text=MarkdownTextObject(text=" ".join(mention))))
    blocks += [SectionBlock(text=_plain(line, SECTION)) for line in message.lines[:MOST_SHOWN]]
    for number, notice in enumerate(message.notices[:MOST_SHOWN]):
        blocks += _notice(message, notice, first=number == 0)
    if len(message.notices) > MOST_SHOWN:
        blocks.append(
            ContextBlock(elements=[_plain(f"and {len(message.notices) - MOST_SHOWN} more", CONTEXT)])
        )
    if file:
        blocks.append(ImageBlock(slack_file={"id": file}, alt_text=escaped(alt or "filmstrip", CONTEXT)))
    blocks += _foot(message, buttons)
    return [block.to_dict() for block in blocks[:MOST_BLOCKS]]


def as_thread(message: Message) -> str:
    """What is new, for the thread; empty where nothing of note is."""
    return escaped(" \N{MIDDLE DOT} ".join(news(message)), SECTION)


def _notice(message: Message, notice: Notice, *, first: bool) -> Iterator[Block]:
    """One incident: in full where it is the only one, else in short."""
    alone = len(message.notices) == 1
    if not first:
        yield DividerBlock()
    if not alone:
        title = f"{MARKS[notice.severity]} {notice.severity.value.upper()}: {notice.title}"
        yield SectionBlock(text=_plain(title, SECTION))
    yield SectionBlock(
        text=_plain(notice.summary or notice.title, SECTION),
        fields=[_field(name, value) for name, value in facts(notice)] if alone else None,
    )
    if not alone:
        told = " \N{MIDDLE DOT} ".join(value for _, value in facts(notice)[:2])
        yield ContextBlock(elements=[_plain(f"{told} \N{MIDDLE DOT} {standing_words(notice)}", CONTEXT)])


def _foot(message: Message, buttons: bool) -> Iterator[Block]:
    if message.kind is Kind.DIGEST:
        return
    first = message.notices[0]
    told = [
        _plain(f"judged by {first.model} \N{MIDDLE DOT} {message.why}", CONTEXT),
        MarkdownTextObject(text=_where(first), verbatim=True),
    ]
    yield ContextBlock(elements=told)
    offered = [name for name in ACTIONS if _is_offered(name, message)] if buttons else []
    if offered:
        yield ActionsBlock(
            block_id=f"vidette.{message.id}", elements=[_button(name, message) for name in offered]
        )


def _where(notice: Notice) -> str:
    name = f"incident {escaped(notice.incident, 40)}"
    return f"<{escaped(notice.link, 500).replace('|', '%7C')}|{name}>" if notice.link else name


def _is_offered(name: str, message: Message) -> bool:
    standings = {notice.standing for notice in message.notices}
    if message.kind is Kind.OVER or standings == {Standing.OVER}:
        return False
    if name == "ack":
        return Standing.OPEN in standings
    return name != "mute" or bool(standings & {Standing.OPEN, Standing.ACKNOWLEDGED})


def _button(name: str, message: Message) -> ButtonElement:
    style = "primary" if name == "ack" else None
    return ButtonElement(
        text=PlainTextObject(text=ACTIONS[name]), action_id=f"vidette.{name}", value=message.key, style=style
    )


def _plain(text: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=escaped(text, limit), emoji=False)


def _field(name: str, value: str) -> MarkdownTextObject:
    return MarkdownTextObject(text=f"*{name}*\n{escaped(value, FIELD - len(name) - 3)}", verbatim=True)
