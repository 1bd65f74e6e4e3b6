"""Three rerank models that run on this computer, with no key, no network and no cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rerank_core.providers  # noqa: F401  # it imports this package's models, and must be the one to start the circle
from rerank_core.offline.models import MODELS

if TYPE_CHECKING:
    from rerank_core.offline.engine import Scored, is_loaded, load, score, unavailable_reason

__all__ = ["MODELS", "Scored", "is_loaded", "load", "score", "unavailable_reason"]


def __getattr__(name: str) -> Any:
    """The engine comes with the first call: whoever only reads the list of models does not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rerank_core.offline import engine

    return getattr(engine, name)
