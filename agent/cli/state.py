"""What the commands of one run of the program share."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.settings import Settings, load_settings

__all__ = ["State"]


@dataclass(slots=True)
class State:
    """``debug`` asks for the traceback of an unexpected error; settings are read when first needed."""

    debug: bool = False
    _settings: list[Settings] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The environment's settings.

        Raises:
            UsageError: a variable has a value that its setting does not take.
        """
        if not self._settings:
            self._settings.append(load_settings())
        return self._settings[0]
