"""Three rerank models that run on this computer, with no key, no network and no cost."""

import rerank_core.providers  # noqa: F401  # it imports this package's models, and must be the one to start the circle
from rerank_core.offline.engine import Scored, is_loaded, load, score, unavailable_reason
from rerank_core.offline.models import MODELS

__all__ = ["MODELS", "Scored", "is_loaded", "load", "score", "unavailable_reason"]
