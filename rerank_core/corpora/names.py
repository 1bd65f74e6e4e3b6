"""What corpora may be called."""

from __future__ import annotations

import unicodedata

from rerank_core.corpora.errors import CorpusError
from rerank_core.corpora.limits import MAX_NAME


def checked_name(name: str) -> str:
    """A name as it is kept, without double spaces. Raises CorpusError for one that is empty, too long or unshowable."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise CorpusError("A corpus needs a name.", hint="Type a name of at least one letter.", code="corpus_name")
    if len(name) > MAX_NAME:
        raise CorpusError(
            f"The name has {len(name):,} characters; {MAX_NAME} is the most.", hint="Shorten it.", code="corpus_name"
        )
    if not name.isprintable():
        raise CorpusError("The name holds characters that cannot be shown.", hint="Type it anew.", code="corpus_name")
    return name


def folded(name: str) -> str:
    """What two names have in common that people take for the same."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
