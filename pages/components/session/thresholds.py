"""What the scores of a run mean.

The threshold is a person's own in this session, else the one kept on this computer, else the one measured for the
model. The levels of the words are those measured for the model, from what is kept on this computer on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st
from sqlalchemy import select

from pages.components.session import keys, stores
from rerank_core import Document, RerankError, language, provider
from rerank_core.providers.local import is_fitted_before
from rerank_core.ranking import strength
from rerank_core.ranking.strength import Levels, ScoreScale, scale_of
from rerank_core.storage.run_record import Run
from rerank_core.storage.schema.evaluation import thresholds

_known: ContextVar[dict[tuple[str, str | None], float | None] | None] = ContextVar("kept_thresholds", default=None)


def own() -> dict[tuple[str, str | None], float]:
    """The scores that somebody set in this session, by provider id and model id."""
    found: dict[tuple[str, str | None], float] = st.session_state.setdefault(keys.THRESHOLDS, {})
    return found


def kept(provider_id: str, model: str | None) -> float | None:
    """The score from 0 to 1 that was kept for a model on the Evaluate page.

    None where nobody kept one or it cannot be read, since a threshold is never worth losing a result for.
    """
    known = _known.get()
    if known is None:
        return _read(provider_id, model)
    if (provider_id, model) not in known:
        known[provider_id, model] = _read(provider_id, model)
    return known[provider_id, model]


@contextmanager
def read_once() -> Iterator[None]:
    """Inside, what was kept for a model is read once: for a part of a page that asks often while it is drawn."""
    before = _known.set({})
    try:
        yield
    finally:
        _known.reset(before)


def _read(provider_id: str, model: str | None) -> float | None:
    try:
        with stores.database().read() as db:  # what belongs to evaluation takes long to import
            if db.execute(select(thresholds.c.score).limit(1)).first() is None:
                return None
        found = stores.query_sets().threshold(provider_id, model)
    except (RerankError, OSError):
        return None
    return None if found is None else min(1.0, max(0.0, found.score))


def suggested(run: Run) -> float | None:
    """The score under which nothing answers the query of this run; None where nobody knows one for its model."""
    mine = own().get((run.connection, run.response.model))
    if mine is None:
        mine = kept(run.connection, run.response.model)
    if mine is not None:
        return mine
    if _is_of_before(run):
        return None
    measured = _measured(run.connection, run.response.model, run.query, run.documents)
    return None if measured is None else measured.possible


def levels(run: Run) -> Levels | None:
    """The scores at which the words of this run change; None where nobody knows them for its model.

    A cut-off that was kept on the Evaluate page comes from a person's own ratings, so "weak" ends there; where nothing
    else was measured, "strong" begins there too. What somebody sets on a board for a while changes no word. A saved run
    from before its model was fitted again has none.
    """
    if _is_of_before(run):
        return None
    return _levels(run.connection, run.response.model, run.query, run.documents)


def scale(run: Run) -> ScoreScale:
    """How the scores of this run are shown: their words, and the range of their bars."""
    scores = [row.relevance_score for row in run.response.results]
    return scale_of(scores, provider(run.connection).model(run.response.model), levels(run))


def _is_of_before(run: Run) -> bool:
    return run.connection == "local" and is_fitted_before(run.response.model, run.response.raw)


def scale_for(
    of: tuple[str, str | None], scores: Sequence[float | None], query: str, documents: Sequence[Document]
) -> ScoreScale:
    """How scores of one query by the provider and model `of` are shown."""
    connection, model = of
    return scale_of(scores, provider(connection).model(model), _levels(connection, model, query, documents))


def _levels(connection: str, model: str | None, query: str, documents: Sequence[Document]) -> Levels | None:
    measured, cut = _measured(connection, model, query, documents), kept(connection, model)
    if cut is None:
        return measured
    if measured is None:
        return Levels(cut, cut)
    return Levels(cut, None if measured.strong is None else max(cut, measured.strong))


def _measured(connection: str, name: str | None, query: str, documents: Sequence[Document]) -> Levels | None:
    model = provider(connection).model(name)
    if model is None:
        return None
    across = model.cross_language_threshold is not None and language.differ(
        query, [document.text for document in documents]
    )
    return strength.levels(model, across_languages=across)
