"""What was rated on a board, added to a query set: one button, which set, and who rated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.display.ownership import may_change, named
from pages.components.inputs import ratings
from pages.components.inputs.rater import rater, rater_input
from pages.components.session import keys, page_state, stores
from rerank_core import InvalidRequestError, RerankError
from rerank_core.documents.report import count
from rerank_core.documents.working_list import unused_name
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, SAMPLE_NAME
from rerank_core.storage.run_record import Run

if TYPE_CHECKING:
    from rerank_core.storage.query_sets import QuerySetSummary

MY_RATINGS = "My ratings"
NEW = "new"
NAME_CHARACTERS = 80


@dataclass
class AddedRatings:
    """What the last click on Add came to: of which run, with which grades, into which set, in words; or why not."""

    run_id: str = ""
    grades: Mapping[int, int] | None = None
    set_id: str = ""
    words: str = ""
    error: RerankError | None = None


def labels_of(saved: Iterable[QuerySetSummary]) -> dict[str, str]:
    """Query sets by id with what a select box calls them. It tells its options apart by their words, so no two are
    alike; the older set keeps its own."""
    names: dict[str, str] = {}
    for one in sorted(saved, key=lambda one: one.created):
        names[one.id] = unused_name(named(f"{one.name} ({one.queries:,})", one.ownership), names.values())
    return names


def add_ratings(run: Run) -> None:
    """The way from the ratings of this run into a query set; nothing where there are none. `run` as `ratings.of` gives
    it."""
    ratings.show_error()
    if not run.ratings:
        return
    try:
        listed = stores.query_sets().list()
        saved = {one.id: one for one in listed if one.name != SAMPLE_NAME and may_change(one.ownership)}
    except RerankError as error:
        errors.show(error, title="The query sets cannot be read")
        return
    names = labels_of(saved.values())
    target = st.session_state[keys.RATINGS_SET] = _target(saved)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.button(
                "Add to a query set",
                icon=":material/playlist_add:",
                key=keys.RATINGS_ADD,
                on_click=_add,
                args=(run, target),
                help="Adds the query, its documents and these ratings to a query set of Evaluate, where models are "
                "measured on them. Adding again changes only what you rated anew.",
            )
            st.selectbox(
                "Query set",
                [*saved, NEW],
                format_func=lambda one: "A new set" if one == NEW else names[one],
                key=keys.RATINGS_SET,
                on_change=_choose,
                width=240,
            )
            if target == NEW:
                st.session_state.setdefault(keys.RATINGS_NAME, MY_RATINGS)
                st.text_input("Name of the new set", key=keys.RATINGS_NAME, max_chars=200, width=200)
            rater_input(lambda: _people(target))
        _outcome(run)


def _target(saved: Mapping[str, QuerySetSummary]) -> str:
    """The set that was used last in this session, here or on Evaluate; else one for ratings, else a new one."""
    last: str | None = st.session_state.get(keys.LAST_SET)
    if last is not None and (last in saved or last == NEW):
        return last
    return next((one.id for one in saved.values() if one.name == MY_RATINGS), NEW)


def _choose() -> None:
    st.session_state[keys.LAST_SET] = st.session_state[keys.RATINGS_SET]
    page_state.of(AddedRatings).error = None


def _people(set_id: str) -> list[str]:
    """Who has rated in a saved set; nobody where it is new."""
    if set_id == NEW:
        return []
    try:
        return [name for name in stores.query_sets().raters(set_id) if name not in NO_PERSON]
    except RerankError:
        return []


def _outcome(run: Run) -> None:
    """What became of the last click, as long as the ratings are those that were added."""
    last = page_state.of(AddedRatings)
    if last.run_id != run.id or last.grades != run.ratings:
        return
    if last.error is not None:
        errors.show(last.error, title="The ratings were not added")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":material/check_circle:", width="content")
        st.text(last.words, width="content")
        st.page_link(
            "evaluate.py",
            label="Open it on Evaluate",
            icon=":material/monitoring:",
            query_params={keys.SET_ID: last.set_id, keys.STEP: "Query set"},
        )


def _add(run: Run, target: str) -> None:
    run = ratings.of(run)
    who = rater(lambda: _people(target))
    last = page_state.of(AddedRatings)
    try:
        set_id, name = _kept(run, target, who)
    except RerankError as error:
        last.run_id, last.grades, last.error = run.id, run.ratings, error
    else:
        last.run_id, last.grades, last.error, last.set_id = run.id, run.ratings, None, set_id
        number = sum(bool(run.documents[index].text.strip()) for index in run.ratings)
        verb = "is" if number == 1 else "are"
        last.words = (
            f"{count(number, 'rating')} of 1 query {verb} now in '{shown(name, NAME_CHARACTERS, one_line=True)}' "
            f"by {shown(who, NAME_CHARACTERS, one_line=True)}."
        )
        st.session_state[keys.LAST_SET] = set_id


def _kept(run: Run, target: str, who: str) -> tuple[str, str]:
    """Keep the ratings in this set, or in a new one; its id and its name."""
    from rerank_core.evaluation.query_sets.sources import from_runs

    store = stores.query_sets()
    if target != NEW:
        stores.judging().check_rater(target, who)
        return target, store.add_runs(target, [run], who).name
    name = (st.session_state.get(keys.RATINGS_NAME) or "").strip() or MY_RATINGS
    if name == SAMPLE_NAME:
        raise InvalidRequestError(f"'{name}' is the name of the sample.", hint="Give the new set another name.")
    made = from_runs([run], rater=who, name=unused_name(name, [one.name for one in store.list()]))
    return store.save(made), made.name
