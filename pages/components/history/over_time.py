"""A query set's measures over time: one line for each model, a point for each evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.inputs.controls import select
from pages.components.session import judge, keys, page_state, stores
from rerank_core import RerankError
from rerank_core.evaluation.experiments.records import Experiment
from rerank_core.evaluation.measures.measure import measure
from rerank_core.evaluation.measures.summary import INITIAL, measures_for
from rerank_core.evaluation.query_sets.query_set import QuerySet

MOST = 30
"""Evaluations of a set that are measured, the latest ones."""

_Key = tuple[str, str, str, int, int]


@dataclass
class Measurements:
    """What was measured in this session, by query set, measure, experiment, answers and ratings."""

    known: dict[_Key, dict[str, float]]

    def __init__(self) -> None:
        self.known = {}


def over_time() -> None:
    """The choice of a query set and the lines of its models, once the box is opened."""
    box = st.expander(
        "Query sets over time", icon=":material/show_chart:", key=keys.HISTORY_OVER_TIME, on_change="rerun"
    )
    if not box.open:
        return
    with box:
        try:
            _lines()
        except RerankError as error:
            errors.show(error)


def _lines() -> None:
    run: dict[str, int] = {}
    for one in stores.experiments().list():
        run[one.query_set] = run.get(one.query_set, 0) + 1
    sets = {one.id: shown(one.name, 80, one_line=True) for one in stores.query_sets().list() if one.id in run}
    if not sets:
        st.caption("No query set has been evaluated yet.")
        return
    with st.container(horizontal=True):
        chosen = select("Query set", sets, keys.of(keys.HISTORY_OVER_TIME, "set"), persist_state="session")
        name = st.selectbox("Measure", measures_for()[:-1], key=keys.of(keys.HISTORY_OVER_TIME, "measure"), width=140)
    query_set = judge.read_set(chosen)
    if query_set is None:
        return
    experiments = stores.experiments().list(chosen)[:MOST][::-1]
    measured = [(one, _means(one, chosen, query_set, name)) for one in experiments]
    labels = dict.fromkeys(label for _, means in measured for label in means)
    if not labels:
        st.caption("None of these evaluations has answers to rated queries.")
        return
    rows = []
    for label in labels:
        values = [(one, means[label]) for one, means in measured if label in means]
        first, last = values[0][1], values[-1][1]
        rows.append(
            (label, [value for _, value in values], last, last - first if len(values) > 1 else None, len(values))
        )
    st.dataframe(
        pd.DataFrame(rows, columns=["Order", "Over time", "Now", "Since the first", "Evaluations"]),
        hide_index=True,
        height="content",
        column_config={
            "Over time": st.column_config.LineChartColumn(width="medium", y_min=0.0, y_max=1.0),
            "Now": st.column_config.NumberColumn(format="%.3f", width=75),
            "Since the first": st.column_config.NumberColumn(format="%+.3f", width=110),
            "Evaluations": st.column_config.NumberColumn(width=100),
        },
        alt=f"{name} of every order of this query set, one point for each evaluation",
    )
    st.caption(
        f"{name} by the ratings as they are now, each over the rated queries that it has answered. "
        "The oldest evaluation stands on the left."
    )


def _means(one: Experiment, set_id: str, query_set: QuerySet, name: str) -> dict[str, float]:
    """The mean of each order of an evaluation, over the rated queries that it has answered."""
    judgments = query_set.combined()
    graded = hash(tuple((query, tuple(own.items())) for query, own in judgments.items()))
    key = (set_id, name, one.id, stores.experiments().progress(one.id).done, graded)
    known = page_state.of(Measurements).known
    if key not in known:
        orders = {ranking.label: ranking.run for ranking in stores.experiments().rankings(one.id, query_set)}
        answered = {INITIAL: query_set.initial} | orders
        found = {}
        for label, run in answered.items():
            rated = {query: own for query, own in judgments.items() if query in run}
            if rated and (label != INITIAL or len(orders)):
                found[label] = measure(rated, {query: run[query] for query in rated}, [name])[name].mean
        known[key] = found
    return known[key]
