"""Scans as jobs: processes that take them from the queue, and whoever keeps those processes alive."""
