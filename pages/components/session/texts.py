"""What a session holds for the Playground, in one place.

Widgets keep their own values under their keys; everything else lives in one `PlaygroundState`. Only ids and small
things stand in the address: texts and keys never do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import streamlit as st

from pages.components.inputs.uploads import Inbox, Upload
from rerank_core import Document, RerankError
from rerank_core.documents import ParsedDocuments, parse_documents
from rerank_core.documents.working_list import WorkingList
from rerank_core.samples import Example
from rerank_core.storage.run_record import Run

OWN = "own"
FROM_EXAMPLE = "the example"
UNDO_STEPS = 20

# Widget keys. Those in the address are short, since people read them.
EXAMPLE, MODEL, TOP_N, RUN = "example", "model", "top", "run"
LABELS = ["English", "Multilingual", "v2"]
DEFAULT_TOP_N, MAX_TOP_N = 3, 100_000
QUERY, DOCUMENTS, MODE, ORDER, RETURN_DOCUMENTS = "query", "documents", "read_as", "start_order", "return_documents"
PRESENTING = "presenting"


@dataclass
class PlaygroundState:
    """The working list with its history, the run that is shown, the one that is under way."""

    working: WorkingList = field(default_factory=WorkingList)
    undo: list[WorkingList] = field(default_factory=list)
    inbox: Inbox = field(default_factory=lambda: Inbox("reading"))
    pasted: ParsedDocuments | None = None
    # The table editor applies its edits to the list it was given; a new version makes it start afresh.
    table_base: WorkingList | None = None
    table_version: int = 0
    example: str | None = None
    wanted: bool = False
    asking: bool = False
    job_id: str | None = None
    run: Run | None = None
    error: RerankError | None = None
    # A sentence of ours about what just happened, until Rerank is pressed.
    note: str = ""
    # What a pasted request asks for besides its documents, by widget key, until it is used or left.
    offer: dict[str, str | int] = field(default_factory=dict)
    picked: str | None = None
    # A threshold belongs to one model of one provider.
    thresholds: dict[tuple[str, str | None], float | None] = field(default_factory=dict)

    @property
    def uploads(self) -> dict[str, Upload]:
        """The files that have been read, by the name they go by here."""
        return self.inbox.files

    def change(self, working: WorkingList, *, from_table: bool = False) -> None:
        """Put a new working list in place, remembering the old one for Undo."""
        if working == self.working:
            return
        if self.working.documents:
            self.undo = [*self.undo[-(UNDO_STEPS - 1) :], self.working]
        self.working = working
        if not from_table:
            self.restart_table()

    def undo_change(self) -> None:
        """Go back to the list before the last change."""
        if self.undo:
            self.working = self.undo.pop()
            self.restart_table()
            for name in set(self.uploads) - set(self.working.sources):
                self.uploads.pop(name)
            st.session_state[EXAMPLE] = self.example = OWN
            if not self.uploads:
                st.session_state[DOCUMENTS] = as_pasted_text(self.working.documents)

    def restart_table(self) -> None:
        """Make the table editor start from the list as it is now."""
        self.table_base = None
        self.table_version += 1

    def forget_result(self) -> None:
        """Take the shown run away; the texts stay."""
        self.run = self.error = self.job_id = self.picked = None
        self.asking = False


def state() -> PlaygroundState:
    """This session's Playground."""
    return st.session_state.setdefault("playground", PlaygroundState())


def as_pasted_text(documents: tuple[Document, ...]) -> str:
    """The texts in the plainest form that reads back as the same documents: lines, paragraphs, else JSON."""
    texts = [document.text for document in documents]
    for joined in ("\n".join(texts), "\n\n".join(texts)):
        if [document.text for document in parse_documents(joined).documents] == texts:
            return joined
    return json.dumps(texts, ensure_ascii=False, indent=1)


def load_example(example: Example) -> None:
    """Put an example's texts and suggestions in place. Call it before the widgets are drawn."""
    current = state()
    st.session_state[QUERY] = example.query
    st.session_state[DOCUMENTS] = as_pasted_text(example.documents)
    st.session_state[MODEL] = example.model
    st.session_state[TOP_N] = example.top_n
    current.change(WorkingList.of(example.documents, FROM_EXAMPLE, example.order_name))
    current.pasted = None
    current.uploads.clear()
    current.example = example.id
    current.forget_result()
