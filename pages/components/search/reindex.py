"""What is searched and read of a knowledge base that is there: shown, changed, and indexed anew by a job."""

from __future__ import annotations

import contextlib
from functools import partial

import streamlit as st

from pages.components.display.ownership import may_change
from pages.components.inputs.collections import LIVE, SAMPLE
from pages.components.inputs.rank_fields import has_choice, names_of, offer_titles, rank_fields_control, read_of
from pages.components.jobs import size
from pages.components.jobs.page_job import Plan, Task
from pages.components.search.corpus import FILL
from pages.components.search.filling import Filled
from pages.components.search.state import state
from pages.components.session import keys, stores
from rerank_core import Document, RerankError
from rerank_core.corpora import KnowledgeBases
from rerank_core.jobs import JobContext
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.retrieval.passages import Passages

# So many of the first passages stand for all, where it is asked which fields there are.
_FIRST_PASSAGES = 200


def offer_titles_of(source: str) -> None:
    """Where a knowledge base of before is searched by its texts alone and has titles: the way to both."""
    if source in (SAMPLE, LIVE) or FILL.job().running:
        return
    with contextlib.suppress(RerankError):  # the page says so where it opens what is to be searched
        corpus = stores.corpora().open(source)
        if corpus.rank_fields == TEXT_ONLY and may_change(corpus.facts().ownership):
            said = "This knowledge base is searched by its texts only.", "Index anew with titles"
            again = partial(_index, source, TITLE_AND_TEXT)
            offer_titles(TEXT_ONLY, _first_passages(source, corpus), keys.SOURCE, said, again)


def choice(source: str) -> None:
    """What is searched and read of a knowledge base, and the button that indexes it anew after another choice."""
    if source in (SAMPLE, LIVE):
        return
    with contextlib.suppress(RerankError):  # the page says so where it opens what is to be searched
        corpus, current = stores.corpora().open(source), state()
        if not may_change(corpus.facts().ownership):
            return
        passages, there = _first_passages(source, corpus), corpus.rank_fields
        chosen = current.rereading.get(source, there)
        change = partial(current.rereading.__setitem__, source)
        read = rank_fields_control(passages, chosen, change, keys.CORPUS_ADD)
        if read != read_of(passages, there, keys.CORPUS_ADD):
            st.button(
                "Index anew",
                icon=":material/refresh:",
                disabled=FILL.job().running,
                key=keys.REINDEX,
                on_click=_index,
                args=(source, read),
            )


def what_is_read(source: str, passages: Passages) -> None:
    """Say what is searched and read of each passage, where there is more than its text."""
    first = _first_passages(source, passages)
    if has_choice(first, keys.SOURCE):
        st.text(f"The model reads: {names_of(read_of(first, passages.rank_fields, keys.SOURCE))}")


def _first_passages(source: str, passages: Passages) -> tuple[Document, ...]:
    current, key = state(), (source, len(passages))
    if current.first_passages[0] != key:
        current.first_passages = key, tuple(passages.get(range(min(len(passages), _FIRST_PASSAGES))))
    return current.first_passages[1]


def _index(source: str, fields: tuple[str, ...]) -> None:
    state().message = ""

    def plan() -> Plan[Filled]:
        read = size.of_passages(stores.corpora().open(source))
        return Plan((Task(_index_anew, (stores.corpora(), source, fields), size=read),))

    FILL.job().submit(plan)


def _index_anew(context: JobContext, store: KnowledgeBases, source: str, fields: tuple[str, ...]) -> Filled:
    """Runs on a worker thread: nothing of Streamlit may be called here."""

    def tell(done: int, total: int) -> None:
        context.progress(done, total, note=f"Indexing: {done:,} of {total:,}")

    store.open(source).index_anew(fields, tell)
    return Filled("", source, f"Searched and read from now on: {names_of(fields)}.")
