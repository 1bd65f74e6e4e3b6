"""Documents in: the paste area, the uploader, the import report and the table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.components.display.board import shown
from pages.components.inputs import pastes, uploads
from pages.components.inputs.controls import paste_area, select
from pages.components.inputs.document_files import DOCUMENT_FILES, documents_of
from pages.components.inputs.import_report import paste_report, report
from pages.components.inputs.rank_fields import names_of, rank_fields_control, read_of, warning_about
from pages.components.session import keys
from pages.components.session.texts import FROM_EXAMPLE, MAX_TOP_N, OWN, Offered, Texts, as_pasted_text, texts
from rerank_core import RerankRequest, documents, providers, samples
from rerank_core.documents import ParsedDocuments
from rerank_core.documents.tables.roles import by_role, ranked_by_role
from rerank_core.documents.working_list import WorkingList
from rerank_core.retrieval.starting_order import has_number

MODES = {"auto": "Detect", "lines": "One per line", "paragraphs": "Paragraphs", "json": "JSON"}
READ_AS = {"lines": "one per line", "paragraphs": "one per paragraph", "json": "from JSON", "html": "from a web page"}


@dataclass(frozen=True)
class Kept:
    """What a page that is reloaded shows again: while a file is read, or before its texts were run."""

    query: str
    pasted_text: str
    pasted: ParsedDocuments | None
    working: WorkingList
    rank_fields: tuple[str, ...]
    unread: bool


def inbox() -> uploads.Inbox[ParsedDocuments]:
    """The files of this session's documents."""
    return uploads.of(FILES)


def pasted() -> pastes.Pastes:
    """What is pasted as this session's documents."""
    return pastes.of(PASTED_DOCUMENTS)


def take_finished() -> None:
    """Take over the files that have been read. Call it before the widgets are drawn."""
    current = texts()
    kept = inbox().left_behind()
    if isinstance(kept, Kept):
        # A result that is on the page stays: it is said there that its texts have changed.
        st.session_state[keys.QUERY], st.session_state[keys.DOCUMENTS] = kept.query, kept.pasted_text
        current.working, current.pasted, current.example = kept.working, kept.pasted, OWN
        current.rank_fields = kept.rank_fields
        current.restart_table()
        if kept.unread:
            pasted().changed()
    inbox().take_finished()
    pasted().take_finished()


def link(asked: RerankRequest | None) -> dict[str, str | None]:
    """What the address says of the texts, where they are not those of the run that is shown and that a reload brings
    back, `asked`, nor an example's."""
    current, query = texts(), st.session_state.get(keys.QUERY) or ""
    listed = current.working.documents
    if asked is not None:
        same = (query, read_fields()) == (asked.query, asked.rank_fields)
        same = same and Counter(listed) == Counter(asked.documents)  # a run may have started from another order
    elif current.example in (None, OWN):
        same = not (query or listed)
    else:
        story = samples.example(current.example)
        same = query == story.query and listed == story.documents
    size = 0
    if pasted().busy:
        same, size = False, len(st.session_state.get(keys.DOCUMENTS) or "")
    if not same:
        size += sum(len(document.text) for document in listed)
    return {FILES.name: inbox().link(waiting=not same, size=size)}


def texts_input() -> None:
    """The query and the paste area."""
    st.text_area(
        "Query", key=keys.QUERY, height=98, persist_state="session", placeholder="What would somebody search for?"
    )
    paste_area("Documents", keys.DOCUMENTS, "your search results", on_change=_changed, height=170)


def read_fields() -> tuple[str, ...]:
    """The fields that the model reads of the documents as they are listed now."""
    return read_of(texts().working.documents, texts().rank_fields, keys.DOCUMENTS)


def rank_fields_input() -> None:
    """What the model reads of the documents."""
    documents = texts().working.documents
    warning_about(documents, rank_fields_control(documents, texts().rank_fields, _read, keys.DOCUMENTS), keys.DOCUMENTS)


def _read(fields: tuple[str, ...]) -> None:
    texts().rank_fields = fields


