"""A threshold from borderline pairs: Cohere's recipe as a guided step, one pair at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.evaluate.orders import remembered, settings
from pages.components.evaluate.rate import draw_document
from pages.components.evaluate.state import reported, state
from pages.components.session import keys, stores
from rerank_core import RerankError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.borderline import (
    BORDERLINE_PAIRS,
    Borderline,
    BorderlineReference,
    borderline_pairs,
    borderline_reference,
)
from rerank_core.evaluation.query_sets.query_set import QuerySet

# From how many characters on a text scrolls in a window of its own, so that the buttons below stay in sight.
LONG_DOCUMENT, DOCUMENT_HEIGHT = 600, 170
BORDERLINE = "borderline"
CHOICES = {BORDERLINE: ("Borderline", "B"), "good": ("Clearly good", "G"), "bad": ("Clearly not", "N")}


def recipe(ranking: Ranking, use_words: str, use: Callable[[float, str], None]) -> None:
    """The pairs that may be borderline, one after another; `use` takes the mean score and how it was found, and
    `use_words` with the score in it is what its button says."""
    opened = st.expander(
        f"Find a threshold from {BORDERLINE_PAIRS[0]} to {BORDERLINE_PAIRS[1]} borderline pairs",
        icon=":material/balance:",
        key=keys.CUT_RECIPE,
        on_change="rerun",
    )
    query_set = state().query_set
    if not opened.open or query_set is None:
        return
    chosen = settings()
    pairs = remembered(("borderline", ranking, chosen), lambda: borderline_pairs(query_set, ranking, chosen))
    with opened:
        st.caption(
            "A borderline document is only just good enough to show. Look at one for each of 30 to 50 queries; the "
            "mean score of those that you call borderline is the threshold. This is Cohere's recipe, and it needs no "
            "ratings."
        )
        if not pairs:
            st.text("There is no pair to look at: nothing of this set has a score yet.")
            return
        try:
            marks = _marks(ranking)
        except RerankError as error:
            errors.show(error)
            return
        seen = [pair for pair in pairs if _name(pair) in marks]
        kept = [pair.score for pair in seen if marks[_name(pair)] == BORDERLINE]
        st.progress(len(seen) / len(pairs), text=f"{len(seen)} of {len(pairs)} pairs looked at, {len(kept)} borderline")
        left = [pair for pair in pairs if _name(pair) not in marks]
        if left:
            _card(query_set, ranking, left[0], len(seen) + 1, len(pairs))
        with st.container(horizontal=True):
            if left:
                st.button(
                    "Take the rest as borderline", icon=":material/done_all:", on_click=_rest, args=(ranking, left)
                )
            st.button(
                "Undo",
                icon=":material/undo:",
                key=keys.RECIPE_UNDO,
                shortcut="U",
                on_click=_undo,
                args=(ranking,),
                disabled=not marks,
            )
        _outcome(kept, use_words, use)


def _outcome(scores: Sequence[float], use_words: str, use: Callable[[float, str], None]) -> None:
    try:
        reference: BorderlineReference = borderline_reference(scores)
    except RerankError:
        return
    st.text(f"{reference.text}.")
    st.button(
        use_words.format(reference.score),
        icon=":material/straighten:",
        key=keys.RECIPE_USE,
        type="primary" if reference.enough else "secondary",
        on_click=use,
        args=(reference.score, f"from {reference.pairs} borderline pairs"),
    )


def _card(query_set: QuerySet, ranking: Ranking, pair: Borderline, number: int, count: int) -> None:
    document = query_set.documents[pair.document]
    about = [f"Pair {number} of {count}", f"score {pair.score:.3f}"]
    about += [f"rated {pair.grade}"] if pair.grade is not None else []
    with st.container(border=True):
        st.text(" · ".join(about))
        with st.container(key=keys.HEADLINE):
            st.text(shown(pair.query.text, 2_000))
        draw_document(document, long=LONG_DOCUMENT, height=DOCUMENT_HEIGHT)
    with st.container(horizontal=True, gap="small"):
        for mark, (words, key) in CHOICES.items():
            st.button(words, key=keys.of(keys.RECIPE, mark), shortcut=key, on_click=_mark, args=(ranking, pair, mark))


def _name(pair: Borderline) -> tuple[str, str]:
    return pair.query.id, pair.document


def _marks(ranking: Ranking) -> dict[tuple[str, str], str]:
    """What was said of each pair of this model, in the order in which it was said; kept on this machine."""
    experiment = state().experiment_id
    return stores.query_sets().marks(experiment, ranking.label) if experiment is not None else {}


def _say(ranking: Ranking, pairs: Sequence[tuple[str, str]], mark: str | None) -> None:
    with reported():
        stores.query_sets().mark(state().experiment_id or "", ranking.label, pairs, mark)


def _mark(ranking: Ranking, pair: Borderline, mark: str) -> None:
    _say(ranking, [_name(pair)], mark)


def _rest(ranking: Ranking, left: Sequence[Borderline]) -> None:
    _say(ranking, [_name(pair) for pair in left], BORDERLINE)


def _undo(ranking: Ranking) -> None:
    with reported():
        if marks := _marks(ranking):
            _say(ranking, [next(reversed(marks))], None)
