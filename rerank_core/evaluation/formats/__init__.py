"""The files that judgments, query sets and runs come in."""

from rerank_core.evaluation.formats.reading import read, read_files
from rerank_core.evaluation.formats.registry import KINDS, Kind, detect, merge, write

__all__ = ["KINDS", "Kind", "detect", "merge", "read", "read_files", "write"]
