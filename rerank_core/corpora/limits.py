"""How large a corpus may become."""

from __future__ import annotations

MAX_PASSAGES = 100_000
"""Passages of one corpus: what was measured to work on two cores within 2 GB."""

MAX_TEXT_BYTES = 130_000_000
"""Bytes of text (UTF-8) of one corpus, ids and metadata included: up to here indexing stayed within 2 GB."""

MAX_CORPORA = 100
"""Corpora of one owner."""

MAX_BYTES = 50_000_000_000
"""Bytes of all files of one owner's corpora, the indexes and vectors among them."""

MAX_NAME = 100
"""Characters of a corpus' name."""
