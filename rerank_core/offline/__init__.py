"""Three rerank models that run on this computer, with no key, no network and no cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerank_core.offline.computed import keep_in
    from rerank_core.offline.engine import Scored, is_loaded, load, score, unavailable_reason

__all__ = ["Scored", "is_loaded", "keep_in", "load", "score", "unavailable_reason"]


def __getattr__(name: str) -> Any:
    """The engine comes with the first call: whoever only names a model does not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rerank_core.offline import computed, engine

    return getattr(computed if name == "keep_in" else engine, name)
