"""The ids of the models that run on this computer; `providers.local` describes them to a person."""

from __future__ import annotations

ENGLISH, MULTILINGUAL, KEYWORD = "local-english", "local-multilingual", "local-keyword"
CROSS_ENCODER = "local-cross-encoder"
