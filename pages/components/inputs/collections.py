"""The collections that pages search or compare: the sample, the knowledge bases, a live search engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components.display.board import shown
from pages.components.display.ownership import named, operates
from pages.components.inputs.controls import select
from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.documents.report import count
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.passages import Passages
from rerank_core.storage.ownership import NOT_SHARED

SAMPLE, LIVE = "sample", "live"
"""The ids of the sources that are no knowledge base of this computer."""
_MISSING = "The knowledge base that was chosen is no longer there; it was deleted, perhaps in another window."

_NAME_CHARACTERS = 90


@dataclass(frozen=True)
class LiveSettings:
    """How a live search engine is reached; everything a worker needs."""

    index: LiveIndex
    name: str
    typed: bool = True


def source_select(
    label: str, key: str, others: Mapping[str, str], *, missing: Callable[[str], object], **how: Any
) -> str:
    """The select box of sources: the sample, the knowledge bases that can be read, and `others` by id; gives an id.

    `missing` is called with the reason where the source that was chosen is not there; the sample is chosen then.
    """
    names = {SAMPLE: "Sample knowledge base"}
    for each in stores.corpora().list():
        if not each.problem:
            name = f"{shown(each.name, _NAME_CHARACTERS, one_line=True)} ({count(each.passages, 'passage')})"
            names[each.id] = named(f"{name} · {each.home}" if each.home else name, each.ownership)
    names |= others
    if _opened_by_link(st.session_state.get(key), names):
        corpus = stores.corpora().open(st.session_state[key])
        names[corpus.id] = named(shown(corpus.name, _NAME_CHARACTERS, one_line=True), corpus.facts().ownership)
    if st.session_state.get(key) not in names:
        if st.session_state.get(key) is not None:
            missing(_missing_text(st.session_state[key]))
        st.session_state[key] = SAMPLE
    return select(label, names, key, persist_state="session", **how)


def _opened_by_link(source: object, names: Mapping[str, str]) -> bool:
    """Whether a knowledge base that is in nobody else's list may be opened all the same, as an operator may."""
    if not isinstance(source, str) or source in names or not operates():
        return False
    with contextlib.suppress(RerankError):
        stores.corpora().open(source)
        return True
    return False


def _missing_text(source: object) -> str:
    """Why a knowledge base that was chosen, or that an address names, is not there."""
    try:
        stores.corpora().open(str(source))
    except RerankError as error:
        if error.code == NOT_SHARED:
            return str(error)
    return _MISSING


def passages_of(source: str) -> tuple[Passages, str]:
    """The collection behind a source's id, and its name. Raises CorpusError where it is gone."""
    if source == SAMPLE:
        return stores.sample_passages(), "the sample knowledge base"
    corpus = stores.corpora().open(source)
    return corpus, corpus.name
