"""What raters see differently, the widest apart first, and the grade that is settled, by keys from 0 on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.evaluate import rate
from pages.components.evaluate.judging.agreement import SHOWN, differences, title_of
from pages.components.evaluate.judging.viewing import leading
from pages.components.evaluate.state import reported, state
from pages.components.inputs.rater import FIRST_RATER
from pages.components.session import keys, stores
from pages.components.session.owner import keeper
from rerank_core.evaluation.judging.agreement import Disagreement
from rerank_core.evaluation.judging.settling import Settled, SettledGrade, agreed_grade
from rerank_core.evaluation.query_sets.query_set import QuerySet

_LONG, _HEIGHT = 1_000, 300
_TIME = "%d %B %Y, %H:%M"


def settle_view(query_set: QuerySet) -> None:
    """One difference after the other, beside the list of all."""
    if not differences(query_set):
        st.info("Nobody has graded a document differently from somebody else.", icon=":material/handshake:")
        return
    _screen()


@st.fragment
def _screen() -> None:
    current = state()
    query_set = current.query_set
    if query_set is None:
        return
    found = differences(query_set)
    settled = sum(_settled(query_set, one) is not None for one in found)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.toggle(
            "Only what is not settled", key=keys.SETTLE_OPEN, value=True, persist_state="session", on_change=_onward
        )
        _who()
        keyed = f"keys 0 to {max(rate.grades())} settle, S skips, U takes back"
        st.progress(settled / len(found), text=f"{settled:,} of {len(found):,} settled · {keyed}", width="stretch")
    with st.container():
        if current.error is not None:
            errors.show(current.error)
            current.error = None
    one = _here(found)
    _head(query_set, one)
    _buttons(query_set, one)
    text, queue = st.columns([3, 2], gap="large")
    with text, st.container(border=True):
        document = query_set.documents.get(one.document)
        if document is None:
            st.text(one.document)
        else:
            rate.draw_document(document, long=_LONG, height=_HEIGHT)
    with queue:
        _list(query_set, found, one)


def _who() -> None:
    """Who settles, where nobody signs in and somebody else than a rater may sit here."""
    if keeper() or not leading():
        return
    if keys.SETTLED_BY not in st.session_state:
        st.session_state[keys.SETTLED_BY] = state().judging.by or rate.rater() or FIRST_RATER
    st.text_input("Settled by", key=keys.SETTLED_BY, max_chars=60, width=170, persist_state="session")


def _settler() -> str:
    if keeper() or not leading():
        return rate.rater()
    return str(st.session_state.get(keys.SETTLED_BY) or "").strip() or FIRST_RATER


def _settled(query_set: QuerySet, one: Disagreement) -> SettledGrade | None:
    return query_set.settled.get(one.query, {}).get(one.document)


def _here(found: Sequence[Disagreement]) -> Disagreement:
    """Where this session is: at the first that is not settled until somebody goes elsewhere."""
    at = state().settling
    known = {(one.query, one.document): one for one in found}
    if at not in known:
        _onward()
    return known.get(state().settling or ("", ""), found[0])


def _head(query_set: QuerySet, one: Disagreement) -> None:
    texts = {query.id: query.text for query in query_set.queries}
    with st.container(key=keys.HEADLINE):
        st.text(shown(texts.get(one.query, one.query), 2_000))
    said = [f"{shown(name, 60, one_line=True)} {grade}" for name, grade in one.grades.items()]
    said.append(f"by the {query_set.rule} {agreed_grade(list(one.grades.values()), query_set.rule)}")
    decided = _settled(query_set, one)
    if decided is None:
        said.append("not settled")
    else:
        when = decided.at.astimezone().strftime(_TIME)
        said.append(f"settled: {decided.grade}, by {shown(decided.by, 80, one_line=True)}, {when}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(" · ".join(said), width="content")
        if decided is not None:
            st.button(
                "Take back",
                type="tertiary",
                key=keys.SETTLE_BACK,
                on_click=_settle,
                args=(one, None),
                icon=":material/undo:",
            )


def _buttons(query_set: QuerySet, one: Disagreement) -> None:
    decided = _settled(query_set, one)
    with st.container(horizontal=True, gap="small"):
        for value, words in rate.grades().items():
            st.button(
                words,
                shortcut=str(value),
                key=keys.of(keys.SETTLE_GRADE, value),
                type="primary" if decided is not None and decided.grade == value else "secondary",
                on_click=_settle,
                args=(one, value),
            )
        st.button("Skip", icon=":material/skip_next:", shortcut="S", key=keys.SETTLE_SKIP, on_click=_onward)
        st.button(
            "Undo",
            icon=":material/undo:",
            shortcut="U",
            key=keys.SETTLE_UNDO,
            on_click=_undo,
            disabled=not state().settle_undo,
        )


def _list(query_set: QuerySet, found: Sequence[Disagreement], here: Disagreement) -> None:
    open_only = bool(st.session_state.get(keys.SETTLE_OPEN, True))
    listed = [one for one in found if not open_only or one is here or _settled(query_set, one) is None][:SHOWN]
    settled = [_settled(query_set, one) for one in listed]
    at = next((number for number, one in enumerate(listed) if one is here), 0)
    columns: dict[str, Sequence[object]] = {
        "Grades": [", ".join(map(str, one.grades.values())) for one in listed],
        "Settled": [None if one is None else one.grade for one in settled],
        "Document": [title_of(query_set, one.document) for one in listed],
    }
    chosen = rate.documents_list(
        columns,
        at,
        key=keys.of(keys.SETTLE_LIST, at, len(listed), len(state().settle_undo)),
        alt="What raters see differently, the widest apart first; select one to go to it",
    )
    if chosen is not None:
        state().settling = (listed[chosen].query, listed[chosen].document)
        st.rerun(scope="fragment")


def _settle(one: Disagreement, grade: int | None) -> None:
    before = _settled(state().opened, one)
    if _keep(one.query, one.document, grade):
        state().settle_undo.append((one.query, one.document, None if before is None else before.grade))
        if grade is not None:
            _onward()


def _undo() -> None:
    current = state()
    if current.settle_undo:
        query, document, before = current.settle_undo.pop()
        if _keep(query, document, before):
            current.settling = (query, document)


def _keep(query: str, document: str, grade: int | None) -> bool:
    """Keep what is settled, or take it back with None; False where that failed."""
    current = state()
    with reported():
        who = _settler()
        stores.judging().settle(current.set_id or "", query, document, grade, by=who)
        decided: dict[str, Mapping[str, SettledGrade]] = dict(current.opened.settled)
        own = {name: found for name, found in decided.pop(query, {}).items() if name != document}
        if grade is not None:
            own[document] = SettledGrade(grade, who, datetime.now(UTC))
        known: Settled = decided | ({query: own} if own else {})
        current.query_set = replace(current.opened, settled=known)
        return True
    return False


def _onward() -> None:
    """To the next difference; over what is settled, where that is wished."""
    current = state()
    query_set = current.opened
    found = differences(query_set)
    places = [(one.query, one.document) for one in found]
    start = places.index(current.settling) + 1 if current.settling in places else 0
    open_only = bool(st.session_state.get(keys.SETTLE_OPEN, True))
    for number in [*range(start, len(found)), *range(start)]:
        if not open_only or _settled(query_set, found[number]) is None:
            current.settling = places[number]
            return
    current.settling = places[min(start, len(places)) - 1] if start else places[0]
