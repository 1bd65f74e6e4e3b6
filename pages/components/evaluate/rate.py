"""Step 2: rating, one document at a time, by keys from 0 on; the queries' pool comes from every order there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.display.tables import DETAIL_CHARACTERS
from pages.components.evaluate.orders import depth_choice, given_grades, orders
from pages.components.evaluate.state import refresh, reported, state
from pages.components.inputs import rater as inputs_rater
from pages.components.session import judge, keys, stores
from pages.components.session.owner import keeper
from rerank_core import Document, RerankError
from rerank_core.documents.report import count
from rerank_core.evaluation.judging.pool import pool
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, Query, QuerySet

DEPTHS = [3, 5, 10, 20, 50]
GRADES = {0: "Not relevant", 1: "A little", 2: "Relevant", 3: "Just right"}
MOST_GRADES = 9
"""The highest grade that has a key."""
NO_NAME = RerankError("Nobody has said who rates.", hint="Type your name on the Rate step: ratings are kept by name.")
PREVIEW = 90
# From how many characters on a text scrolls in a window of its own, and how high that is.
LONG_QUERY, QUERY_HEIGHT = 400, 110
LONG_DOCUMENT, DOCUMENT_HEIGHT = 1_500, 420


def rater() -> str:
    """Whose ratings are given; empty where nobody has said who it is, and where others were assigned and whoever it is
    leads them or was not assigned."""
    current, found = state(), inputs_rater.rater(_people)
    if keeper() or not current.judging.raters:
        return found
    leads = judge.here().leads(current.set_id or "", current.judging)
    return "" if leads or current.judging.rater(found) is None else found


def people(query_set: QuerySet) -> list[str]:
    """Who has rated in this set, those that came with a file left out."""
    return [name for name in query_set.raters if name not in NO_PERSON]


def _people() -> list[str]:
    query_set = state().query_set
    return people(query_set) if query_set is not None else []


def highest() -> int:
    """The highest rating that anybody gave in this set, at least 3."""
    return max(*GRADES, *given_grades())


def grades() -> dict[int, str]:
    """The grades to choose from with what they are called: 0 to 3, or up to the highest rating there is in the set."""
    most = highest()
    if most == max(GRADES):
        return GRADES
    numbers = {grade: str(grade) for grade in range(1, min(most, MOST_GRADES) + 1)}
    best = {most: f"{most}, {GRADES[3].lower()}"} if most in numbers else {}
    return {0: GRADES[0]} | numbers | best


@st.fragment
def screen() -> None:
    """The screen for rating."""
    current = state()
    query_set = current.query_set
    if query_set is None:
        return
    if current.whole_page:
        current.whole_page = False
        st.rerun()
    choices = grades()
    # One row for what is seldom changed, so that the buttons stand high on a small screen.
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _controls()
        runs = orders()
        pooled = _pooled()
        mine = _mine()
        total = sum(map(len, pooled.values()))
        done, said = _progress(query_set, pooled, mine)
        shortcuts = f"keys 0 to {max(choices)} rate, S skips, U takes back"
        st.progress(done / total if total else 0.0, text=f"{said} · {shortcuts}", width="stretch")
    with st.container():
        if current.error is not None:  # of a rating just now: this part of the page is drawn alone
            errors.show(current.error)
            current.error = None
        if not rater() and not current.judging.raters:  # else it is asked above
            ask_name(query_set)
        if done_rating():
            st.info(
                "You are done: your ratings stay as they are. Under Settle stands what others see differently.",
                icon=":material/task_alt:",
            )
        if highest() > MOST_GRADES:
            st.caption(f"Ratings of this set go up to {highest():,}; the keys give 0 to {MOST_GRADES}.")
    if current.rated_query not in pooled:
        current.rated_query, current.place = next(iter(pooled)), 0
        _onward(pooled, mine)
    query = query_set.query(current.rated_query or "")
    names = pooled[query.id]
    current.place = min(current.place, len(names) - 1)
    name = names[current.place]
    about = [f"Query {list(pooled).index(query.id) + 1:,} of {len(pooled):,}", query.tag or "", query.lang or ""]
    st.text(" · ".join(part for part in about if part))
    with st.container(
        key=keys.HEADLINE, height=QUERY_HEIGHT if len(query.text) > LONG_QUERY else "content", border=False
    ):
        st.text(shown(query.text, 4_000))
    _buttons(query, name, mine.get(query.id, {}).get(name), choices)
    text, queue = st.columns([3, 2], gap="large")
    with text:
        _card(query_set, query, names, runs)
    with queue:
        _queue(query_set, query, names, mine)


def _progress(
    query_set: QuerySet, pooled: Mapping[str, Sequence[str]], mine: Mapping[str, Mapping[str, int]]
) -> tuple[int, str]:
    """How many of the documents to rate are rated, by this rater or by the file that they came with, and that in
    words."""
    total = sum(map(len, pooled.values()))
    pairs = [(query, name) for query, names in pooled.items() for name in names]
    own = {pair for pair in pairs if pair[1] in mine.get(pair[0], {})}
    if state().judging.raters:  # each rates all of them, whatever came with the file
        return len(own), f"{len(own):,} of {total:,} documents rated"
    along = [grades for name, grades in query_set.judgments.items() if name in NO_PERSON]
    given = {(query, name) for query, name in pairs if any(name in grades.get(query, {}) for grades in along)}
    if not given:
        return len(own), f"{len(own):,} of {total:,} documents rated by this rater"
    done = len(own | given)
    return done, f"{done:,} of {total:,} documents rated: {len(given):,} came with the file, {len(own):,} by this rater"


def _controls() -> None:
    rater_field()
    together = bool(state().judging.raters)
    with st.popover("What to rate", icon=":material/tune:"):
        if not together:  # else all of them rate the same
            meaning = "How many documents of each order: the initial one and that of every model that has been run."
            depth_choice("Rate the first", DEPTHS, 5, keys.EVALUATE_DEPTH, meaning)
        st.toggle(
            "Only what has no rating from me",
            key=keys.EVALUATE_UNRATED,
            value=True,
            persist_state="session",
            help="Jump over documents that this rater has rated already.",
        )
    if together and state().judging.rater(rater()) is not None and not done_rating():
        _done_popover()


def _done_popover() -> None:
    left = sum(name not in _mine().get(query, ()) for query, names in _pooled().items() for name in names)
    with st.popover("I am done", icon=":material/task_alt:"):
        if left:
            st.text(f"{count(left, 'document')} {'has' if left == 1 else 'have'} no rating from you yet.")
        st.text("Your ratings stay as they are from then on, and you see those of the others.")
        st.button("Done", key=keys.JUDGING_DONE, type="primary", on_click=_finish)


def _finish() -> None:
    current = state()
    with reported():
        current.judging = stores.judging().finish(current.set_id or "", rater())
    refresh()
    current.whole_page = True


def done_rating() -> bool:
    """Whether this rater has said that they are done."""
    return state().judging.is_done(rater())


def rater_field() -> None:
    """The field for the name of whoever rates; nothing where several were assigned, who say above who they are."""
    if state().judging.raters:
        return
    inputs_rater.rater_input(_people, on_change=_somebody_else)


def ask_name(query_set: QuerySet) -> None:
    """Ratings wait for a name; whoever has rated here before only picks it."""
    if state().judging.raters:
        st.info("Several people rate this set: say on the Rate step who you are.", icon=":material/badge:")
        return
    known = people(query_set)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            "Type your name as the rater first: ratings are kept by name, so that several people stay apart.",
            icon=":material/badge:",
            width="stretch",
        )
        if known:
            st.selectbox(
                "Who rated here before",
                known,
                index=None,
                key=keys.EVALUATE_RATED_BEFORE,
                placeholder="Go on as",
                label_visibility="collapsed",
                on_change=_go_on_as,
                width=200,
            )


def _go_on_as() -> None:
    st.session_state[keys.EVALUATE_RATER] = st.session_state[keys.EVALUATE_RATED_BEFORE]
    _somebody_else()


def _somebody_else() -> None:
    """Whoever rates from now on is not asked again what he has rated."""
    _onward(_pooled(), _mine())


def _buttons(query: Query, name: str, grade: int | None, choices: Mapping[int, str]) -> None:
    """What can be done with the document, above it: at the same place whatever its length."""
    nobody = not rater() or done_rating()
    with st.container(horizontal=True, gap="small"):
        for value, words in choices.items():
            st.button(
                words,
                shortcut=str(value),
                key=keys.of(keys.GRADE, value),
                type="primary" if grade == value else "secondary",
                on_click=_grade,
                args=(query.id, name, value),
                disabled=nobody,
            )
        for label, icon, key, pressed, off in (  # the first letter is the shortcut
            ("Skip", "skip_next", keys.RATE_SKIP, _advance, False),
            ("Undo", "undo", keys.RATE_UNDO, _undo, not state().undo),
            ("Previous query", "chevron_left", keys.RATE_BACK, lambda: _turn(-1), False),
            ("Next query", "chevron_right", keys.RATE_NEXT, lambda: _turn(1), False),
        ):
            st.button(label, icon=f":material/{icon}:", shortcut=label[0], key=key, on_click=pressed, disabled=off)


def _card(
    query_set: QuerySet, query: Query, names: Sequence[str], runs: Mapping[str, Mapping[str, Sequence[str]]]
) -> None:
    place = state().place
    name = names[place]
    document = query_set.documents[name]
    with st.container(border=True):
        ranks = [
            f"{label} {run[query.id].index(name) + 1}" for label, run in runs.items() if name in run.get(query.id, ())
        ]
        st.text(f"Document {place + 1} of {len(names)} · rank: {', '.join(ranks)}")
        draw_document(document, long=LONG_DOCUMENT, height=DOCUMENT_HEIGHT)


def draw_document(document: Document, *, long: int, height: int) -> None:
    """A document's title and text; a text of more than `long` characters scrolls in a window of so many pixels."""
    if document.metadata.get("title"):
        st.text(shown(str(document.metadata["title"]), 300, one_line=True))
    with st.container(height=height if len(document.text) > long else "content", border=False):
        st.text(shown(document.text[:DETAIL_CHARACTERS]))


