"""Step 1: which queries are measured, where their candidates come from, and the set as a file to take away."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.ownership import may_change, said, share_switch
from pages.components.evaluate.files_input import add, inbox
from pages.components.evaluate.new_run import what_is_read
from pages.components.evaluate.orders import remembered
from pages.components.evaluate.saved import choose_saved, delete_popover, rename_popover
from pages.components.evaluate.state import is_sample, leave_set, open_set, reported, saved_sets, state
from pages.components.inputs.import_report import problems
from pages.components.inputs.query_sets import labels_of
from pages.components.session import keys, stores
from rerank_core import RerankError
from rerank_core.evaluation import KINDS
from rerank_core.evaluation import write as as_file
from rerank_core.evaluation.query_sets.query_set import QuerySet, describe
from rerank_core.exports import tables

SHOWN_QUERIES, PREVIEW = 2_000, 300


def query_set_step() -> None:
    """Choose a query set, see what is in it, add another, take it away."""
    current = state()
    _choose()
    chosen = current.query_set
    if current.added:
        st.session_state[keys.EVALUATE_ADDING], current.added = False, False
        inbox().files.clear()
    if st.toggle("Add your own queries", key=keys.EVALUATE_ADDING):
        with st.container(border=True):
            add()
        if chosen is not None and is_sample(chosen):
            return  # the sample below one's own files would look like what was in them
    if chosen is None:
        return
    what_is_read(chosen)
    problems(chosen.problems, "This set")
    _preview(chosen)
    taking = st.expander(
        "Download this query set", icon=":material/download:", key=keys.EVALUATE_TAKING, on_change="rerun"
    )
    if taking.open:
        with taking:
            _downloads(chosen)


def _choose() -> None:
    current = state()
    saved = {one.id: one for one in saved_sets()}
    names = labels_of(saved.values())
    named = {set_id: names[set_id] for set_id in saved}
    if current.set_id not in saved:
        open_set(next(iter(saved)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_saved("Query set", named, current.set_id, open_set, key=keys.QUERY_SET, width=420)
        summary = saved.get(current.set_id or "")
        if summary is not None and not is_sample(summary) and may_change(summary.ownership):
            rename_popover(
                summary.name,
                partial(_rename, summary.id),
                field=keys.of(keys.SET_NAME, summary.id),
                button=keys.RENAME_SET,
            )
            delete_popover(
                "Delete this query set with its ratings and experiments? This cannot be undone.",
                partial(_delete, summary.id),
            )
        if summary is not None:
            said(summary.ownership)
            share_switch(
                summary.ownership,
                partial(_share, summary.id),
                key=keys.SHARE_SET,
                meaning="Everyone who signs in here finds this query set, reads its queries, documents and ratings, "
                "and can rate in it and run models on it. Only you change or delete it.",
            )
    if current.query_set is not None:
        st.text(f"{describe(current.query_set)}. Initial order: {current.query_set.order_name}.")
        for note in current.query_set.notes:
            st.text(note)


def _rename(set_id: str, name: str) -> None:
    stores.query_sets().rename(set_id, name)
    open_set(set_id)


def _share(set_id: str, shared: bool) -> None:
    with reported():
        stores.query_sets().share(set_id, shared)


def _delete(set_id: str) -> None:
    stores.query_sets().delete(set_id)
    stores.judging().forget(set_id)
    leave_set()


def _preview(query_set: QuerySet) -> None:
    combined = remembered(("judgments", query_set, None), query_set.combined)
    rated: dict[str, int] = {name: len(grades) for name, grades in combined.items()}
    shown = query_set.queries[:SHOWN_QUERIES]
    table: dict[str, list[object]] = {
        "Query": [query.text[:PREVIEW] for query in shown],
        "Candidates": [len(query.candidates) for query in shown],
        "Rated": [rated.get(query.id, 0) for query in shown],
        "Language": [query.lang or "" for query in shown],
        "Length": [query.length for query in shown],
    }
    if query_set.tags:
        table["Tag"] = [query.tag or "" for query in shown]
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height=min(420, 40 + 35 * len(shown)),
        column_config={name: st.column_config.Column(width="small") for name in table}
        | {"Query": st.column_config.Column(width="large")},
        alt="The queries of this set, with how many candidates and ratings each has",
    )
    if len(query_set) > SHOWN_QUERIES:
        st.caption(f"The first {SHOWN_QUERIES:,} of {len(query_set):,} queries are shown.")
    if not rated:
        st.info(
            "Nobody has rated anything in this set yet. Rate some results before you measure.", icon=":material/star:"
        )


def _downloads(query_set: QuerySet) -> None:
    kind = st.selectbox(
        "Format",
        list(KINDS),
        format_func=lambda one: f"{KINDS[one].label}: {KINDS[one].description}",
        key=keys.EVALUATE_FORMAT,
        width=420,
    )
    with st.container():
        raters, apart = _whose(query_set, kind)
    try:
        data = remembered(
            ("file", query_set, kind, raters, int(apart)),
            lambda: as_file(kind, query_set.imported(raters, apart=apart)),
        )
    except RerankError as error:
        errors.show(error, title="This format cannot hold it")
        return
    name, dot, ending = KINDS[kind].file_name.rpartition(".")
    st.download_button(
        f"Download {len(data) / 1000:,.0f} kB",
        data,
        file_name=f"{tables.slug(query_set.name) or name}{dot}{ending}",
        icon=":material/download:",
        on_click="ignore",
        key=keys.EVALUATE_DOWNLOAD,
    )


def _whose(query_set: QuerySet, kind: str) -> tuple[tuple[str, ...] | None, bool]:
    """Whose ratings go into the file, None for everybody's, and whether each one's stand apart."""
    people, tidy = query_set.raters, kind == "rater-ratings"
    if len(people) < 2:
        return None, tidy
    # by number, since a rater may be called anything
    all_of_them = "a row each" if tidy else f"one grade for each document, by the {query_set.rule}"
    names = {-1: f"All {len(people)} raters: {all_of_them}", **dict(enumerate(people))}
    if kind == "quepid-ratings":
        names[-2] = f"All {len(people)} raters, a column each"
    if st.session_state.get(keys.EVALUATE_WHOSE) not in names:
        st.session_state.pop(keys.EVALUATE_WHOSE, None)
    chosen = st.selectbox("Ratings by", list(names), format_func=names.__getitem__, key=keys.EVALUATE_WHOSE, width=420)
    return (people[chosen],) if chosen >= 0 else None, tidy or chosen == -2
