"""``python -m evals SUITE``: runs a suite of the offline evals."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Hands over to the suite that is named first; the status is the suite's."""
    from evals.triage.command import SUITES

    if argv and argv[0] in SUITES:
        from evals.triage.command import main as triage

        return triage(argv)
    if argv and argv[0] == "chat":
        from evals.chat.command import main as chat

        return chat(argv[1:])
    from evals.detect.command import main as detect

    return detect(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
