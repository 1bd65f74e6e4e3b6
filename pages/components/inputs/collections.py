"""The collections that pages search or compare: the sample, the knowledge bases, a live search engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components.display.board import shown
from pages.components.inputs.controls import select
from pages.components.session import stores
from rerank_core.documents.report import count
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.passages import Passages

SAMPLE, LIVE = "sample", "live"
"""The ids of the sources that are no knowledge base of this computer."""
MISSING = "The knowledge base that was chosen is no longer there; it was deleted, perhaps in another window."

_NAME_CHARACTERS = 90


@dataclass(frozen=True)
class LiveSettings:
    """How a live search engine is reached; everything a worker needs."""

    index: LiveIndex
    name: str
    typed: bool = True


def source_select(label: str, key: str, others: Mapping[str, str], *, missing: Callable[[], object], **how: Any) -> str:
    """The select box of sources: the sample, the knowledge bases that can be read, and `others` by id; gives an id.

    `missing` is called where the source that was chosen is no longer there; the sample is chosen then.
    """
    names = {SAMPLE: "Sample knowledge base"}
    for each in stores.corpora().list():
        if not each.problem:
            names[each.id] = f"{shown(each.name, _NAME_CHARACTERS, one_line=True)} ({count(each.passages, 'passage')})"
    names |= others
    if st.session_state.get(key) not in names:
        if st.session_state.get(key) is not None:
            missing()
        st.session_state[key] = SAMPLE
    return select(label, names, key, persist_state="session", **how)


def passages_of(source: str) -> tuple[Passages, str]:
    """The collection behind a source's id, and its name. Raises CorpusError where it is gone."""
    if source == SAMPLE:
        return stores.sample_passages(), "the sample knowledge base"
    corpus = stores.corpora().open(source)
    return corpus, corpus.name
