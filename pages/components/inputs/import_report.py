"""How the import of a file went: what was found, what was left out, and how to read the file in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components.display.board import shown
from pages.components.inputs.controls import select
from pages.components.inputs.uploads import NAME_CHARACTERS, Inbox, T, Upload
from pages.components.session import keys
from rerank_core.documents import Problem
from rerank_core.documents.decoding import ENCODINGS

if TYPE_CHECKING:
    from rerank_core.documents import ParsedDocuments
    from rerank_core.evaluation.formats.imported import Imported

SHOWN_PROBLEMS = 1000
NO_COLUMN = "(none)"
_FIRST_ROW = {"": "Detect", "yes": "Column names", "no": "Data"}
_MARKUP = {"": "Read as text", "keep": "Keep as it is"}
_WIDTH = 170
_PREVIEW_BYTES, _PREVIEW_LINES = 2_000, 3
_COLUMNS, _SAMPLE_CHARACTERS = "columns", 120
# What was chosen under this name holds for the same columns only.
_RATINGS = "ratings"


def report(inbox: Inbox[T], name: str, more: Callable[[], object] | None = None) -> None:
    """How the import of one file went, how it was read with the choice to read it otherwise, and a button that removes
    it. `more` draws what a page has to say of it before its columns, which stand open where they may be wrong."""
    upload, reading = inbox.files[name], inbox.place.reading
    parsed = upload.parsed
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            st.text(f"{shown(name, NAME_CHARACTERS, one_line=True)}: {reading.describe(parsed)}", width="content")
            with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
                if len(parsed.sheets) > 1:
                    sheets = {sheet: sheet for sheet in parsed.sheets}
                    _choice(inbox, name, "sheet", "Sheet", sheets, parsed.sheet or parsed.sheets[0])
                if reading.kinds:
                    _choice(inbox, name, "kind", "Kind of file", reading.kinds)
                st.button(
                    "Remove file",
                    icon=":material/close:",
                    type="tertiary",
                    key=_key(inbox, name, "remove"),
                    on_click=inbox.remove,
                    args=(name,),
                )
        for note in reading.notes(parsed):
            st.text(note)
        if _is_old(parsed):
            _encoding(inbox, name)
        problems(parsed.problems, "This file", parsed.more_problems)
        if more is not None:
            more()
        if parsed.columns or parsed.markup is not None:
            title = "Columns" if parsed.columns else "How it was read"
            with st.expander(
                title,
                icon=":material/view_column:",
                expanded=reading.empty(parsed) or bool(parsed.unsure),
                key=_key(inbox, name, _COLUMNS),
                on_change="rerun",
            ):
                _samples(parsed)
                _choices(inbox, name)


def columns_button(inbox: Inbox[T], name: str, label: str) -> None:
    """A button that opens the columns of a file, for a message that says to choose one."""
    st.button(
        label,
        icon=":material/view_column:",
        key=_key(inbox, name, "open"),
        on_click=_open_columns,
        args=(inbox, name),
    )


def _open_columns(inbox: Inbox[T], name: str) -> None:
    if name in inbox.files:
        st.session_state[_key(inbox, name, _COLUMNS)] = True


def _samples(parsed: ParsedDocuments | Imported) -> None:
    """Some cells of every column, so that a choice can be made without the file."""
    if not any(parsed.samples.values()):
        return
    if parsed.unsure:
        st.text("Please look at the columns: what they hold is a guess.")
    most = max(map(len, parsed.samples.values()))
    table = {
        column: [cell[:_SAMPLE_CHARACTERS] for cell in parsed.samples.get(column, ())] for column in parsed.columns
    }
    st.dataframe(
        pd.DataFrame({column: [*cells, *[""] * (most - len(cells))] for column, cells in table.items()}),
        hide_index=True,
        alt="Some cells of each column",
    )


def problems(found: tuple[Problem, ...], what: str, more: int = 0) -> None:
    """What was left out, by line and reason, and how many `more` there were; `what` is a few words of ours."""
    if not found:
        return
    count = len(found) + more
    places = "1 place was left out or needs a look" if count == 1 else f"{count:,} places were left out or need a look"
    listed = found[:SHOWN_PROBLEMS]
    with st.expander(f"{what}: {places}", icon=":material/warning:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Line": pd.array([problem.line or None for problem in listed], dtype="Int64"),
                    "Reason": [problem.reason for problem in listed],
                }
            ),
            hide_index=True,
            alt="Import report: line and reason of everything that was left out",
        )
        if count > SHOWN_PROBLEMS:
            st.caption(f"The first {len(listed):,} are shown, and {count - len(listed):,} more are not.")


def paste_report(pasted: ParsedDocuments, on_change: Callable[[], None]) -> None:
    """How a paste was read, with the choice to keep its HTML, and what was left out; `on_change` reads it again."""
    for note in pasted.notes:
        st.text(note)
    if pasted.markup is not None:
        st.session_state.setdefault(keys.PASTED_MARKUP, True)
        st.toggle("Read HTML as text", key=keys.PASTED_MARKUP, on_change=on_change, persist_state="session")
    problems(pasted.problems, "What was pasted", pasted.more_problems)


def pasted_markup_as_text() -> bool:
    """Whether HTML in a paste is to be read as text."""
    return bool(st.session_state.get(keys.PASTED_MARKUP, True))


def _choices(inbox: Inbox[T], name: str) -> None:
    upload, reading = inbox.files[name], inbox.place.reading
    parsed = upload.parsed
    with st.container(horizontal=True):
        if parsed.header is not None:
            _choice(inbox, name, "header", "First row", _FIRST_ROW)
        if parsed.encoding is not None and not _is_old(parsed):
            _encoding_choice(inbox, name)
        if parsed.markup is not None:
            _choice(inbox, name, "markup", "HTML in the fields", _MARKUP)
        for role, label in reading.roles.items() if parsed.columns else ():
            columns = {column: column for column in parsed.columns}
            options = columns if role in reading.needed else {"": NO_COLUMN, **columns}
            _choice(inbox, name, role, label, options, parsed.chosen.get(role, ""))


def _is_old(parsed: ParsedDocuments | Imported) -> bool:
    """Whether a text is in an encoding that had to be guessed or chosen."""
    return parsed.encoding not in (None, "utf-8")


def _encoding(inbox: Inbox[T], name: str) -> None:
    """The first lines of a file that is not UTF-8, and the choice of another encoding beside them."""
    upload = inbox.files[name]
    lines = (
        upload.data[:_PREVIEW_BYTES].decode(upload.parsed.encoding or "utf-8", "replace").splitlines()[:_PREVIEW_LINES]
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width="stretch", gap="small"):
            st.caption("The letters look wrong? Choose another encoding.")
            st.text("\n".join(shown(line, _SAMPLE_CHARACTERS, one_line=True) for line in lines))
        _encoding_choice(inbox, name)


def _encoding_choice(inbox: Inbox[T], name: str) -> None:
    upload = inbox.files[name]
    encoding = upload.parsed.encoding or "utf-8"
    read_as = ENCODINGS.get(encoding, encoding.upper()).partition(" (")[0]
    guess = "Detect" if upload.requested.get("encoding") else f"Detect ({read_as})"
    _choice(inbox, name, "encoding", "Encoding", {"": guess, **ENCODINGS})


def _choice(
    inbox: Inbox[T], name: str, what: str, label: str, options: Mapping[str, str], chosen: str | None = None
) -> None:
    """One thing to choose about the reading; `chosen` is what was read, by default what was requested."""
    chosen = inbox.files[name].requested.get(what, "") if chosen is None else chosen
    select(
        label,
        options,
        _key(inbox, name, what),
        index=list(options).index(chosen) if chosen in options else 0,
        on_change=_chosen,
        args=(inbox, name, what),
        width=_WIDTH,
    )


def _key(inbox: Inbox[T], name: str, what: str) -> str:
    return keys.of(keys.UPLOAD, what, inbox.place.name, inbox.files[name].generation, name)


def _chosen(inbox: Inbox[T], name: str, what: str) -> None:
    if name in inbox.files:
        inbox.read_again(name, _requested(inbox.files[name], inbox, name, what))


def _requested(upload: Upload[T], inbox: Inbox[T], name: str, what: str) -> dict[str, str]:
    """How the file is to be read now. The columns stay as they are only where one of them was chosen: another sheet,
    first row, encoding or kind has columns of its own, which are guessed anew. Grades by hand are those of one column
    of ratings."""
    roles = inbox.place.reading.roles
    requested = {key: value for key, value in upload.requested.items() if key not in roles}
    if upload.parsed.sheet:
        requested["sheet"] = upload.parsed.sheet
    if what != "markup" and (what not in roles or what == "rating"):
        requested.pop(_RATINGS, None)
    if what not in roles and what != "markup":
        return requested | {what: st.session_state[_key(inbox, name, what)]}
    columns = upload.parsed.columns
    chosen = {role: st.session_state.get(_key(inbox, name, role)) or "" for role in roles if columns}
    chosen = {role: column if column in columns else "" for role, column in chosen.items()}
    if what == "markup":
        chosen["markup"] = st.session_state[_key(inbox, name, what)]
    return requested | chosen
