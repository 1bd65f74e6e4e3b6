"""The query and the documents that the Playground and Compare share, and what was done to them.

The widgets of the query and of the paste area keep their own values under their keys; everything else is here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pages.components.session import page_state, unsaved
from rerank_core import Document
from rerank_core.documents import ParsedDocuments, is_small, parse_documents
from rerank_core.documents.working_list import WorkingList
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.storage.run_record import Run

OWN = "own"
FROM_EXAMPLE = "the example"
UNDO_STEPS = 20

# The query, a model's label or another word; Top N; the fields that a model reads.
Offered = str | int | tuple[str, ...]

# What a model is chosen by on every connection (`ModelSpec.slot`): it is in addresses, so it stays whatever a model is
# called.
SLOTS = ["English", "Multilingual", "v2", "Cross-encoder"]
DEFAULT_TOP_N, MAX_TOP_N = 3, 100_000


@dataclass
class Texts:
    """The working list with its history, the example that it is from, and what a paste brought along."""

    working: WorkingList = field(default_factory=WorkingList)
    undo: list[WorkingList] = field(default_factory=list)
    pasted: ParsedDocuments | None = None
    # The table editor applies its edits to the list it was given; a new version makes it start afresh.
    table_base: WorkingList | None = None
    table_version: int = 0
    # The id of the example whose texts these are, OWN for a person's own, None before anything was put in place.
    example: str | None = None
    # How often all texts were replaced at once: a page that shows a result of the earlier ones takes it away.
    replaced: int = 0
    # What a pasted request asks for besides its documents, by widget key, until it is used or left.
    offer: dict[str, Offered] = field(default_factory=dict)
    # What the model reads of each document, as it was chosen: of these fields those that the documents have.
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    # A run of another page that the Playground is to show next.
    opened: Run | None = None

    def change(self, working: WorkingList, *, from_table: bool = False) -> None:
        """Put a new working list in place, remembering the old one for Undo."""
        if working == self.working:
            return
        if self.working.documents:
            self.undo = [*self.undo[-(UNDO_STEPS - 1) :], self.working]
        self.working = working
        if not from_table:
            self.restart_table()

    def replace(self, working: WorkingList, example: str) -> None:
        """Put other texts in place of all that were there."""
        self.change(working)
        self.pasted, self.example = None, example
        self.offer.clear()
        self.rank_fields = TITLE_AND_TEXT
        self.replaced += 1

    def restart_table(self) -> None:
        """Make the table editor start from the list as it is now."""
        self.table_base = None
        self.table_version += 1


def texts() -> Texts:
    """The texts of this session."""
    return page_state.of(Texts)


def open_run(run: Run) -> None:
    """Have the Playground show a run of another page, from where it can be found again. For a button's callback, before
    anything is drawn."""
    texts().opened = unsaved.saved(run)


def as_pasted_text(documents: tuple[Document, ...]) -> str:
    """The texts in the plainest form that reads back as the same documents: lines, paragraphs, else JSON. Texts that
    are too long to be read back at once are JSON, which always does."""
    found = [document.text for document in documents]
    for joined in ("\n".join(found), "\n\n".join(found)):
        if is_small(joined) and [document.text for document in parse_documents(joined).documents] == found:
            return joined
    return json.dumps(found, ensure_ascii=False, indent=1)