def upload_input() -> bool:
    """The uploader, how a paste is read, and what the working list holds; gives whether to show it as a table."""
    current = texts()
    inbox().uploader(
        "Upload documents",
        f"Added after the documents that are there: {documents.KIND_NAMES}; 20 MB each.",
    )
    select("Read the paste as", MODES, keys.READ_AS, on_change=_changed, persist_state="session")
    st.text(_count(current))
    with st.container(horizontal=True, vertical_alignment="center"):
        editing = st.toggle("Edit as a table", key=keys.EDIT_TABLE, persist_state="session")
        st.button(
            "Undo",
            icon=":material/undo:",
            type="tertiary",
            disabled=not current.undo,
            on_click=_undo,
            help="Bring back the list as it was before the last paste, upload or edit.",
        )
    return editing


def import_report(*, one_model: bool = True) -> None:
    """What is being read, what could not be read, and the columns of each uploaded table; `one_model` says that the
    page has the Model control."""
    current = texts()
    pasted().progress()
    inbox().progress()
    if current.pasted:
        paste_report(current.pasted, _changed)
        _request_offer(one_model)
    if inbox().files and FROM_EXAMPLE in current.working.sources:
        st.button(
            "Remove the example's documents",
            icon=":material/close:",
            on_click=_removed,
            args=(FROM_EXAMPLE,),
            type="tertiary",
        )
    for name in list(inbox().files):
        report(inbox(), name)


def _request_offer(one_model: bool) -> None:
    """What else a pasted request asks for, where the page asks for something else."""
    current = texts()
    here = {keys.QUERY, keys.TOP_N, keys.RANK_FIELDS} | ({keys.MODEL} if one_model else set())
    offer = {key: value for key, value in current.offer.items() if key in here and value != _asked(key)}
    if not offer:
        return
    names = {
        keys.QUERY: "the query",
        keys.TOP_N: "Top N",
        keys.MODEL: "the model",
        keys.RANK_FIELDS: "what the model reads",
    }
    with st.container(border=True, gap="small"):
        said = ", ".join(
            f"{names[key]} “{shown(names_of(value) if isinstance(value, tuple) else str(value), 200, one_line=True)}”"
            for key, value in offer.items()
        )
        st.text(f"The pasted request also holds {said}.")
        with st.container(horizontal=True):
            st.button("Use them", icon=":material/input:", on_click=_use_offer, args=(offer,))
            st.button("Leave them", type="tertiary", on_click=current.offer.clear)


def _asked(key: str) -> Offered | None:
    """What the page asks for now."""
    if key == keys.RANK_FIELDS:
        return read_fields()
    asked: str | int | None = st.session_state.get(key)
    return asked


def _use_offer(offer: dict[str, Offered]) -> None:
    for key, value in offer.items():
        if isinstance(value, tuple):
            texts().rank_fields = value
        else:
            st.session_state[key] = value
    texts().offer.clear()


def _offered(parsed: ParsedDocuments) -> dict[str, Offered]:
    slot = next((model.slot for spec in providers() for model in spec.models if model.id == parsed.model), None)
    top_n = parsed.top_n if 0 < (parsed.top_n or 0) <= MAX_TOP_N else None
    offered: dict[str, Offered | None] = {
        keys.QUERY: parsed.query,
        keys.TOP_N: top_n,
        keys.MODEL: slot,
        keys.RANK_FIELDS: ranked_by_role(parsed),
    }
    return {key: value for key, value in offered.items() if value}


