"""The commands. Each file is one of them; ``app`` puts them together."""

from agent.cli.app import main

__all__ = ["main"]
