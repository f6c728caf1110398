"""``kind = "file"``: every message as a line of JSON; for trying a tree out, and for tests."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

from agent.notify.base import Notifier, Sender
from agent.notify.document import message_document
from agent.notify.errors import Retryable
from agent.page import Message, Receipt

__all__ = ["FileNotifier", "FileSender"]


@dataclass(frozen=True, slots=True)
class FileNotifier:
    """Appends to a file that it opens anew for each message, so that it may be rotated."""

    path: Path
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Message) -> Receipt:
        """Append one line."""
        line = json.dumps(message_document(message), allow_nan=False)
        try:
            with self._one_at_a_time, self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as exc:
            raise Retryable(f"the file {self.path.name} cannot be written: {exc.strerror}") from exc
        return Receipt(memory={"lines": str(int(message.memory.get("lines", "0")) + 1)})


class FileSender(Sender):
    """Settings: where the file is."""

    path: Path

    def open(self, name: str) -> Notifier:
        """A notifier; the file is made with the first message."""
        return FileNotifier(self.path.expanduser())
