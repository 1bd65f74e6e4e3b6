"""What the scores of a run mean.

The threshold is a person's own in this session, else the one kept on this computer, else the one measured for the
model. The levels of the words are those measured for the model, from what is kept on this computer on.
"""

from __future__ import annotations

import streamlit as st

from pages.components.session import keys, stores
from rerank_core import RerankError, language, provider
from rerank_core.providers.local import is_fitted_before
from rerank_core.ranking import strength
from rerank_core.ranking.strength import Levels, ScoreScale, scale_of
from rerank_core.storage.evaluation_file import ExperimentFile
from rerank_core.storage.run_record import Run


def own() -> dict[tuple[str, str | None], float]:
    """The scores that somebody set in this session, by provider id and model id."""
    found: dict[tuple[str, str | None], float] = st.session_state.setdefault(keys.THRESHOLDS, {})
    return found


def kept(provider_id: str, model: str | None) -> float | None:
    """The score from 0 to 1 that was kept for a model on the Evaluate page.

    None where nobody kept one or it cannot be read, since a threshold is never worth losing a result for.
    """
    try:
        if not ExperimentFile().path.exists():
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
    measured = _measured(run)
    return None if measured is None else measured.possible


def levels(run: Run) -> Levels | None:
    """The scores at which the words of this run change; None where nobody knows them for its model.

    A cut-off that was kept on the Evaluate page comes from a person's own ratings, so "weak" ends there; where nothing
    else was measured, "strong" begins there too. What somebody sets on a board for a while changes no word.
    """
    measured, cut = _measured(run), kept(run.connection, run.response.model)
    if cut is None:
        return measured
    if measured is None:
        return Levels(cut, cut)
    return Levels(cut, None if measured.strong is None else max(cut, measured.strong))


def scale(run: Run) -> ScoreScale:
    """How the scores of this run are shown: their words, and the range of their bars."""
    scores = [row.relevance_score for row in run.response.results]
    return scale_of(scores, provider(run.connection).model(run.response.model), levels(run))


def _measured(run: Run) -> Levels | None:
    model = provider(run.connection).model(run.response.model)
    if model is None or (run.connection == "local" and is_fitted_before(run.response.model, run.response.raw)):
        return None
    across = model.cross_language_threshold is not None and language.differ(
        run.query, [document.text for document in run.documents]
    )
    return strength.levels(model, across_languages=across)
