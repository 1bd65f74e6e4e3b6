"""Data sets of queries and candidates, larger than memory, scored into Parquet part by part."""

from rerank_core import extras

extras.require("Scoring in bulk", "bulk", "pyarrow", "fsspec")
