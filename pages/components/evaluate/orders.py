"""The orders that are compared, what they come to, and the filters that both go by; worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeVar

import streamlit as st

from pages.components.evaluate.state import experiment, state
from pages.components.jobs import processor
from pages.components.session import connection as connections
from pages.components.session import keys, stores
from rerank_core import Document, RerankError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.kept.figures import ExperimentFigures
from rerank_core.evaluation.measures.month_cost import MonthCost
from rerank_core.evaluation.measures.settings import SEARCHES_A_DAY, EvaluationSettings
from rerank_core.evaluation.measures.summary import INITIAL, Summary
from rerank_core.evaluation.measures.without_ratings import DecidingPair
from rerank_core.evaluation.query_sets.query_set import LENGTHS, QuerySet
from rerank_core.evaluation.query_sets.scope import Scope

DEPTHS = [3, 5, 10, 20]
LENGTH_NAMES = {"short": "Up to 5 words", "sentence": "6 to 25 words", "long": "Longer"}
FILTERS = (keys.SUMMARY_TAGS, keys.SUMMARY_LANGUAGES, keys.SUMMARY_LENGTHS, keys.SUMMARY_RATERS)
"""The keys of what is chosen, in the order of the fields of Scope."""
KEPT = 20

Found = TypeVar("Found")


def remembered(key: tuple[Any, ...], make: Callable[[], Found]) -> Found:
    """What `make` gives, kept in the session for as long as `key` is the same; the last few are kept. Values of a
    key are compared as they are, so a query set counts as the same only while it is the same object."""
    memory: list[tuple[tuple[Any, ...], Any]] = st.session_state.setdefault(keys.EVALUATE_MEMORY, [])
    for known, value in memory:
        if len(known) == len(key) and all(
            a is b or (type(a) in _PLAIN and a == b) for a, b in zip(known, key, strict=True)
        ):
            found: Found = value
            return found
    made = make()
    memory.append((key, made))
    del memory[:-KEPT]
    return made


_PLAIN = (str, int, float, tuple, type(None))


def documents_of(query_set: QuerySet) -> tuple[Document, ...]:
    """All documents of a set, the same object as long as the set is."""
    return remembered(("documents", query_set.documents), lambda: tuple(query_set.documents.values()))


def rankings() -> tuple[Ranking, ...]:
    """What each model of the experiment has answered so far; empty where nothing was run."""
    current, shown = state(), experiment()
    if shown is None or current.query_set is None:
        return ()
    query_set, mark = current.query_set, stores.experiments().answers_mark(shown.id)
    # Ratings make a new query set of the same queries, for which the answers stay what they are.
    key = ("rankings", shown.id, current.set_id, mark)
    return remembered(key, lambda: stores.experiments().rankings(shown.id, query_set))


def orders() -> dict[str, Mapping[str, Sequence[str]]]:
    """Every order of every query: the initial one, then each model's."""
    query_set = state().query_set
    initial = {INITIAL: query_set.initial} if query_set is not None else {}
    return initial | {ranking.label: ranking.run for ranking in rankings()}


def selected_orders() -> dict[str, Mapping[str, Sequence[str]]]:
    """Every order that has answers, of the queries that the filters leave in."""
    only = selected()
    return {
        label: run if only is None else {query: run[query] for query in only if query in run}
        for label, run in orders().items()
        if run
    }


def searches_a_day() -> float:
    """The traffic that a month is worked out for."""
    value = st.session_state.get(keys.SEARCHES_A_DAY)
    return float(SEARCHES_A_DAY if value is None else value)


