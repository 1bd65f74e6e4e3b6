"""Candidates for queries: a typed list, or queries that came without any, put to a corpus or a live engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components.display import glossary
from pages.components.display.ownership import named
from pages.components.evaluate.state import open_set, reported, state
from pages.components.inputs.collections import LIVE, SAMPLE, LiveSettings, passages_of
from pages.components.inputs.search_engine import live_settings
from pages.components.jobs import size
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.server import addresses
from pages.components.session import keys, stores
from rerank_core import ConfigurationError, Document
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.query_sets import sources
from rerank_core.evaluation.query_sets.query_set import QuerySet, describe
from rerank_core.jobs import JobContext
from rerank_core.retrieval.first_stage import CANDIDATES, FirstStage
from rerank_core.retrieval.passages import Passages

NOWHERE = "none"
OWN = "own"


@dataclass(frozen=True)
class Search:
    """Where candidates come from."""

    source: str
    live: LiveSettings | None
    candidates: int


def typed() -> None:
    """Queries typed one a line, put to a search."""
    text = st.text_area(
        "Queries, one a line",
        key=keys.EVALUATE_QUERIES,
        height=150,
        placeholder="how do I reset my password\nWi-Fi keeps dropping",
    )
    search = _search_control("Find candidates in", allow_none=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the set", value="My queries", key=keys.EVALUATE_TYPED_NAME, width=320)
        pressed = st.button(
            "Find candidates",
            type="primary",
            icon=":material/search:",
            disabled=search is None or not text.strip() or job().running,
        )
    if pressed and search is not None:
        lines = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        made = Imported("opensearch-queries", queries={line: line for line in lines})
        with reported():
            start(sources.from_files(made, name=name.strip() or "My queries"), search)


def search_for_missing(made: QuerySet) -> Search | None:
    """Where the queries without candidates get some."""
    missing = sum(1 for query in made.queries if not query.candidates)
    if not missing:
        return None
    st.text(f"{missing:,} {'query has' if missing == 1 else 'queries have'} no candidates. Where shall they be found?")
    return _search_control("Find missing candidates in", allow_none=True, own=bool(made.documents))


def _search_control(label: str, *, allow_none: bool, own: bool = False) -> Search | None:
    names = {NOWHERE: "Nowhere: leave these queries out"} if allow_none else {}
    if own:
        names = {OWN: "The documents of these files, by keyword", **names}
    names |= {SAMPLE: "Sample knowledge base"}
    names |= {
        one.id: named(f"{one.name} ({one.passages:,} passages)", one.ownership)
        for one in stores.corpora().list()
        if not one.problem
    }
    names[LIVE] = "A live search engine"
    key = keys.EVALUATE_SOURCE_MISSING if allow_none else keys.EVALUATE_SOURCE
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(label, list(names), format_func=names.__getitem__, key=key, width=330)
        candidates = int(
            st.selectbox(
                "Candidates", CANDIDATES, index=1, key=keys.of(key, "candidates"), width=110, help=glossary.CANDIDATES
            )
        )
    if source == NOWHERE:
        return None
    live = live_settings() if source == LIVE else None
    if source == LIVE and live is None:
        return None
    return Search(source, live, candidates)


def start(made: QuerySet, search: Search) -> None:
    """Find candidates in a worker, then keep the set and work on it."""
    mine = job()
    read = size.A_PASSAGE * search.candidates * len(made)
    mine.submit(lambda: Plan((Task(_work, (made, search, _passages(search)), size=read),)))
    state().error, mine.error = mine.error, None
    st.rerun()  # what became of it stands at the top of the page


def _passages(search: Search) -> Passages | None:
    return None if search.live is not None or search.source == OWN else passages_of(search.source)[0]


def _work(context: JobContext, made: QuerySet, search: Search, passages: Passages | None) -> QuerySet:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    find: Callable[[str], Sequence[Document]]
    order = "by keyword (BM25)"
    if search.live is not None:
        refused = addresses.check(search.live.index.address) if search.live.typed else None
        if refused:
            raise ConfigurationError(refused, hint="Change the address of the search engine.")
        order = "as the search engine listed them"
        with search.live.index as index:
            context.on_cancel(index.close)
            find = sources.search_with(index, search.candidates)
            return made.with_candidates(find, order, on_progress=context.progress)
    if passages is None:
        find = sources.search_collection(made.documents.values(), search.candidates, context.progress, made.rank_fields)
    else:
        stage = FirstStage(passages)
        if stage.missing():
            stage.prepare(context.progress)
        find = sources.search_with(stage, search.candidates)
    return made.with_candidates(find, order, on_progress=context.progress)


def save(made: QuerySet, *, again: bool = True) -> None:
    """Keep a set and work on it from now on."""
    with reported():
        open_set(stores.query_sets().save(made))
        state().added, state().note = True, f"{describe(made)}."
        if again:
            st.rerun()


def _take(ended: Ended[QuerySet]) -> None:
    assert ended.result is not None
    save(ended.result, again=False)


CANDIDATES_JOB = JobKind[QuerySet](
    "candidates",
    "Finding candidates",
    "searching",
    take=_take,
    sets_widgets=True,
    cancelled="Cancelled. The queries are still here.",
)


def job() -> PageJob[QuerySet]:
    """The search for candidates under way in this session."""
    return CANDIDATES_JOB.job()


def take_finished() -> None:
    """Take over what a search for candidates found."""
    current, mine = state(), job()
    mine.take_finished()
    if mine.error is not None:
        current.error, mine.error = mine.error, None
    if mine.message:
        current.note, mine.message = mine.message, ""
