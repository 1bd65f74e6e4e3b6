"""Queries in: files of any format with a report and a column picker, or a typed list put to a search."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.components.display import errors
from pages.components.evaluate.candidates import job, save, search_for_missing, start, typed
from pages.components.evaluate.orders import remembered
from pages.components.evaluate.state import File, state
from rerank_core import RerankError
from rerank_core.documents.decoding import Unreadable, decode, kind_of
from rerank_core.documents.report import count
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.working_list import showable_name
from rerank_core.evaluation import KINDS, TABLE_ROLES, read
from rerank_core.evaluation.formats.imported import LIMITS, Imported
from rerank_core.evaluation.formats.table import choose_roles, header_and_rows
from rerank_core.evaluation.formats.workbook import read_workbook_apart
from rerank_core.evaluation.query_sets import sources
from rerank_core.evaluation.query_sets.query_set import count_queries, describe

AUTO, NO_COLUMN = "auto", "(none)"
# Collections are larger than a list of documents.
MOST_MEGABYTES = LIMITS.file_bytes // 1_000_000
ENDINGS = ["csv", "tsv", "xlsx", "txt", "json", "jsonl", "ndjson", "qrels", "run", "trec", "zip"]
ROLES = {
    "query": "Query",
    "query_id": "Query ID",
    "tag": "Tag",
    "document": "Document text",
    "id": "Document ID",
    "title": "Title",
    "rank": "Rank",
    "score": "Score",
    "rating": "Rating",
}
assert tuple(ROLES) == TABLE_ROLES
FILES, TYPED = "From files", "From a list of queries"


def add() -> None:
    """The two ways in."""
    way = st.segmented_control(
        "Where do the queries come from?", [FILES, TYPED], required=True, default=FILES, key="evaluate_way"
    )
    if way == TYPED:
        typed()
    else:
        _files()
    job().progress()


# Files


def _files() -> None:
    current = state()
    st.caption(
        "A spreadsheet with a row for each document of each query: columns query, document and, where you have them, "
        "id, rank and rating. Quepid, OpenSearch, TREC and BEIR files work too; put together files that belong "
        "together, such as results and ratings."
    )
    st.file_uploader(
        "Upload queries",
        type=ENDINGS,
        accept_multiple_files=True,
        key=f"evaluate_upload_{current.upload_version}",
        on_change=_uploaded,
        max_upload_size=MOST_MEGABYTES,
        help="CSV, TSV, Excel, TREC qrels and run, OpenSearch NDJSON, a BEIR ZIP or its files.",
    )
    with st.container():
        # Here and not in the callbacks, where nothing could say that it takes a moment.
        for file in current.files.values():
            if file.unread:
                with st.spinner("Reading the file"):
                    _read(file)
    for name in list(current.files):
        _file(current.files[name])
    parts = [file.imported for file in current.files.values() if file.imported is not None and file.imported.query_ids]
    if not parts:
        return
    with st.container(border=True):
        try:
            # once for these files, and not again at every click
            made = remembered(("made", *parts, _usual_name()), lambda: sources.from_files(parts, name=_usual_name()))
        except RerankError as error:
            errors.show(error)
            return
        st.text(f"Together: {remembered(('described', made), lambda: describe(made))}.")
        for note in made.notes:
            st.text(note)
        said = {problem for part in parts for problem in part.problems}
        for problem in [problem for problem in made.problems if problem not in said][:20]:
            st.text(str(problem.reason))
        search = search_for_missing(made)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of the set", value=_usual_name(), key="evaluate_name", width=320)
            if st.button("Use these queries", type="primary", icon=":material/check:", disabled=job().running):
                made = replace(made, name=name.strip() or _usual_name())
                if search is None:
                    save(made)
                else:
                    start(made, search)


def _usual_name() -> str:
    return next(iter(state().files), "My queries").rpartition(".")[0] or "My queries"


def _uploaded() -> None:
    current = state()
    for upload in st.session_state.get(f"evaluate_upload_{current.upload_version}") or []:
        name = showable_name(upload.name)
        current.files[name] = File(name, upload.getvalue())
        st.session_state.pop("evaluate_name", None)
    current.upload_version += 1


def _read(file: File) -> None:
    file.error, file.unread = None, False
    try:
        file.imported = read(file.name, file.data, file.kind, columns=file.columns)
    except RerankError as error:
        file.imported, file.error = None, error


def _file(file: File) -> None:
    from pages.components.evaluate.query_set import problems

    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            st.text(f"{file.name}: {_found(file.imported)}" if file.imported else file.name, width="content")
            with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
                key = f"evaluate_kind_{file.name}"
                st.session_state.setdefault(key, file.kind)
                st.selectbox(
                    "Kind of file",
                    [AUTO, *KINDS],
                    format_func=lambda kind: "Detect" if kind == AUTO else KINDS[kind].label,
                    key=key,
                    on_change=_kind_chosen,
                    args=(file.name,),
                    width=210,
                )
                st.button(
                    "Remove file",
                    icon=":material/close:",
                    type="tertiary",
                    key=f"evaluate_remove_{file.name}",
                    on_click=_remove,
                    args=(file.name,),
                )
        if file.error is not None:
            errors.show(file.error)
        if file.imported is not None:
            problems(file.imported.problems, "This file")
        columns = _columns(file)
        if columns is not None:
            _sheet_picker(file)
        if columns:
            unread = file.imported is None or not file.imported.query_ids
            with st.expander("Columns", icon=":material/view_column:", expanded=unread):
                _column_picker(file, columns)


def _found(imported: Imported) -> str:
    results, rated = sum(map(len, imported.run.values())), sum(map(len, imported.judgments.values()))
    parts = [KINDS[imported.kind].label, count_queries(len(imported.query_ids))]
    if results:
        parts.append(count(results, "result"))
    elif imported.documents:
        parts.append(count(len(imported.documents), "document"))
    return ", ".join([*parts, count(rated, "rating")])


def _kind_chosen(name: str) -> None:
    file = state().files[name]
    file.kind, file.columns, file.unread = st.session_state[f"evaluate_kind_{name}"], None, True


def _columns(file: File) -> dict[str, str] | None:
    """Role to column of a table as it was read, None for other kinds of file."""
    if file.kind not in (AUTO, "table") or (file.imported is not None and file.imported.kind != "table"):
        return None
    try:
        names, rows, _, sheets = _table(file.data, (file.columns or {}).get("sheet"))
        chosen = choose_roles(names, rows, {role: name for role, name in (file.columns or {}).items() if role in ROLES})
    except (RerankError, Unreadable):
        return None
    return chosen if names or len(sheets) > 1 else None


def _remove(name: str) -> None:
    state().files.pop(name, None)


@st.cache_data(max_entries=20, show_spinner=False, scope="session")
def _table(data: bytes, wanted: str | None = None) -> tuple[list[str], list[list[str]], str | None, tuple[str, ...]]:
    """The names of the columns, the first rows, and of a workbook the sheet that is read and all there are."""
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    if kind_of(data) == "an Excel workbook":
        table, sheet, sheets = read_workbook_apart(data, replace(LIMITS, documents=50), wanted)
    else:
        table = read_delimited(decode(data)[0], LIMITS)
    names, rows = header_and_rows(table)
    return names, [list(row.cells) for row in rows[:50]], sheet, sheets


def _sheet_picker(file: File) -> None:
    _, _, sheet, sheets = _table(file.data, (file.columns or {}).get("sheet"))
    if len(sheets) < 2:
        return
    st.selectbox(
        "Sheet",
        sheets,
        index=sheets.index(sheet) if sheet in sheets else 0,
        key=f"evaluate_sheet_{file.name}",
        on_change=_sheet_chosen,
        args=(file.name,),
        width=260,
    )


def _sheet_chosen(name: str) -> None:
    # Another sheet has columns of its own, which are guessed anew.
    file = state().files[name]
    file.columns = {"sheet": st.session_state[f"evaluate_sheet_{name}"]}
    for role in ROLES:
        st.session_state.pop(f"evaluate_column_{role}_{name}", None)
    file.unread = True


def _column_picker(file: File, chosen: dict[str, str]) -> None:
    names = _table(file.data, (file.columns or {}).get("sheet"))[0]
    row = st.container(horizontal=True)
    for role, label in ROLES.items():
        options = [NO_COLUMN, *names]
        row.selectbox(
            label,
            options,
            index=options.index(chosen[role]) if chosen.get(role) in options else 0,
            key=f"evaluate_column_{role}_{file.name}",
            on_change=_columns_chosen,
            args=(file.name,),
            width=165,
        )


def _columns_chosen(name: str) -> None:
    file = state().files[name]
    wished = {role: st.session_state.get(f"evaluate_column_{role}_{name}") for role in ROLES}
    sheet = {"sheet": file.columns["sheet"]} if file.columns and "sheet" in file.columns else {}
    file.columns = sheet | {role: "" if column in (NO_COLUMN, None) else column for role, column in wished.items()}
    file.unread = True