def filters(query_set: QuerySet) -> None:
    """Which queries and whose ratings the figures are over."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        depth_choice("Look at the top", DEPTHS, 10, keys.SUMMARY_DEPTH, "How many results count: the k of nDCG@k.", 120)
        _choice("Tag", keys.SUMMARY_TAGS, query_set.tags)
        _choice("Language", keys.SUMMARY_LANGUAGES, query_set.languages)
        lengths = {query.length for query in query_set.queries}
        _choice("Length of the query", keys.SUMMARY_LENGTHS, [one for one in LENGTHS if one in lengths], LENGTH_NAMES)
        _choice("Ratings by", keys.SUMMARY_RATERS, query_set.raters)
        relevant_choice("Relevant from grade")


def depth_choice(
    label: str, depths: Sequence[int], usual: int, key: str, meaning: str, width: int | Literal["stretch"] = "stretch"
) -> None:
    """How far down an order somebody looks, `usual` until he says otherwise."""
    if st.session_state.get(key) not in depths:
        st.session_state[key] = usual
    st.selectbox(label, depths, key=key, persist_state="session", width=width, help=meaning)


def relevant_choice(label: str, *, spelled: bool = False) -> None:
    """From which grade on a document is relevant, or a good answer: one choice for every step, drawn only where the
    ratings leave one. `spelled` names the grades as "2 or more"."""
    grades = given_grades()
    if len(grades) < 2:
        return
    st.session_state[keys.SUMMARY_RELEVANT] = relevant()
    st.selectbox(
        label,
        list(grades),
        format_func=grades.__getitem__ if spelled else str,
        key=keys.SUMMARY_RELEVANT,
        persist_state="session",
        width=170,
        help="For precision, recall, RR, AP and the cut-off. nDCG takes every grade as it is.",
    )


def relevant() -> int:
    """The grade from which on a document counts as relevant: 1 until somebody chose another that there is."""
    chosen = st.session_state.get(keys.SUMMARY_RELEVANT)
    return int(chosen) if chosen in given_grades() else 1


def given_grades() -> dict[int, str]:
    """The grades to choose from: those that anybody gave, whoever counts just now, and 1. Files may go beyond 3."""
    query_set = state().opened

    def found() -> dict[int, str]:
        rated = (own for whole in query_set.judgments.values() for own in whole.values())
        given = {1} | {grade for own in rated for grade in own.values() if grade > 1}
        most = max(given)
        return {grade: f"{grade} only" if grade == most else f"{grade} or more" for grade in sorted(given)}

    return remembered(("grades", query_set), found)


def scope() -> Scope:
    """What the figures are over, as it was chosen; what this query set does not have is left out of it."""
    query_set = state().opened
    chosen = tuple(tuple(st.session_state.get(key) or ()) for key in FILTERS)
    return remembered(("scope", query_set, *chosen), lambda: Scope(*chosen).within(query_set))


def scope_line(*, to_all: bool = False) -> None:
    """Say so where the figures are not over all queries and ratings; `to_all` gives a way back, for the steps that
    have no filters."""
    query_set = state().query_set
    with st.container(horizontal=True, vertical_alignment="center", key=keys.SCOPE):
        said = scope().text(query_set) if query_set is not None else ""
        if said:
            st.text(f"{said}.", width="content")
            if to_all:
                st.button("Show all queries", icon=":material/filter_alt_off:", type="tertiary", on_click=_show_all)


def _show_all() -> None:
    for key in FILTERS:
        st.session_state[key] = []


def _choice(label: str, key: str, options: Sequence[str], names: Mapping[str, str] | None = None) -> None:
    if len(options) < 2:
        st.session_state.pop(key, None)
        return
    st.session_state[key] = [one for one in st.session_state.get(key) or [] if one in options]
    st.multiselect(
        label,
        options,
        format_func=lambda one: (names or {}).get(one, one),
        key=key,
        placeholder="All",
        persist_state="session",
        width=220,
    )


def judgments() -> Mapping[str, Mapping[str, int]]:
    """The ratings that count: of the chosen raters, combined."""
    query_set = state().opened
    raters = scope().counted(query_set)
    return remembered(("judgments", query_set, raters), lambda: query_set.combined(raters))


def selected() -> tuple[str, ...] | None:
    """The queries that the filters leave in; None where they leave all."""
    query_set = state().opened
    chosen = scope()
    return remembered(("selected", query_set, chosen), lambda: chosen.only(query_set))


def settings() -> EvaluationSettings:
    """What the figures of every step are over, and how they count; the same object while nothing is chosen anew."""
    query_set = state().opened
    chosen, depth = scope(), int(st.session_state.get(keys.SUMMARY_DEPTH) or 10)
    parts = (judgments(), selected(), chosen.text(query_set), chosen.counted(query_set))
    counting = (relevant(), depth, searches_a_day())
    return remembered(("settings", *parts, *counting), lambda: EvaluationSettings(*parts, *counting))


def summary() -> Summary:
    """What the experiment comes to under the filters. Raises InvalidRequestError where there is nothing to say yet."""
    query_set, found, chosen = state().opened, rankings(), settings()
    return remembered(("summary", found, chosen), lambda: _figures(query_set, found).summary(chosen))


def deciding() -> tuple[DecidingPair, ...]:
    """The pairs whose rating would decide, under the filters."""
    query_set, found, chosen = state().opened, rankings(), settings()
    return remembered(("deciding", found, chosen), lambda: _figures(query_set, found).deciding(chosen))


def hosted_not_run(query_set: QuerySet) -> tuple[MonthCost, ...]:
    """The hosted models with a known price that are not in the run that is shown."""
    found, prices, daily = rankings(), connections.prices(), searches_a_day()
    return remembered(
        ("month", query_set.queries, query_set.rank_fields, found, prices, daily),
        lambda: _figures(query_set, found).not_run(prices, daily),
    )


def worked_out(key: tuple[Any, ...], make: Callable[[], Found]) -> Found:
    """What is remembered, or what `make` works out with a turn at the processors."""

    def taking_a_turn() -> Found:
        with in_turn():
            return make()

    return remembered(key, taking_a_turn)


def in_turn() -> AbstractContextManager[None]:
    """A turn at the processors for measures over the set in work."""
    return processor.turn(state().opened.pairs * (1 + len(rankings())))


class _Nowhere:
    """Nothing is kept of what will be another thing in a moment, or of no run."""

    def kept_figures(self, *_: object) -> None:
        """Nothing is there."""

    def keep_figures(self, *_: object) -> None:
        """Nothing is kept."""


def _figures(query_set: QuerySet, found: Sequence[Ranking]) -> ExperimentFigures:
    """The figures of the run that is shown; they are kept once it is over."""
    shown = experiment()
    if shown is None or shown.state == "running":
        return ExperimentFigures(_Nowhere(), "", query_set, found, in_turn)
    return ExperimentFigures(stores.experiments(), shown.id, query_set, found, in_turn)


def best() -> str | None:
    """The model that ranks best, None where nothing is measured yet."""
    try:
        return summary().best
    except RerankError:
        return None