def table_input() -> None:
    """The working list as a table: edit, add, remove, and put rows in order by the Order column."""
    current = texts()
    key = keys.of(keys.TABLE, current.table_version)
    if current.table_base is None or key not in st.session_state:
        current.table_base = current.working
    base = current.table_base
    columns = base.columns()
    st.caption(
        "Change a cell, add rows at the bottom, select rows to delete them, or type a number under Order to move a row."
    )
    edits = st.session_state.get(key)
    st.data_editor(
        pd.DataFrame(base.rows(), columns=list(columns)),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        height=min(420, 75 + 35 * max(3, len(base.documents))),
        column_config={
            "Order": st.column_config.NumberColumn(min_value=1, step=1, width=80),
            "Text": st.column_config.TextColumn(width="large", required=True),
            "ID": st.column_config.TextColumn(width="small"),
        },
        on_change=_edited,
        args=(key,),
        alt="The documents as an editable table",
    )
    if edits is None and not base.documents:
        st.caption("The table is empty: type a text into the first row, paste above, or pick an example.")
    sortable = [column for column in columns if column != "Order"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox("Sort the list by", sortable, key=keys.SORT_BY, width=220)
        descending = st.toggle("Largest first", key=keys.SORT_DESCENDING)
        st.button("Sort", icon=":material/sort:", on_click=_sorted, args=(by, descending), disabled=not base.documents)


START = {
    "listed": "As listed",
    "rank": "By uploaded rank",
    "score": "By uploaded score",
    "keyword": "By keyword (BM25)",
}


def order_control() -> None:
    """Which order the run starts from; the board names it."""
    working = texts().working
    options = {"listed": START["listed"]}
    options |= {by: START[by] for by in ("rank", "score") if has_number(working, by)}
    options["keyword"] = START["keyword"]
    if st.session_state.get(keys.START_ORDER) not in options:
        st.session_state[keys.START_ORDER] = "listed"
    select(
        "Start from the order",
        options,
        keys.START_ORDER,
        persist_state="session",
        width=176,
        help="The order that reranking is compared with: as listed here, by a rank or score that came with the file, "
        "or what a plain keyword search would give.",
    )


def _count(current: Texts) -> str:
    words = current.working.describe()
    if current.pasted and current.pasted.documents and not inbox().files:
        return f"{words}, {READ_AS.get(current.pasted.mode, current.pasted.mode)}"
    return words


def _changed() -> None:
    pasted().changed()


def _pasted(parsed: ParsedDocuments) -> None:
    current = texts()
    current.pasted = parsed
    working = current.working
    if (st.session_state.get(keys.DOCUMENTS) or "").strip():
        inbox().files.clear()
        working = working.pasted(by_role(parsed))
    else:
        for source in set(working.sources) - set(inbox().files):
            working = working.without(source)
    current.change(working)
    # A pasted request body brings its own query; one that was typed for own documents is not overwritten.
    if parsed.query and (current.example != OWN or not (st.session_state.get(keys.QUERY) or "").strip()):
        st.session_state[keys.QUERY] = parsed.query
    # only what was not taken over: whoever types another query later is not asked about it
    current.offer = {key: value for key, value in _offered(parsed).items() if value != _asked(key)}
    current.example = OWN


def _undo() -> None:
    """Go back to the list before the last change."""
    current = texts()
    if not current.undo:
        return
    current.working = current.undo.pop()
    current.restart_table()
    files = inbox().files
    for name in set(files) - set(current.working.sources):
        files.pop(name)
    current.example = OWN
    if not files:
        st.session_state[keys.DOCUMENTS] = as_pasted_text(current.working.documents)


def _put(name: str, upload: uploads.Upload[ParsedDocuments], again: bool) -> None:
    """Put what has been read into the working list: a new file at its end, one read anew where it stood."""
    current = texts()
    if again:
        current.change(current.working.reread(name, documents_of(upload)))
        return
    current.change(current.working.uploaded(name, documents_of(upload))[0])
    current.example = OWN


def _kept() -> Kept:
    query, pasted_text = (st.session_state.get(key) or "" for key in (keys.QUERY, keys.DOCUMENTS))
    return Kept(query, pasted_text, texts().pasted, texts().working, texts().rank_fields, pasted().busy)


def _removed(name: str) -> None:
    if name == FROM_EXAMPLE:
        st.session_state[keys.DOCUMENTS] = ""
    texts().change(texts().working.without(name))


FILES = uploads.UploadPlace[ParsedDocuments](
    name="reading",
    reading=DOCUMENT_FILES,
    put=_put,
    removed=_removed,
    keep=_kept,
    taken=lambda: {*texts().working.sources},
    by_page=True,
)


PASTED_DOCUMENTS = pastes.PastePlace(
    "pasting", keys.DOCUMENTS, _pasted, lambda: st.session_state.get(keys.READ_AS) or "auto"
)


def _edited(key: str) -> None:
    current = texts()
    edits = st.session_state.get(key) or {}
    base = current.table_base or current.working
    moved = any("Order" in values for values in (edits.get("edited_rows") or {}).values())
    current.change(base.edited(edits), from_table=not moved)
    current.example = OWN


def _sorted(by: str, descending: bool) -> None:
    texts().change(texts().working.sorted_by(by, descending=descending))
