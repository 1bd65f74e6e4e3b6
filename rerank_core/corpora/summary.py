"""A corpus as a row of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rerank_core.corpora.corpus import Corpus
from rerank_core.corpora.errors import CorpusError
from rerank_core.corpora.files import size_of
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.storage.ownership import EVERYBODYS, Actor, Ownership


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """A corpus as a row of a list.

    `passages` is what is searched, `documents` how many documents they were cut from (the same number where
    nothing was cut), `size` the bytes of all its files. `keyword` says whether the keyword index is there,
    `vectors` how many passages each local model has embedded, `rank_fields` which fields of a passage are searched and
    ranked, `ownership` whose it is, `home` what people call the place it is kept in, empty for this computer. `problem`
    is None, or the sentence of what is wrong with its files, and then the rest is empty but for id and size.
    """

    id: str
    name: str
    created: datetime | None
    passages: int
    documents: int
    size: int
    keyword: bool = False
    vectors: Mapping[str, int] = field(default_factory=dict, hash=False)
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    ownership: Ownership = EVERYBODYS
    problem: str | None = None
    home: str = ""


def summary_of(path: Path, actor: Actor) -> CorpusSummary | None:
    """A row of the list; None for what does not stand in it."""
    from rerank_core.corpora.vector_file import VectorFile
    from rerank_core.retrieval.embedding import EMBEDDING_MODELS

    corpus = Corpus(path)
    try:
        facts = corpus.facts()
        if not actor.lists(facts.ownership.owner, facts.ownership.shared):
            return None
        keyword = corpus.has_keyword_index()
    except CorpusError as error:
        if error.code == "corpus_not_found" and not path.is_dir():
            return None  # deleted while the list was made
        return CorpusSummary(path.name, "", None, 0, 0, size_of(path), problem=error.message)
    return CorpusSummary(
        id=path.name,
        name=facts.name,
        created=facts.created,
        passages=facts.passages,
        documents=facts.documents,
        size=size_of(path),
        keyword=keyword,
        vectors={
            model: count
            for model in EMBEDDING_MODELS
            if (count := VectorFile(path, model, facts.rank_fields).passages())
        },
        rank_fields=facts.rank_fields,
        ownership=facts.ownership,
    )
