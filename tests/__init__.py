"""The tests mirror ``pipeline/`` and ``agent/``."""