def _queue(query_set: QuerySet, query: Query, names: Sequence[str], mine: Mapping[str, Mapping[str, int]]) -> None:
    """The documents of this query, with the ratings so far."""
    current = state()
    place = {name: rank for rank, name in enumerate(query.candidates, start=1)}
    columns: dict[str, Sequence[object]] = {
        "Rank": [place.get(name) for name in names],
        "Rating": [mine.get(query.id, {}).get(name) for name in names],
        "Document": [_preview(query_set, name) for name in names],
    }
    chosen = documents_list(
        columns,
        current.place,
        key=keys.of(keys.RATE_QUEUE, query.id, current.place, len(current.undo)),
        alt="The documents to rate for this query; select one to go to it",
    )
    if chosen is not None:
        current.place = chosen
        st.rerun(scope="fragment")


def documents_list(columns: Mapping[str, Sequence[object]], at: int, *, key: str, alt: str) -> int | None:
    """A list of documents to go through, with a mark beside the one at place `at` (from 0). The place of another that
    was chosen in it; None where none was. `columns` are as long as each other, the last one is "Document"."""
    size, widths = len(columns["Document"]), {"": 30} | {name: 70 for name in columns if name != "Document"}
    event = st.dataframe(
        pd.DataFrame({"": ["▶" if number == at else "" for number in range(size)]} | dict(columns)),
        key=key,
        hide_index=True,
        height=min(430, 40 + 35 * size),
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Document": st.column_config.Column(width="large")}
        | {name: st.column_config.Column(width=width) for name, width in widths.items()},
        alt=alt,
    )
    rows = event["selection"]["rows"]
    return int(rows[0]) if rows and rows[0] != at else None


