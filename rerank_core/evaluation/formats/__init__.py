"""The files that judgments, query sets and runs come in."""

from rerank_core.evaluation.formats.registry import KINDS, Kind, detect, merge, read, write

__all__ = ["KINDS", "Kind", "detect", "merge", "read", "write"]
