"""Step 2: rating, one document at a time, by keys 0 to 3; the queries' pool comes from every order there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.components.board import shown
from pages.components.evaluate_agreement import agreement
from pages.components.evaluate_orders import orders
from pages.components.evaluate_state import query_sets, state
from pages.components.tables import DETAIL_CHARACTERS
from rerank_core import RerankError
from rerank_core.evaluation.agreement import pool
from rerank_core.evaluation.query_set import Query, QuerySet

RATER, DEPTH, UNRATED = "evaluate_rater", "evaluate_depth", "evaluate_unrated"
DEPTHS = [3, 5, 10, 20, 50]
GRADES = {0: "Not relevant", 1: "A little", 2: "Relevant", 3: "Just right"}
PREVIEW = 90


def rate_step(query_set: QuerySet) -> None:
    """The screen for rating, and how far the raters agree."""
    if not query_set.ready:
        st.info("No query of this set has candidates, so there is nothing to rate.", icon=":material/search_off:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if RATER not in st.session_state:
            st.session_state[RATER] = "Me"
        st.text_input(
            "Rater",
            key=RATER,
            persist_state="session",
            max_chars=60,
            width=200,
            help="Whose ratings these are. Ratings of several people are kept apart, and compared below.",
        )
        if st.session_state.get(DEPTH) not in DEPTHS:
            st.session_state[DEPTH] = 5
        st.selectbox(
            "Rate the first",
            DEPTHS,
            key=DEPTH,
            persist_state="session",
            width=120,
            help="How many documents of each order: the initial one and that of every model that has been run.",
        )
        st.toggle(
            "Only what has no rating from me",
            key=UNRATED,
            value=True,
            persist_state="session",
            help="Jump over documents that this rater has rated already.",
        )
    _screen()
    agreement(query_set)


def rater() -> str:
    """Whose ratings are given."""
    return (st.session_state.get(RATER) or "").strip() or "Me"


@st.fragment
def _screen() -> None:
    current = state()
    query_set = current.query_set
    if query_set is None:
        return
    runs = orders()
    pooled = _pooled()
    mine = query_set.judgments.get(rater(), {})
    total = sum(map(len, pooled.values()))
    done = sum(name in mine.get(query, {}) for query, names in pooled.items() for name in names)
    st.progress(done / total if total else 0.0, text=f"{done:,} of {total:,} documents rated by this rater")
    if current.rated_query not in pooled:
        current.rated_query, current.place = next(iter(pooled)), 0
        _onward(pooled, mine)
    query = query_set.query(current.rated_query or "")
    names = pooled[query.id]
    current.place = min(current.place, len(names) - 1)
    text, queue = st.columns([3, 2], gap="large")
    with text:
        _card(query_set, query, names, list(pooled).index(query.id) + 1, len(pooled), runs, mine)
    with queue:
        _queue(query_set, query, names, mine)


def _card(
    query_set: QuerySet,
    query: Query,
    names: Sequence[str],
    number: int,
    count: int,
    runs: Mapping[str, Mapping[str, Sequence[str]]],
    mine: Mapping[str, Mapping[str, int]],
) -> None:
    current = state()
    about = [f"Query {number:,} of {count:,}", query.tag or "", query.lang or ""]
    st.text(" · ".join(part for part in about if part))
    with st.container(key="headline"):
        st.text(shown(query.text, 4_000))
    name = names[current.place]
    document = query_set.documents[name]
    grade = mine.get(query.id, {}).get(name)
    with st.container(border=True):
        ranks = [
            f"{label} {run[query.id].index(name) + 1}" for label, run in runs.items() if name in run.get(query.id, ())
        ]
        st.text(f"Document {current.place + 1} of {len(names)} · rank: {', '.join(ranks)}")
        if document.metadata.get("title"):
            st.text(shown(str(document.metadata["title"]), 300, one_line=True))
        with st.container(height=230, border=False):
            st.text(shown(document.text[:DETAIL_CHARACTERS]))
    with st.container(horizontal=True, gap="small"):
        for value, words in GRADES.items():
            st.button(
                words,
                shortcut=str(value),
                key=f"grade_{value}",
                type="primary" if grade == value else "secondary",
                on_click=_grade,
                args=(query.id, name, value),
            )
    with st.container(horizontal=True, gap="small"):
        st.button("Skip", icon=":material/skip_next:", shortcut="S", key="rate_skip", on_click=_skip)
        st.button(
            "Undo", icon=":material/undo:", shortcut="U", key="rate_undo", on_click=_undo, disabled=not current.undo
        )
        st.button(
            "Previous query", icon=":material/chevron_left:", shortcut="P", key="rate_back", on_click=_turn, args=(-1,)
        )
        st.button(
            "Next query", icon=":material/chevron_right:", shortcut="N", key="rate_next", on_click=_turn, args=(1,)
        )


def _queue(query_set: QuerySet, query: Query, names: Sequence[str], mine: Mapping[str, Mapping[str, int]]) -> None:
    """The documents of this query, with the ratings so far."""
    current = state()
    place = {name: rank for rank, name in enumerate(query.candidates, start=1)}
    own = mine.get(query.id, {})
    key = f"rate_queue_{query.id}_{current.place}_{len(current.undo)}"
    event = st.dataframe(
        pd.DataFrame(
            {
                "": ["▶" if number == current.place else "" for number in range(len(names))],
                "Rank": [place.get(name) for name in names],
                "Rating": [own.get(name) for name in names],
                "Document": [_preview(query_set, name) for name in names],
            }
        ),
        key=key,
        hide_index=True,
        height=min(430, 40 + 35 * len(names)),
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "": st.column_config.TextColumn(width=30),
            "Rank": st.column_config.NumberColumn(width=55),
            "Rating": st.column_config.NumberColumn(width=60),
            "Document": st.column_config.TextColumn(width="large"),
        },
        alt="The documents to rate for this query; select one to go to it",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] != current.place:
        current.place = int(rows[0])
        st.rerun(scope="fragment")


def _preview(query_set: QuerySet, name: str) -> str:
    document = query_set.documents[name]
    title = str(document.metadata.get("title") or "")
    return shown(
        f"{title}: {document.text[:PREVIEW]}" if title else document.text[:PREVIEW], PREVIEW * 2, one_line=True
    )


def _pooled() -> dict[str, tuple[str, ...]]:
    query_set = state().query_set
    assert query_set is not None
    found = pool(orders().values(), int(st.session_state.get(DEPTH) or 5))
    return {query.id: found[query.id] for query in query_set.queries if found.get(query.id)}


def _mine() -> Mapping[str, Mapping[str, int]]:
    query_set = state().query_set
    return query_set.judgments.get(rater(), {}) if query_set is not None else {}


def _grade(query: str, document: str, value: int) -> None:
    before = _mine().get(query, {}).get(document)
    if keep(query, document, value):
        state().undo.append((rater(), query, document, before))
        _advance()


def _undo() -> None:
    current = state()
    if not current.undo:
        return
    who, query, document, before = current.undo.pop()
    if keep(query, document, before, who):
        pooled = _pooled()
        if document in pooled.get(query, ()):
            current.rated_query, current.place = query, pooled[query].index(document)


def keep(query: str, document: str, grade: int | None, who: str | None = None) -> bool:
    """Keep a rating of the current rater (or of `who`), or take it back with None; False where that failed."""
    current = state()
    if current.set_id is None or current.query_set is None:
        return False
    try:
        query_sets().rate(current.set_id, who or rater(), query, document, grade)
    except RerankError as error:
        current.error = error
        return False
    current.query_set = current.query_set.rated(who or rater(), query, document, grade)
    return True


def _skip() -> None:
    _advance()


def _advance() -> None:
    """To the next document, in this query or the next; over what is rated, where that is wished."""
    current = state()
    current.place += 1
    _onward(_pooled(), _mine())


def _onward(pooled: Mapping[str, Sequence[str]], mine: Mapping[str, Mapping[str, int]]) -> None:
    """Move on until a document is reached that is to be rated; stay at the last one where there is none."""
    current = state()
    jump = bool(st.session_state.get(UNRATED, True))
    ids = list(pooled)
    start = ids.index(current.rated_query) if current.rated_query in pooled else 0
    place = current.place
    for query in [*ids[start:], *ids[:start]]:
        rated = mine.get(query, {}) if jump else {}
        for number in range(place, len(pooled[query])):
            if pooled[query][number] not in rated:
                current.rated_query, current.place = query, number
                return
        place = 0
    current.rated_query = ids[start]
    current.place = min(current.place, len(pooled[ids[start]]) - 1)


def _turn(by: int) -> None:
    current = state()
    ids = list(_pooled())
    at = ids.index(current.rated_query) if current.rated_query in ids else 0
    current.rated_query, current.place = ids[(at + by) % len(ids)], 0
