"""How alike texts are in meaning: the cosine of a local model's vectors, for all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rerank_core.models import texts_of
from rerank_core.retrieval.embedding import Vectors, embed_passages

if TYPE_CHECKING:
    from rerank_core.retrieval.passages import OnProgress, Passages

Floats = NDArray[np.float32]

_ROWS = 2048  # windows that are compared with all others at once


def alike(vectors: Vectors, count: int, *, check: Callable[[], None] | None = None) -> Floats:
    """The likeness of every pair of `count` texts, as a symmetric matrix with values -1..1.

    Texts that the model reads in one piece are compared by the cosine of their vectors. A longer text has a vector
    for each of its windows: each window of one text is given the best cosine it has with a window of the other, the
    mean of these is taken for either text, and the lower of the two counts. So two long texts that share a
    paragraph, or a short text that stands word for word in a long one, are not taken for the same. A text in which
    the model sees nothing has 0 with all others and with itself.
    """
    found = _directed(vectors, count, vectors, count, check)
    lower: Floats = np.minimum(found, found.T)
    return lower


def alike_with(reference: Vectors, vectors: Vectors, count: int, *, check: Callable[[], None] | None = None) -> Floats:
    """The likeness of one text, whose windows `reference` holds, with each of many, as `alike` has it."""
    there = _directed(reference, 1, vectors, count, check)[0]
    back = _directed(vectors, count, reference, 1, check)[:, 0]
    lower: Floats = np.minimum(there, back)
    return lower


def vectors_at(passages: Passages, places: Sequence[int], model: str, on_progress: OnProgress | None = None) -> Vectors:
    """The vectors of some texts of a collection, as its `rank_fields` make them, owned by their places in `places`.

    A collection keeps its own, so those of all its texts are made once and used again; of a few texts out of many
    only theirs are made. `on_progress` hears texts done and texts in all; what it raises stops the work. Raises
    ConfigurationError where the model cannot be used here.
    """
    if len(places) * 2 < len(passages) and passages.missing_vectors(model):
        texts = texts_of(passages.get(places), passages.rank_fields)
        return embed_passages(
            model, texts, tick=None if on_progress is None else lambda done: on_progress(done, len(texts))
        )
    stored = passages.vectors(model, on_progress).vectors
    wanted = np.full(len(passages), -1, np.int32)
    wanted[np.asarray(places, np.intp)] = np.arange(len(places), dtype=np.int32)
    owners = wanted[stored.owners]
    chosen = np.flatnonzero(owners >= 0)
    chosen = chosen[np.argsort(owners[chosen], kind="stable")]
    return Vectors(np.asarray(stored.rows[chosen]), owners[chosen])


def _directed(
    ours: Vectors, our_count: int, theirs: Vectors, their_count: int, check: Callable[[], None] | None
) -> Floats:
    """For each text of ours and of theirs: the mean, over our text's windows, of the best cosine with theirs."""
    out = np.zeros((our_count, their_count), np.float32)
    if not len(ours.rows) or not len(theirs.rows):
        return out
    firsts = _firsts(theirs.owners)
    places = theirs.owners[firsts]
    several = len(firsts) < len(theirs.owners)
    windows = np.bincount(ours.owners, minlength=our_count)
    for start in range(0, len(ours.rows), _ROWS):
        if check is not None:
            check()
        stop = min(len(ours.rows), start + _ROWS)
        cosines = np.clip(ours.rows[start:stop] @ theirs.rows.T, -1.0, 1.0)
        best = np.maximum.reduceat(cosines, firsts, axis=1) if several else cosines
        owners = ours.owners[start:stop]
        heads = _firsts(owners)
        sums = np.add.reduceat(best, heads, axis=0) if len(heads) < len(owners) else best
        out[owners[heads][:, None], places] += sums  # a text whose windows lie on both sides of a cut is met twice
    out /= np.maximum(windows, 1)[:, None]
    return out


def _firsts(owners: NDArray[np.int32]) -> NDArray[np.intp]:
    """Where each text's windows begin."""
    return np.flatnonzero(np.concatenate([[True], owners[1:] != owners[:-1]]))
