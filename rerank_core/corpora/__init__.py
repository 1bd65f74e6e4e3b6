"""Named collections of passages that are kept on this machine, with the indexes that find candidates in them."""

from rerank_core.extras import require

require("A collection", "local", "numpy")

from rerank_core.corpora.adding import Added
from rerank_core.corpora.catalogue import CorpusStore
from rerank_core.corpora.corpus import Corpus
from rerank_core.corpora.errors import CorpusError
from rerank_core.corpora.knowledge_bases import KnowledgeBase, KnowledgeBases
from rerank_core.corpora.limits import MAX_NAME, MAX_PASSAGES, MAX_TEXT_BYTES
from rerank_core.corpora.summary import CorpusSummary

__all__ = [
    "MAX_NAME",
    "MAX_PASSAGES",
    "MAX_TEXT_BYTES",
    "Added",
    "Corpus",
    "CorpusError",
    "CorpusStore",
    "CorpusSummary",
    "KnowledgeBase",
    "KnowledgeBases",
]
