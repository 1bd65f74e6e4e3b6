"""Who rates a set, how far they are, how far they agree, and which grade counts where they do not."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from pages.components.evaluate.judging.agreement import in_words
from pages.components.evaluate.judging.viewing import leading
from pages.components.evaluate.orders import depth_choice, orders, remembered
from pages.components.evaluate.rate import DEPTHS, people, rater
from pages.components.evaluate.state import refresh, reported, state
from pages.components.inputs.rater import FIRST_RATER
from pages.components.server import access
from pages.components.session import judge, keys, stores
from pages.components.session import people as signed_in
from rerank_core import InvalidRequestError
from rerank_core.documents.report import count
from rerank_core.evaluation import write as as_file
from rerank_core.evaluation.judging.assignment import Judging, names_of_raters, progress
from rerank_core.evaluation.judging.files import settled_csv
from rerank_core.evaluation.judging.pool import pool
from rerank_core.evaluation.judging.settling import RULES
from rerank_core.evaluation.query_sets.query_set import QuerySet, count_queries
from rerank_core.exports import tables

_TIME = "%d %B %Y, %H:%M"


def raters_view(query_set: QuerySet) -> None:
    """Assigning, progress, the rule, agreement and files, from top to bottom."""
    judging = state().judging
    if leading():
        label = "Who rates what" if judging.raters else "Judge together"
        several = bool(judging.raters) or len(people(query_set)) > 1
        with st.expander(label, icon=":material/group_add:", expanded=not several):
            _assigning(query_set, judging)
    if judging.raters:
        _progress(query_set, judging)
    if len(people(query_set)) > 1:
        _rule(query_set)
        in_words(query_set)
        _files(query_set)


def _assigning(query_set: QuerySet, judging: Judging) -> None:
    st.caption(
        "Each rater sees their own ratings alone until they say that they are done. What several rate differently is "
        "settled afterwards. Ratings that somebody gave before count as theirs."
    )
    by_address = signed_in.current() is not None
    what = "E-mail addresses of the raters, one a line" if by_address else "Names of the raters, one a line"
    if keys.JUDGING_NAMES not in st.session_state:
        known = [one.name for one in judging.raters] or people(query_set) or [rater()]
        st.session_state[keys.JUDGING_NAMES] = "\n".join(name for name in known if name)
    st.text_area(what, key=keys.JUDGING_NAMES, height=120, width=420)
    meaning = "How many documents of each order: the initial one and that of every model that has been run."
    depth_choice("Everybody rates the first", DEPTHS, 5, keys.JUDGING_DEPTH, meaning, 220)
    documents = _documents(query_set)
    st.text(f"That is {count(sum(map(len, documents.values())), 'document')} of {count_queries(len(documents))} each.")
    if by_address:
        st.caption("Assigning shares this query set with everyone who signs in here, so that the raters can open it.")
    with st.container(horizontal=True):
        label = "Save" if judging.raters else "Assign"
        st.button(label, type="primary", key=keys.JUDGING_ASSIGN, on_click=_assign, args=(documents,))
        if judging.raters:
            with st.popover("End the judging", icon=":material/group_off:"):
                st.text("Everyone sees all ratings then. They stay, and so does what was settled.")
                st.button("End it", key=keys.JUDGING_END, on_click=_end)
    if judging.raters and judging.pool != documents:
        st.caption("Other documents than those that were assigned: saving lets everybody go on, also who is done.")


def _documents(query_set: QuerySet) -> dict[str, tuple[str, ...]]:
    depth = int(st.session_state.get(keys.JUDGING_DEPTH) or 5)
    found = pool(orders().values(), depth)
    return {query.id: found[query.id] for query in query_set.queries if found.get(query.id)}


def _assign(documents: dict[str, tuple[str, ...]]) -> None:
    current = state()
    set_id = current.set_id or ""
    with reported():
        names = names_of_raters(st.session_state[keys.JUDGING_NAMES])
        if signed_in.current() is not None:
            names = names_of_raters([name.lower() for name in names])
            strangers = [name for name in names if not access.current().admits(name)]
            if strangers:
                raise InvalidRequestError(
                    f"Nobody can sign in here as {', '.join(strangers)}.",
                    hint="Raters are named by the address that they sign in with.",
                )
            owned = stores.query_sets().ownership(set_id)
            if owned is not None and owned.owner and not owned.shared:
                stores.query_sets().share(set_id)
        stores.judging().assign(set_id, names, documents, by=rater() or FIRST_RATER)
        judge.lead(set_id)
        st.session_state.pop(keys.JUDGING_NAMES)
        current.note = f"{count(len(names), 'rater')} can begin. Here stands how far they are."
    refresh()


def _end() -> None:
    with reported():
        stores.judging().end(state().set_id or "")
    refresh()


def _progress(query_set: QuerySet, judging: Judging) -> None:
    found = progress(judging, query_set.judgments)
    st.dataframe(
        pd.DataFrame(
            {
                "Rater": [one.name for one in found],
                "Rated": [100 * one.rated / one.total if one.total else 0.0 for one in found],
                "Documents": [f"{one.rated:,} of {one.total:,}" for one in found],
                "Done": [one.done.astimezone().strftime(_TIME) if one.done else "not yet" for one in found],
            }
        ),
        hide_index=True,
        width="stretch",
        column_config={"Rated": st.column_config.ProgressColumn(min_value=0.0, max_value=100.0, format="%.0f%%")},
        alt="How far each rater is",
    )
    done = [one.name for one in found if one.done is not None]
    if done and leading():
        with st.popover("Let somebody go on", icon=":material/lock_open:"):
            st.text("They can change their ratings again, and see their own alone until they are done.")
            numbers = range(len(done))
            chosen = st.selectbox("Who", numbers, format_func=done.__getitem__, key=keys.JUDGING_REOPENED)
            st.button("Let them go on", key=keys.JUDGING_REOPEN, on_click=_reopen, args=(done[chosen],))


def _reopen(name: str) -> None:
    with reported():
        stores.judging().reopen(state().set_id or "", name)
    refresh()


def _rule(query_set: QuerySet) -> None:
    if not leading():
        st.text(f"Where several rated a document and nothing was settled counts {RULES[query_set.rule]}.")
        return
    st.session_state[keys.JUDGING_RULE] = query_set.rule
    st.selectbox(
        "Where several rated a document and nothing was settled counts",
        list(RULES),
        format_func=lambda rule: RULES[rule].capitalize(),
        key=keys.JUDGING_RULE,
        on_change=_choose_rule,
        width=420,
        help="For every figure of this set, and for everyone who opens it. A settled grade counts before it.",
    )


def _choose_rule() -> None:
    with reported():
        stores.judging().set_rule(state().set_id or "", st.session_state[keys.JUDGING_RULE])
    refresh()


def _files(query_set: QuerySet) -> None:
    name = tables.slug(query_set.name) or "ratings"
    settled = sum(map(len, query_set.settled.values()))
    with st.container(horizontal=True):
        st.download_button(
            "Ratings, a row each (CSV)",
            partial(_ratings_csv, query_set),
            file_name=f"{name}-ratings.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=keys.JUDGING_RATINGS_CSV,
        )
        st.download_button(
            f"Settled grades (CSV, {settled:,})",
            partial(settled_csv, query_set),
            file_name=f"{name}-settled.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=keys.JUDGING_SETTLED_CSV,
            disabled=not settled,
        )


def _ratings_csv(query_set: QuerySet) -> bytes:
    return remembered(("tidy", query_set), lambda: as_file("rater-ratings", query_set.imported(apart=True)))
