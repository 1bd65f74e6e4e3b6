"""What ranks on this computer, inside this process: no address, no key, no network."""

from rerank_core.providers.local.this_computer import (
    LOCAL,
    MODELS,
    best_windows,
    compute,
    is_fitted_before,
    parse,
    signals,
)

__all__ = ["LOCAL", "MODELS", "best_windows", "compute", "is_fitted_before", "parse", "signals"]
