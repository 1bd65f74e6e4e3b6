"""The collections that pages search or compare: the sample, the knowledge bases, a live search engine."""

from __future__ import annotations

from dataclasses import dataclass

from pages.components.session import stores
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.passages import Passages

SAMPLE, LIVE = "sample", "live"
"""The ids of the sources that are no knowledge base of this computer."""
GONE = "The knowledge base that was chosen is no longer there; it was deleted, perhaps in another window."


@dataclass(frozen=True)
class LiveSettings:
    """How a live search engine is reached; everything a worker needs."""

    index: LiveIndex
    name: str
    typed: bool = True


def passages_of(source: str) -> tuple[Passages, str]:
    """The collection behind a source's id, and its name. Raises CorpusError where it is gone."""
    if source == SAMPLE:
        return stores.sample_passages(), "the sample knowledge base"
    corpus = stores.corpora().open(source)
    return corpus, corpus.name
