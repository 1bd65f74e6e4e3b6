"""What a session holds for the Duplicates page."""

from __future__ import annotations

from dataclasses import dataclass, field

from pages.components.session import page_state
from rerank_core import Document
from rerank_core.documents import ParsedDocuments
from rerank_core.documents.working_list import WorkingList
from rerank_core.duplicates import ComparedText, Duplicates, TextDifference
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.storage.run_record import Run

OWN = "own"
ALL, ONE = "all", "one"
NO_MODEL = "none"

DIFFERENCES = 400  # comparisons that are remembered


@dataclass(frozen=True)
class DuplicatesAsked:
    """What was compared, to tell whether a result still fits what stands on the page.

    `local` is the local model of the meaning, None for wording alone; `reference` and `hosted`, a provider and its
    model, belong to one text against many. `rank_fields` are the fields of each text that are compared.
    """

    mode: str
    source: str
    texts: int
    local: str | None
    reference: str | None = None
    hosted: tuple[str, str | None] | None = None
    rank_fields: tuple[str, ...] = TEXT_ONLY


@dataclass(frozen=True)
class Outcome:
    """A finished comparison: all pairs in `found`, or the rows of one text against many with their reference.

    `run` is a hosted reranker's answer, kept among the saved runs. `documents` are the texts of an own list, so that
    they come back with the result.
    """

    id: str
    asked: DuplicatesAsked
    found: Duplicates | None = None
    rows: tuple[ComparedText, ...] = ()
    run: Run | None = None
    notes: tuple[str, ...] = ()
    own: tuple[Document, ...] = ()


@dataclass
class DuplicatesState:
    """The own texts, the results of both modes, the comparison that is under way."""

    visited: bool = False
    wanted: bool = False
    # The id of a comparison under way that a link named, whose inputs are to be shown with its result.
    restoring: str | None = None
    # The source that was chosen is no longer there: the press that comes with it was meant for another one.
    source_missing: bool = False
    working: WorkingList = field(default_factory=WorkingList)
    pasted: ParsedDocuments | None = None
    # What is compared of the own texts, as it was chosen: of these fields those that they have.
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    reference_place: int | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    # A threshold belongs to a measure and its model.
    thresholds: dict[tuple[str, str | None], float] = field(default_factory=dict)
    differences: dict[tuple[str, str], TextDifference] = field(default_factory=dict)


def state() -> DuplicatesState:
    """This session's Duplicates page."""
    return page_state.of(DuplicatesState)
