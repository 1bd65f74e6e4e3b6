"""The orders that are compared, the answer that they give, and the filters that both go by; worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from pages.components.evaluate_state import experiment, experiments, state
from rerank_core import RerankError
from rerank_core.evaluation.answer import INITIAL, SEARCHES_A_DAY, Answer, summarise
from rerank_core.evaluation.contender import Ranking
from rerank_core.evaluation.query_set import LENGTHS, QuerySet

TAGS, LANGUAGES, LENGTH, RATERS, DEPTH = (
    "answer_tags",
    "answer_languages",
    "answer_lengths",
    "answer_raters",
    "answer_depth",
)
SEARCHES = "searches_a_day"
DEPTHS = [3, 5, 10, 20]
LENGTH_NAMES = {"short": "Up to 5 words", "sentence": "6 to 25 words", "long": "Longer"}
KEPT = 12


def remembered(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What `make` gives, kept in the session for as long as `key` is the same; the last few are kept. Values of a
    key are compared as they are, so a query set counts as the same only while it is the same object."""
    memory: list[tuple[tuple[Any, ...], Any]] = st.session_state.setdefault("evaluate_memory", [])
    for known, value in memory:
        if len(known) == len(key) and all(
            a is b or (type(a) in _PLAIN and a == b) for a, b in zip(known, key, strict=True)
        ):
            return value
    value = make()
    memory.append((key, value))
    del memory[:-KEPT]
    return value


_PLAIN = (str, int, float, tuple, type(None))


def rankings() -> tuple[Ranking, ...]:
    """What each model of the experiment has answered so far; empty where nothing was run."""
    current, shown = state(), experiment()
    if shown is None or current.query_set is None:
        return ()
    now, query_set = experiments().progress(shown.id), current.query_set
    # Ratings make a new query set of the same queries, for which the answers stay what they are.
    key = ("rankings", shown.id, current.set_id, now.done, now.failed)
    return remembered(key, lambda: experiments().rankings(shown.id, query_set))


def orders() -> dict[str, Mapping[str, Sequence[str]]]:
    """Every order of every query: the initial one, then each model's."""
    query_set = state().query_set
    initial = {INITIAL: query_set.initial} if query_set is not None else {}
    return initial | {ranking.label: ranking.run for ranking in rankings()}


def searches_a_day() -> float:
    """The traffic that a month is worked out for."""
    value = st.session_state.get(SEARCHES)
    return float(SEARCHES_A_DAY if value is None else value)


def filters(query_set: QuerySet) -> None:
    """Which queries and whose ratings the figures are over."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get(DEPTH) not in DEPTHS:
            st.session_state[DEPTH] = 10
        st.selectbox(
            "Look at the top",
            DEPTHS,
            key=DEPTH,
            persist_state="session",
            width=120,
            help="How many results count: the k of nDCG@k.",
        )
        _choice("Tag", TAGS, query_set.tags)
        _choice("Language", LANGUAGES, query_set.languages)
        lengths = {query.length for query in query_set.queries}
        _choice("Length of the query", LENGTH, [one for one in LENGTHS if one in lengths], LENGTH_NAMES)
        _choice("Ratings by", RATERS, query_set.raters)


def _choice(label: str, key: str, options: Sequence[str], names: Mapping[str, str] | None = None) -> None:
    if len(options) < 2:
        st.session_state.pop(key, None)
        return
    st.session_state[key] = [one for one in st.session_state.get(key) or [] if one in options]
    st.multiselect(
        label,
        options,
        format_func=(names or {}).get if names else str,
        key=key,
        placeholder="All",
        persist_state="session",
        width=220,
    )


def judgments() -> Mapping[str, Mapping[str, int]]:
    """The ratings that count: of the chosen raters, combined."""
    query_set = state().query_set
    assert query_set is not None
    raters = tuple(st.session_state.get(RATERS) or ()) or None
    return remembered(("judgments", query_set, raters), lambda: query_set.combined(raters))


def selected(query_set: QuerySet) -> tuple[str, ...] | None:
    """The queries that the filters leave in; None where they leave all."""
    tags, languages, lengths = (tuple(st.session_state.get(key) or ()) for key in (TAGS, LANGUAGES, LENGTH))
    if not (tags or languages or lengths):
        return None
    return query_set.select(tags=tags, languages=languages, lengths=lengths)


def answer() -> Answer:
    """What the experiment says under the filters. Raises InvalidRequestError where it says nothing yet."""
    query_set = state().query_set
    assert query_set is not None
    found, grades, only = rankings(), judgments(), selected(query_set)
    k, daily = int(st.session_state.get(DEPTH) or 10), searches_a_day()
    return remembered(
        ("answer", found, grades, only, k, daily),
        lambda: summarise(query_set, found, judgments=grades, k=k, searches_a_day=daily, only=only),
    )


def best() -> str | None:
    """The model with the best answer, None where there is no answer yet."""
    try:
        return answer().best
    except RerankError:
        return None
