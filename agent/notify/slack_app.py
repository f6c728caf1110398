"""The Slack app's own settings: how its requests to us are known for what they are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agent.notify.base import SecretPlace

__all__ = ["SlackApp"]


class SlackApp(BaseModel):
    """``[slack]`` of the notification file: how requests of the Slack app are known for what they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    signing_secret: SecretPlace
    team: str | None = Field(None, pattern=r"^[TE][A-Z0-9]{2,20}$")
