"""The HTTP door: one router a file, put together in ``app``."""
