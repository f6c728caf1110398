"""``vidette slate``: the entry that makes a card of an input planned content, ready for a profile."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.options import JsonOption, ProfileOption
from agent.cli.terminal import print_json
from agent.report.document import render_json
from agent.report.words import timecode
from agent.text import encodable
from pipeline.source import redact

__all__ = ["SCHEMA", "slate"]

SCHEMA = "vidette.slate/1"


def slate(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="A file or URL that shows it.", show_default=False)
    ],
    at: Annotated[float, typer.Option("--at", min=0.0, metavar="SECONDS", help="When it is on show.")] = 0.0,
    profile: ProfileOption = "default",
    json_document: JsonOption = False,
) -> None:
    """Print the entry that makes a card, bars or a pause picture planned content.

    The picture is known again at any size and bit rate. Paste the entry into a profile; where that has
    masks, name it with --profile, for what they hide is no part of the picture.
    """
    # Decoders and kernels take a second to load: not for --help, nor for the other commands.
    from pipeline.profile import load_profile
    from pipeline.slate import picture_hash

    time_s, known = picture_hash(source, at, load_profile(profile).areas)
    if json_document:
        print_json(
            render_json(
                {"schema": SCHEMA, "url": encodable(redact(source)), "time_s": time_s, "picture": str(known)}
            )
        )
    else:
        typer.echo(f'[[planned]]\nwhat = "card at {timecode(time_s)}"\npicture = "{known}"')
