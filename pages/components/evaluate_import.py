"""Queries in: files of any format with a report and a column picker, or a typed list put to a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from pages.components import addresses, errors
from pages.components.evaluate_state import File, open_set, query_sets, state
from pages.components.jobs import manager
from pages.components.search_run import LiveSettings, corpora, passages_of
from pages.components.search_source import live_settings
from pages.components.search_state import LIVE, SAMPLE
from rerank_core import ConfigurationError, Document, RerankError
from rerank_core.documents.decoding import Unreadable, decode, kind_of
from rerank_core.documents.delimited import read_delimited
from rerank_core.documents.workbook import read_workbook
from rerank_core.evaluation import KINDS, TABLE_ROLES, read, sources
from rerank_core.evaluation.formats_table import choose_roles
from rerank_core.evaluation.imported import LIMITS, Imported
from rerank_core.evaluation.query_set import QuerySet, describe
from rerank_core.jobs import Job, JobContext
from rerank_core.retrieval.first_stage import CANDIDATES, FirstStage
from rerank_core.retrieval.passages import Passages
from rerank_core.runs import new_id

AUTO, NO_COLUMN, NOWHERE = "auto", "(none)", "none"
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
        _typed()
    else:
        _files()
    _progress_of_search()


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
        help="CSV, TSV, Excel, TREC qrels and run, OpenSearch NDJSON, a BEIR ZIP or its files.",
    )
    for name in list(current.files):
        _file(current.files[name])
    parts = [file.imported for file in current.files.values() if file.imported is not None and file.imported.query_ids]
    if not parts:
        return
    with st.container(border=True):
        try:
            made = sources.from_files(parts, name=_usual_name())
        except RerankError as error:
            errors.show(error)
            return
        st.text(f"Together: {describe(made)}.")
        for note in made.notes:
            st.text(note)
        new = [problem for problem in made.problems if not any(problem in part.problems for part in parts)]
        for problem in new[:20]:
            st.text(str(problem.reason))
        search = _search_for_missing(made)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of the set", value=_usual_name(), key="evaluate_name", width=320)
            if st.button("Use these queries", type="primary", icon=":material/check:", disabled=running() is not None):
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
        file = File(upload.name, upload.getvalue())
        _read(file)
        current.files[upload.name] = file
        st.session_state.pop("evaluate_name", None)
    current.upload_version += 1


def _read(file: File) -> None:
    file.error = None
    try:
        file.imported = read(file.name, file.data, file.kind, columns=file.columns)
    except RerankError as error:
        file.imported, file.error = None, error


def _file(file: File) -> None:
    from pages.components.evaluate_set import problems

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
                    on_click=lambda: state().files.pop(file.name, None),
                )
        if file.error is not None:
            errors.show(file.error)
        if file.imported is not None:
            problems(file.imported.problems, "This file")
        columns = _columns(file)
        if columns:
            with st.expander("Columns", icon=":material/view_column:"):
                _column_picker(file, columns)


def _found(imported: Imported) -> str:
    pairs = sum(map(len, imported.run.values())) or sum(map(len, imported.judgments.values()))
    rated = sum(map(len, imported.judgments.values()))
    return f"{KINDS[imported.kind].label}, {len(imported.query_ids):,} queries, {pairs:,} results, {rated:,} ratings"


def _kind_chosen(name: str) -> None:
    file = state().files[name]
    file.kind, file.columns = st.session_state[f"evaluate_kind_{name}"], None
    _read(file)


def _columns(file: File) -> dict[str, str] | None:
    """Role to column of a table as it was read, None for other kinds of file."""
    if file.kind not in (AUTO, "table") or (file.imported is not None and file.imported.kind != "table"):
        return None
    try:
        names, rows = _table(file.data)
        chosen = choose_roles(names, rows, file.columns)
    except (RerankError, Unreadable):
        return None
    return chosen if names else None


@st.cache_data(max_entries=20, show_spinner=False, scope="session")
def _table(data: bytes) -> tuple[list[str], list[list[str]]]:
    if kind_of(data) == "an Excel workbook":
        table = read_workbook(data, LIMITS)[0]
    else:
        table = read_delimited(decode(data)[0], LIMITS)
    rows = [list(row.cells) for row in table.rows[:51]]
    return (rows[0], rows[1:]) if rows else ([], [])


def _column_picker(file: File, chosen: dict[str, str]) -> None:
    names, _ = _table(file.data)
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
    file.columns = {role: "" if column in (NO_COLUMN, None) else column for role, column in wished.items()}
    _read(file)


# A list of queries, and candidates from a search


OWN = "own"


@dataclass(frozen=True)
class Search:
    """Where candidates come from."""

    source: str
    live: LiveSettings | None
    candidates: int


def _typed() -> None:
    text = st.text_area(
        "Queries, one a line",
        key="evaluate_queries",
        height=150,
        placeholder="how do I reset my password\nWi-Fi keeps dropping",
    )
    search = _search_control("Find candidates in", allow_none=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the set", value="My queries", key="evaluate_typed_name", width=320)
        pressed = st.button(
            "Find candidates",
            type="primary",
            icon=":material/search:",
            disabled=search is None or not text.strip() or running() is not None,
        )
    if pressed and search is not None:
        lines = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        made = Imported("opensearch-queries", queries={line: line for line in lines})
        try:
            start(sources.from_files(made, name=name.strip() or "My queries"), search)
        except RerankError as error:
            state().error = error


def _search_for_missing(made: QuerySet) -> Search | None:
    """Where the queries without candidates get some."""
    missing = sum(1 for query in made.queries if not query.candidates)
    if not missing:
        return None
    st.text(f"{missing:,} {'query has' if missing == 1 else 'queries have'} no candidates. Where shall they be found?")
    return _search_control("Find missing candidates in", allow_none=True, own=bool(made.documents))


def _search_control(label: str, *, allow_none: bool, own: bool = False) -> Search | None:
    names = {NOWHERE: "Nowhere: leave these queries out"} if allow_none else {}
    if own:
        names = {OWN: "The documents of these files, by keyword", **names}
    names |= {SAMPLE: "Sample knowledge base"}
    names |= {one.id: f"{one.name} ({one.passages:,} passages)" for one in corpora().list() if not one.problem}
    names[LIVE] = "A live search engine"
    key = "evaluate_source_missing" if allow_none else "evaluate_source"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(label, list(names), format_func=names.__getitem__, key=key, width=330)
        candidates = int(st.selectbox("Candidates", CANDIDATES, index=1, key=f"{key}_candidates", width=110))
    if source == NOWHERE:
        return None
    live = live_settings() if source == LIVE else None
    if source == LIVE and live is None:
        return None
    return Search(source, live, candidates)


def start(made: QuerySet, search: Search) -> None:
    """Find candidates in a worker, then keep the set and work on it."""
    current = state()
    job_id = new_id()
    current.error = None
    try:
        passages = None if search.live is not None or search.source == OWN else passages_of(search.source)[0]
        job = manager().submit(_work, made, search, passages, owner=job_id, title="candidates")
    except RerankError as error:
        current.error = error
        return
    current.job_id = job_id
    job.wait(0.9)
    st.rerun()


def _work(context: JobContext, made: QuerySet, search: Search, passages: Passages | None) -> QuerySet:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    find: Callable[[str], Sequence[Document]]
    order = "by keyword (BM25)"
    if search.live is not None:
        refused = addresses.check(search.live.index.address) if search.live.typed else None
        if refused:
            raise ConfigurationError(refused, hint="Change the address of the search engine.")
        order = "as the search engine listed them"
        with search.live.index as index:
            context.on_cancel(index.close)
            find = sources.search_with(index, search.candidates)
            return made.with_candidates(find, order, on_progress=context.progress)
    if passages is None:
        find = sources.search_collection(made.documents.values(), search.candidates, context.progress)
    else:
        stage = FirstStage(passages)
        if stage.missing():
            stage.prepare(context.progress)
        find = sources.search_with(stage, search.candidates)
    return made.with_candidates(find, order, on_progress=context.progress)


def running() -> Job[QuerySet] | None:
    """The search for candidates that is under way, if there is one."""
    job_id = state().job_id
    jobs = manager().jobs(job_id) if job_id else ()
    return jobs[0] if jobs else None


def collect() -> None:
    """Take over what a search for candidates found."""
    current, job = state(), running()
    if job is None or not job.finished:
        return
    current.job_id = None
    if job.state == "done":
        save(job.result(), again=False)
    elif job.state == "failed":
        error = job.exception
        current.error = (
            error
            if isinstance(error, RerankError)
            else RerankError("Something went wrong while searching.", hint="Try again; the log has the details.")
        )


def save(made: QuerySet, *, again: bool = True) -> None:
    """Keep a set and work on it from now on."""
    current = state()
    try:
        set_id = query_sets().save(made)
    except RerankError as error:
        current.error = error
        return
    current.files.clear()
    current.added = True
    open_set(set_id)
    current.note = f"{describe(made)}."
    if again:
        st.rerun()


def _progress_of_search() -> None:
    if running() is not None:
        _progress()


@st.fragment(run_every=0.25)
def _progress() -> None:
    job = running()
    if job is None or job.finished:
        st.rerun()
    now = job.progress
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        counted = f": {now.done:,} of {now.total:,}" if now.total else ""
        st.progress(now.fraction, text=f"Finding candidates{counted}", width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", disabled=job.cancel_requested):
            job.cancel()
