"""How large a corpus may become."""

from __future__ import annotations

MAX_PASSAGES = 1_000_000
"""Passages of one corpus: so many short ones were kept, indexed and searched on two cores within 3 GB."""

MAX_TEXT_BYTES = 400_000_000
"""Bytes of text (UTF-8) of one corpus, ids and metadata included: a million passages of 40 words, 340 MB, were indexed
within 1.6 GB. A text of mostly different words needs more."""

MAX_CORPORA = 100
"""Corpora of one owner."""

MAX_BYTES = 50_000_000_000
"""Bytes of all files of one owner's corpora, the indexes and vectors among them."""

MAX_NAME = 100
"""Characters of a corpus' name."""
