"""Passages on their way into a corpus, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rerank_core.models import Document, DocumentInput, as_documents

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Added:
    """What an addition did: passages added, and passages left out because the very same ones were there already."""

    added: int
    skipped: int


def checked(documents: Iterable[DocumentInput]) -> Iterator[Document]:
    """Documents one at a time, so that a long import is never in memory as a whole. Raises InvalidDocumentsError for
    what is none."""
    if isinstance(documents, Sequence):
        yield from as_documents(documents)
        return
    rest = iter(documents)
    while some := list(islice(rest, _AT_ONCE)):
        yield from as_documents(some)
