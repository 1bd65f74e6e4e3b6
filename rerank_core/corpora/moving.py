"""A knowledge base on its way from one home to another: copied, compared passage by passage, and only then deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import islice

import numpy as np

from rerank_core.corpora.corpus import Corpus
from rerank_core.corpora.database import Facts
from rerank_core.corpora.errors import CorpusError
from rerank_core.corpora.homes.corpus import HomeCorpus, vectors_name
from rerank_core.corpora.homes.home import Home, HomeEntry
from rerank_core.corpora.rows import row_of
from rerank_core.corpora.vector_file import VectorFile
from rerank_core.models import Document
from rerank_core.retrieval.embedding import EMBEDDING_MODELS, Vectors, joined

OnStage = Callable[[str, int, int], object]
"""Called with what is being done ("Copying", "Copying vectors", "Comparing"), passages done and passages in all; what
it raises stops the work, and everything is as it was."""

_REPORT_EVERY = 500
_PASSAGES_AT_ONCE = 1_000


def copied(source: Corpus | HomeCorpus, target: Corpus | HomeCorpus, facts: Facts, tell: OnStage) -> None:
    """Copy all passages and all vectors into an empty knowledge base, and compare every passage of the two by its
    hash. Raises CorpusError where one differs."""
    total, seen = facts.passages, blake2b()

    def passages() -> Iterator[Document]:
        for place, document in enumerate(islice(source, total)):
            if place % _REPORT_EVERY == 0:
                tell("Copying", place, total)
            seen.update(row_of(0, document).digest)
            yield document

    if isinstance(target, HomeCorpus):
        target.home.append(target.id, passages(), skip_known=False)
    else:
        target.add(passages(), skip_known=False)
    _copy_vectors(source, target, facts, tell)
    kept, count = blake2b(), 0
    for document in target:
        if count % _REPORT_EVERY == 0:
            tell("Comparing", count, total)
        kept.update(row_of(0, document).digest)
        count += 1
    if count != total or kept.digest() != seen.digest():
        raise CorpusError(
            f"The copy is not the same: {count:,} of {total:,} passages arrived, or one of them is another.",
            hint="The knowledge base is where it was. Try again, or ask whoever runs the place it was to go to.",
            code="move_differs",
        )


def refuse_changed(source: Corpus | HomeCorpus, facts: Facts) -> None:
    """Raise CorpusError where a knowledge base is no longer what was copied."""
    if source.facts() != facts:
        raise CorpusError(
            "The knowledge base was changed while it was moved.",
            hint="It is where it was, with the change. Move it again.",
            code="corpus_busy",
            retryable=True,
        )


def begun(home: Home, base: str, facts: Facts) -> None:
    """Make the empty knowledge base in a home that passages are copied to."""
    home.begin(HomeEntry(base, facts._replace(passages=0, documents=0)))


def _copy_vectors(source: Corpus | HomeCorpus, target: Corpus | HomeCorpus, facts: Facts, tell: OnStage) -> None:
    for model in EMBEDDING_MODELS:
        name = vectors_name(model, facts.rank_fields)
        if isinstance(source, HomeCorpus):
            passages = source.home.entry(source.id).vectors.get(name, 0)
            parts: Iterable[Vectors] = source.home.vectors(source.id, name) if passages else ()
        else:
            file = VectorFile(source.folder, model, facts.rank_fields)
            passages = file.passages()
            parts = _parts(file.open(), passages) if passages else ()
        if not passages:
            continue
        to = None if isinstance(target, HomeCorpus) else VectorFile(target.folder, model, facts.rank_fields)
        width = 0

        def put(part: Vectors, upto: int, to: VectorFile | None = to, name: str = name) -> None:
            if to is not None:
                to.append(part, upto)
            elif isinstance(target, HomeCorpus):
                target.home.add_vectors(target.id, name, part, upto)

        for part in _whole_passages(parts):
            done, width = int(part.owners[-1]) + 1, part.rows.shape[1]
            tell("Copying vectors", min(done, passages), passages)
            put(part, done)
        put(Vectors(np.zeros((0, width), np.float32), np.zeros(0, np.int32)), passages)
        if isinstance(target, HomeCorpus):
            target.home.finish_vectors(target.id, name)


def _whole_passages(parts: Iterable[Vectors]) -> Iterator[Vectors]:
    """The same rows in parts none of which ends in the middle of a passage: a home numbers the rows of a passage in the
    part that it is given."""
    left: Vectors | None = None
    for part in parts:
        some = part if left is None else joined([left, part])
        first = int(np.searchsorted(some.owners, some.owners[-1], "left"))
        if first:
            yield Vectors(some.rows[:first], some.owners[:first])
        left = Vectors(some.rows[first:], some.owners[first:])
    if left is not None:
        yield left


def _parts(whole: Vectors, passages: int) -> Iterator[Vectors]:
    """Rows of some passages at a time, so that those of a large knowledge base are never in memory as a whole."""
    for start in range(0, passages, _PASSAGES_AT_ONCE):
        first, last = np.searchsorted(whole.owners, (start, start + _PASSAGES_AT_ONCE), "left")
        if first < last:
            yield Vectors(whole.rows[first:last], whole.owners[first:last])