def _preview(query_set: QuerySet, name: str) -> str:
    document = query_set.documents[name]
    title = str(document.metadata.get("title") or "")
    return shown(
        f"{title}: {document.text[:PREVIEW]}" if title else document.text[:PREVIEW], PREVIEW * 2, one_line=True
    )


def _pooled() -> dict[str, tuple[str, ...]]:
    """What is to be rated: what was assigned, else the first of every order."""
    query_set = state().opened
    if state().judging.raters:
        assigned = state().judging.pool
        there = {query: tuple(one for one in names if one in query_set.documents) for query, names in assigned.items()}
        return {query.id: there[query.id] for query in query_set.queries if there.get(query.id)}
    found = pool(orders().values(), int(st.session_state.get(keys.EVALUATE_DEPTH) or 5))
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
    """Keep a rating of the current rater (or of `who`), or take it back with None; False where that failed, as it does
    while nobody has said who rates."""
    current, who = state(), who or rater()
    if current.set_id is None or current.query_set is None:
        return False
    if not who:
        current.error = NO_NAME
        return False
    if st.session_state.get(keys.EVALUATE_RATER) is None:
        st.session_state[keys.EVALUATE_RATER] = who
    with reported():
        stores.judging().check_rater(current.set_id, who)
        stores.query_sets().rate(current.set_id, who, query, document, grade)
        current.query_set = current.query_set.rated(who, query, document, grade)
        return True
    return False


def _advance() -> None:
    """To the next document, in this query or the next; over what is rated, where that is wished."""
    current = state()
    current.place += 1
    _onward(_pooled(), _mine())


def _onward(pooled: Mapping[str, Sequence[str]], mine: Mapping[str, Mapping[str, int]]) -> None:
    """Move on until a document is reached that is to be rated; stay at the last one where there is none."""
    current = state()
    jump = bool(st.session_state.get(keys.EVALUATE_UNRATED, True))
    ids = list(pooled)
    asked = current.rated_query
    start = ids.index(asked) if asked is not None and asked in pooled else 0
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
