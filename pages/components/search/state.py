"""What a session holds for the Search page."""

from __future__ import annotations

from dataclasses import dataclass, field

from pages.components.session import page_state
from rerank_core import Document, RerankError
from rerank_core.duplicates.contradictions import Contradiction
from rerank_core.exports.tickets import Mark, TicketRecord
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.retrieval.first_stage import Kind, Retrieved
from rerank_core.retrieval.live.reply import LiveResult
from rerank_core.storage.missing_articles import MissingArticle
from rerank_core.storage.run_record import Run


@dataclass(frozen=True)
class StageChoice:
    """How candidates are found: the kind of search, the model that compares meaning, and how many."""

    kind: Kind
    embedding_model: str
    candidates: int


@dataclass(frozen=True)
class SearchAsked:
    """What a search was asked, so that a page that is reloaded shows it again. No credentials."""

    question: str
    source: str
    kind: Kind
    candidates: int


@dataclass(frozen=True)
class SearchAnswer:
    """One search: what the first stage found, in its order, and what reranking made of it.

    `run` is None where nothing was found. `places` are the candidates' places in the collection, None for a live
    index, whose documents come with the answer. `id` is the run's too.
    """

    id: str
    asked: SearchAsked
    source_name: str
    found: Retrieved | LiveResult
    documents: tuple[Document, ...]
    places: tuple[int, ...] | None
    run: Run | None
    first_ms: float

    @property
    def question(self) -> str:
        """The question as it was typed."""
        return self.asked.question

    @property
    def source(self) -> str:
        """The id of the collection that was searched."""
        return self.asked.source


@dataclass(eq=False)
class DeskTicket:
    """A ticket of the list that is gone through: what is known of it, which file it is from ("" where it was pasted),
    and the answer of its last search."""

    record: TicketRecord
    source: str
    answer: SearchAnswer | None = None

    @property
    def text(self) -> str:
        """The ticket as it came."""
        return self.record.text

    @property
    def mark(self) -> Mark | None:
        """What was said of it."""
        return self.record.mark


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

    visited: bool = False
    wanted: bool = False
    # The source that was chosen is no longer there: the press that comes with it was meant for another one.
    source_missing: bool = False
    answer: SearchAnswer | None = None
    # Whether the order is the saved answer to a request that was about to be paid for once more, and whether somebody
    # wants it sent all the same.
    reused: bool = False
    again: bool = False
    picked: str | None = None
    deleting: str | None = None
    previews: dict[str, Preview] = field(default_factory=dict)
    # What is to be read of a new knowledge base, and of an old one, by its id, before it is indexed anew.
    reading: tuple[str, ...] = TITLE_AND_TEXT
    rereading: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # What is to be read of the documents of a live engine.
    live_reading: tuple[str, ...] = TITLE_AND_TEXT
    # The first passages of a knowledge base, by its id and how many there are: they stand for all.
    first_passages: tuple[object, tuple[Document, ...]] = (None, ())
    # The near-copies among an answer's first results, by its run and how many were held against each other.
    apart: tuple[object, tuple[Contradiction, ...]] = (None, ())
    # What became of a knowledge base, until the person goes on.
    message: str = ""
    # The select box of sources has been drawn when a knowledge base is made or deleted; the next run takes this over.
    next_source: str | None = None
    # Missing articles that were just taken off the list, to be put back, and what went wrong with the list.
    removed: tuple[MissingArticle, ...] = ()
    missing_error: RerankError | None = None
    # A table of which rows were removed is drawn anew, with no row chosen.
    missing_round: int = 0
    # The tickets to go through, and the place of the one that is open.
    tickets: list[DeskTicket] = field(default_factory=list)
    ticket: int | None = None


def state() -> SearchState:
    """This session's Search page."""
    return page_state.of(SearchState)
