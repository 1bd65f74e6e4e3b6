"""Two evaluations: what was asked otherwise, and what became of each query since the earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.history.changes_table import changes_table
from pages.components.session import judge, keys, stores
from rerank_core import RerankError
from rerank_core.evaluation.experiments.records import Experiment
from rerank_core.evaluation.measures.significance import describe
from rerank_core.evaluation.measures.since import RatedOrder, Since, since
from rerank_core.evaluation.measures.summary import INITIAL, measures_for
from rerank_core.evaluation.query_sets.query_set import QuerySet, count_queries
from rerank_core.rank_fields import written
from rerank_core.storage.history.record import HistoryEntry

_PREVIEW = 160


@dataclass(frozen=True)
class _Evaluation:
    """An experiment with its query set as it is now, and the order of every model."""

    experiment: Experiment
    query_set: QuerySet
    orders: Mapping[str, Mapping[str, Sequence[str]]]


def draw(before: HistoryEntry, after: HistoryEntry) -> None:
    """Draw what differs between two evaluations, and the queries that are better or worse since then."""
    earlier, later = _opened(before), _opened(after)
    _what_changed(earlier, later)
    st.subheader("Query by query since then", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shared = [label for label in later.orders if label in earlier.orders and label != INITIAL]
        then = _order("Order then", keys.of(keys.HISTORY_AGAINST, "then"), earlier, shared)
        now = _order("Order now", keys.of(keys.HISTORY_AGAINST, "now"), later, shared)
        measure = st.selectbox("Measure", measures_for()[:-1], key=keys.HISTORY_MEASURE, width=140)
    try:
        found = since(_measured(earlier, then), _measured(later, now), measure)
    except RerankError as error:
        errors.show(error, title="These two cannot be held against each other")
        return
    _said(found)
    _table(found)


def _opened(entry: HistoryEntry) -> _Evaluation:
    experiment = stores.experiments().get(entry.id)
    query_set = judge.read_set(experiment.query_set)
    if query_set is None:
        raise RerankError("The query set of one of the two is gone.", hint="Choose two others.")
    orders: dict[str, Mapping[str, Sequence[str]]] = {
        ranking.label: ranking.run for ranking in stores.experiments().rankings(entry.id, query_set) if ranking.run
    }
    return _Evaluation(experiment, query_set, orders | {INITIAL: query_set.initial})


def _order(label: str, key: str, of: _Evaluation, shared: Sequence[str]) -> str:
    orders = [*(one for one in shared), *(one for one in of.orders if one not in shared)]
    if st.session_state.get(key) not in orders:
        st.session_state[key] = orders[0]
    chosen: str = st.selectbox(label, orders, key=key, width=280)
    return chosen


def _measured(of: _Evaluation, label: str) -> RatedOrder:
    return RatedOrder(of.query_set, of.orders[label], of.query_set.combined())


def _what_changed(earlier: _Evaluation, later: _Evaluation) -> None:
    st.subheader("What changed", anchor=False)
    pairs = [
        ("Query set", earlier.query_set.name, later.query_set.name),
        ("Queries", f"{len(earlier.query_set.queries):,}", f"{len(later.query_set.queries):,}"),
        ("Documents", f"{len(earlier.query_set.documents):,}", f"{len(later.query_set.documents):,}"),
        ("Ratings", _ratings(earlier.query_set), _ratings(later.query_set)),
        ("Initial order", earlier.query_set.order_name, later.query_set.order_name),
        ("What the models read", written(earlier.experiment.rank_fields), written(later.experiment.rank_fields)),
        ("Models", _models(earlier), _models(later)),
    ]
    if earlier.experiment.query_set == later.experiment.query_set:
        pairs = pairs[4:]
    rows = [pair for pair in pairs if pair[1] != pair[2]]
    if earlier.experiment.query_set != later.experiment.query_set:
        st.text("Two query sets: queries are one where their words are, documents where their text or their id is.")
    elif not rows:
        st.text("Nothing that was asked: the same query set, models and fields.")
    changes_table(rows)


def _ratings(query_set: QuerySet) -> str:
    return f"{sum(len(own) for grades in query_set.judgments.values() for own in grades.values()):,}"


def _models(of: _Evaluation) -> str:
    return ", ".join(contender.label for contender in of.experiment.contenders)


def _said(found: Since) -> None:
    compared = found.compared
    st.text(f"{describe(compared)}.")
    notes = [compared.warning or ""]
    if found.only_before or found.only_after or found.unanswered:
        left = [
            (found.only_before, "only in the earlier set"),
            (found.only_after, "only in the later one"),
            (found.unanswered, "without an answer or a rating"),
        ]
        notes.append(
            f"Over {count_queries(compared.queries)}. Left out: "
            + ", ".join(f"{many:,} {why}" for many, why in left if many)
            + "."
        )
    if found.regraded:
        notes.append(
            f"{found.regraded:,} ratings are others now. Both orders are measured by the later ones, so that no change "
            "of a grade counts as one of the order."
        )
    if found.edited:
        notes.append(f"{found.edited:,} documents were edited since then and count as the same.")
    for note in filter(None, notes):
        st.caption(note)


def _table(found: Since) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "Change": [one.change for one in found.queries],
                "Since then": [_verdict(one.change) for one in found.queries],
                "Query": [shown(one.query.text, _PREVIEW, one_line=True) for one in found.queries],
                "Then": [one.before for one in found.queries],
                "Now": [one.after for one in found.queries],
            }
        ),
        hide_index=True,
        height=min(600, 40 + 35 * len(found.queries)),
        column_config={
            "Change": st.column_config.NumberColumn(format="%+.3f", width=80),
            "Since then": st.column_config.TextColumn(width=90),
            "Query": st.column_config.TextColumn(width="large"),
            "Then": st.column_config.NumberColumn(format="%.3f", width=75),
            "Now": st.column_config.NumberColumn(format="%.3f", width=75),
        },
        alt="Every query with its change since the earlier evaluation, the worst first",
    )


def _verdict(change: float) -> str:
    return "better" if change > 1e-9 else "worse" if change < -1e-9 else "the same"
