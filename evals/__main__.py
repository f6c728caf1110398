"""``python -m evals SUITE``: runs a suite of the offline evals."""

from __future__ import annotations

import sys

from evals.detect.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
