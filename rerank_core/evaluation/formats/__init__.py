"""The files that judgments, query sets and runs come in."""

from rerank_core.evaluation.formats.detection import detect
from rerank_core.evaluation.formats.kinds import KINDS, READABLE, Kind
from rerank_core.evaluation.formats.merging import merge
from rerank_core.evaluation.formats.reading import read, read_files
from rerank_core.evaluation.formats.registry import write

__all__ = ["KINDS", "READABLE", "Kind", "detect", "merge", "read", "read_files", "write"]
