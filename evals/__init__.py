"""Fixture defects, suites and scorers: what is known to be wrong, and whether vidette says so."""
