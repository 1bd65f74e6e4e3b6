"""The thresholds that people keep for a model on this machine: set on the Evaluate page, used wherever results are."""

from __future__ import annotations

from rerank_core import RerankError
from rerank_core.storage.evaluation_file import ExperimentFile


def kept(provider: str, model: str | None) -> float | None:
    """The score from 0 to 1 kept for a model; None where nobody kept one or it cannot be read, since a threshold
    is never worth losing a result for."""
    try:
        if not ExperimentFile().path.exists():
            return None
        from pages.components.evaluate.state import query_sets  # heavy, and not needed before somebody evaluated

        found = query_sets().threshold(provider, model)
    except (RerankError, OSError):
        return None
    return None if found is None else min(1.0, max(0.0, found.score))
