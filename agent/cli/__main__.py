"""``python -m agent.cli``: the same as ``vidette``, without an installed script."""

from agent.cli.app import main

main()
