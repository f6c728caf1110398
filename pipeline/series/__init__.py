"""Rows as columns: built while decoding, kept as Parquet, replayed."""

from pipeline.series.table import Kind, Table

__all__ = ["Kind", "Table"]
