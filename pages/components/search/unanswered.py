"""What to do where nothing answers: a reply that says so, and the list of articles that are missing."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.display.download import download
from pages.components.display.ownership import SHARE, may_change, whose
from pages.components.search.state import state
from pages.components.session import keys, people, stores
from rerank_core.errors import RerankError
from rerank_core.exports.answers import nothing_known_text
from rerank_core.models import RankedDocument
from rerank_core.ranking.orders import label_of
from rerank_core.storage.missing_articles import MissingArticle, missing_articles_csv

_PREVIEW = 160
_CHOOSE = "Choose rows of the table first: those of your own."


def instead(question: str, place: str, best: RankedDocument | None) -> None:
    """In place of an answer: say that nothing is known, in the question's language, or note the missing article."""
    st.subheader("Say that nothing is known", anchor=False)
    st.code(nothing_known_text(question), language=None, wrap_lines=True)
    if any((one.query, one.place) == (question, place) for one in _noted()):
        st.caption(":material/check: Noted as a missing article. The list stands below.")
        return
    st.button(
        "Note as a missing article",
        icon=":material/playlist_add:",
        key=keys.MISSING_NOTE,
        on_click=note,
        args=(question, place, best),
        help="Keeps the question on a list on this computer, with where it was asked and the nearest result.",
    )


def note(question: str, place: str, best: RankedDocument | None) -> None:
    """Put a question on the list."""
    near = None if best is None else label_of(best.document)
    score = None if best is None else best.relevance_score
    _change(lambda: stores.missing_articles().add(MissingArticle(question, place, near, score)))
    state().removed = ()


def articles() -> None:
    """The list, where there is one: to be read, shortened and taken away."""
    current = state()
    noted = _noted()
    if current.missing_error is not None:
        errors.show(current.missing_error, title="The list of missing articles cannot be used")
    if not noted and not current.removed:
        return
    with st.expander(f"Missing articles ({len(noted):,})", icon=":material/playlist_add_check:", key=keys.MISSING_LIST):
        if noted:
            _table(noted)
        if current.removed:
            count = len(current.removed)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{count:,} {'question is' if count == 1 else 'questions are'} off the list.", width="content")
                st.button("Put back", icon=":material/undo:", on_click=_put_back)


def _table(noted: tuple[MissingArticle, ...]) -> None:
    key = keys.of(keys.MISSING_TABLE, state().missing_round)
    table: dict[str, list[object]] = {
        "Question": [shown(one.query, _PREVIEW, one_line=True) for one in noted],
        "Noted": [one.noted.astimezone().strftime("%Y-%m-%d %H:%M") for one in noted],
        "Searched in": [shown(one.place, 80, one_line=True) for one in noted],
        "Nearest": [shown(one.near_miss or "", 80, one_line=True) for one in noted],
        "Its score": [one.score for one in noted],
    }
    signed_in = people.current() is not None
    if signed_in:
        table["Whose"] = [whose(one.ownership) for one in noted]
    rows = st.dataframe(
        pd.DataFrame(table),
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="nothing found",
        column_config={
            "Question": st.column_config.TextColumn(width="large"),
            "Its score": st.column_config.NumberColumn(format="%.3f"),
        },
        alt="Questions that nothing answered",
    )["selection"]["rows"]
    chosen = tuple(noted[int(place)] for place in rows if place < len(noted))
    mine = tuple(one for one in chosen if may_change(one.ownership))
    with st.container(horizontal=True):
        download("CSV", lambda: missing_articles_csv(noted), "missing-articles.csv", keys.MISSING_CSV)
        st.button(
            "Take off the list",
            icon=":material/playlist_remove:",
            disabled=not mine,
            on_click=_remove,
            args=(mine,),
            help=None if mine else _CHOOSE,
        )
        if signed_in:
            shared = bool(mine) and all(one.ownership.shared for one in mine)
            st.button(
                "Take back the sharing" if shared else SHARE,
                icon=":material/group:",
                disabled=not mine,
                key=keys.MISSING_SHARE,
                on_click=_share,
                args=(mine, not shared),
                help=None if mine else _CHOOSE,
            )


def _noted() -> tuple[MissingArticle, ...]:
    found: list[tuple[MissingArticle, ...]] = []
    _change(lambda: found.append(stores.missing_articles().list()))
    return found[0] if found else ()


def _remove(chosen: tuple[MissingArticle, ...]) -> None:
    _change(lambda: stores.missing_articles().remove(one.id for one in chosen))
    state().removed = chosen
    state().missing_round += 1


def _share(chosen: tuple[MissingArticle, ...], shared: bool) -> None:
    _change(lambda: stores.missing_articles().share((one.id for one in chosen), shared))


def _put_back() -> None:
    back = state().removed
    _change(lambda: stores.missing_articles().add(*back))
    state().removed = ()


def _change(do: Callable[[], object]) -> None:
    """Use the list; what goes wrong is said beside it and loses nothing else."""
    try:
        do()
    except RerankError as error:
        state().missing_error = error
    else:
        state().missing_error = None
