"""What a session holds for the Search page."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from pages.components.inputs.uploads import Inbox
from rerank_core import Document, RerankError
from rerank_core.retrieval.first_stage import Kind, Retrieved
from rerank_core.retrieval.live.index import LiveResult
from rerank_core.storage.run_record import Run

SAMPLE, LIVE = "sample", "live"
GONE = "The knowledge base that was chosen is no longer there; it was deleted, perhaps in another window."

# Widget keys.
QUESTION, SOURCE, STAGE, CANDIDATES, TOP = "question", "source", "stage", "candidates", "search_top"
TICKET, MANAGING = "ticket", "managing"
# In the address: the search that is shown or under way, and a knowledge base that is being filled.
SEARCH, FILLING = "search", "filling"


@dataclass(frozen=True)
class Asked:
    """What a search was asked, so that a page that is reloaded shows it again. No credentials."""

    question: str
    source: str
    kind: Kind
    candidates: int


@dataclass(frozen=True)
class Answer:
    """One search: what the first stage found, in its order, and what reranking made of it.

    `run` is None where nothing was found. `places` are the candidates' places in the collection, None for a live
    index, whose documents come with the answer. `id` is the run's too.
    """

    id: str
    question: str
    source: str
    source_name: str
    found: Retrieved | LiveResult
    documents: tuple[Document, ...]
    places: tuple[int, ...] | None
    run: Run | None
    first_ms: float


@dataclass(frozen=True)
class Preview:
    """The first documents of some files and the passages they are cut into; `key` says which files and cut how."""

    key: tuple[object, ...]
    whole: tuple[Document, ...]
    passages: tuple[Document, ...]
    complete: bool


@dataclass
class SearchState:
    """The answer that is shown, the search that is under way, and the knowledge base that is being filled."""

    arrived: bool = False
    wanted: bool = False
    gone: bool = False
    asking: bool = False
    job_id: str | None = None
    answer: Answer | None = None
    error: RerankError | None = None
    # A sentence of ours about what became of a search, until Search is pressed.
    notice: str = ""
    picked: str | None = None
    deleting: str | None = None
    inboxes: dict[str, Inbox] = field(
        default_factory=lambda: {"new": Inbox("reading_new"), "more": Inbox("reading_more")}
    )
    previews: dict[str, Preview] = field(default_factory=dict)
    filling_id: str | None = None
    filling_stopped: bool = False
    filling_error: RerankError | None = None
    note: str | None = None

    def vanished(self) -> None:
        """The collection that was chosen is gone. Whoever asks their own content must not get another's answer."""
        self.wanted = self.asking = False
        self.gone, self.notice = True, f"{GONE} Nothing was searched. The sample is chosen now."

    def read(self) -> None:
        """The person went on: what was said about a knowledge base has been read."""
        self.note, self.filling_stopped, self.filling_error = None, False, None


def state() -> SearchState:
    """This session's Search page."""
    return st.session_state.setdefault("search", SearchState())
