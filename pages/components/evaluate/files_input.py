"""Queries in: files of any format, or a typed list put to a search."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from pages.components.display import errors
from pages.components.display.ownership import seen_by_everybody
from pages.components.evaluate.candidates import job, save, search_for_missing, start, typed
from pages.components.evaluate.new_run import importing
from pages.components.evaluate.orders import remembered
from pages.components.evaluate.state import state
from pages.components.inputs import uploads
from pages.components.inputs.import_report import columns_button, report
from pages.components.inputs.rating_map import rating_map
from pages.components.session import keys
from rerank_core import RerankError
from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.report import count
from rerank_core.evaluation import READABLE, TABLE_ROLES, formats
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.query_sets import sources
from rerank_core.evaluation.query_sets.changed_ids import changed_ids
from rerank_core.evaluation.query_sets.query_set import count_queries, describe

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
    "rater": "Rater",
}
assert tuple(ROLES) == TABLE_ROLES
FILES, TYPED = "From files", "From a list of queries"


def add() -> None:
    """The two ways in."""
    seen_by_everybody()
    way = st.segmented_control(
        "Where do the queries come from?", [FILES, TYPED], required=True, default=FILES, key=keys.EVALUATE_WAY
    )
    if way == TYPED:
        typed()
    else:
        _files()
    job().progress()


def inbox() -> uploads.Inbox[Imported]:
    """The files of a query set that is being put together."""
    return uploads.of(QUERY_FILES)


def collect() -> bool:
    """Take over the files that have been read; whether a reload found a reading that is under way. Call it before the
    widgets are drawn."""
    found = inbox().left_behind() is not None
    inbox().take_finished()
    return found


def _files() -> None:
    st.caption(
        "A spreadsheet with a row for each document of each query: columns query, document and, where you have them, "
        "id, rank and rating. Quepid, OpenSearch, TREC and BEIR files work too; put together files that belong "
        "together, such as results and ratings."
    )
    inbox().uploader(
        "Upload queries", "CSV, TSV, Excel, Parquet, TREC qrels and run, OpenSearch NDJSON, a BEIR ZIP or its files."
    )
    inbox().progress()
    with st.container():
        for name in list(inbox().files):
            report(inbox(), name, partial(rating_map, inbox(), name))
    parts = [upload.parsed for upload in inbox().files.values() if not _is_empty(upload.parsed)]
    if not any(part.query_ids for part in parts):
        if parts:
            st.text("These are documents. Add a file with the queries, their ratings or their results.")
        return
    with st.container(border=True):
        try:
            # once for these files, and not again at every click
            match_ids = _match_ids(parts)
            made = remembered(
                ("made", *parts, _usual_name(), int(match_ids)),
                lambda: sources.from_files(parts, name=_usual_name(), match_ids=match_ids),
            )
        except RerankError as error:
            errors.show(error)
            return
        st.text(f"Together: {remembered(('described', made), lambda: describe(made))}.")
        beside_files = {note for part in parts for note in part.reading_notes}
        for note in [note for note in made.notes if note not in beside_files]:
            st.text(note)
        said = {problem for part in parts for problem in part.problems}
        for problem in [problem for problem in made.problems if problem not in said][:20]:
            st.text(str(problem.reason))
        if importing(made):
            columns_button(inbox(), next(iter(inbox().files)), "Look at the columns")
        search = search_for_missing(made)
        if not made.ready and search is None:
            _cure()
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of the set", value=_usual_name(), key=keys.EVALUATE_NAME, width=320)
            if st.button(
                "Use these queries", type="primary", icon=":material/check:", disabled=job().running or inbox().busy
            ):
                made = replace(made, name=name.strip() or _usual_name(), rank_fields=state().importing)
                if search is None:
                    save(made)
                else:
                    start(made, search)


def _match_ids(parts: list[Imported]) -> bool:
    """Whether ids that a program has changed are to be matched; asked only where there are any."""
    if len(parts) < 2 or not remembered(("changed", *parts), lambda: len(changed_ids(parts))):
        return True
    return st.toggle(
        "Match the ids",
        value=True,
        key=keys.EVALUATE_MATCH_IDS,
        persist_state="session",
        help="Zeros in front, '.0' behind, capital letters and digits that a program cut do not count.",
    )


def _cure() -> None:
    """What to do where nothing can be run: nothing else is offered."""
    without = [
        name
        for name, upload in inbox().files.items()
        if upload.parsed.columns and upload.parsed.query_ids and not {"document", "title"} & upload.parsed.chosen.keys()
    ]
    if without:
        said = "Choose the column that holds the texts of the documents, or add a file that has them."
    else:
        said = "Add a file that has the texts of the documents, or say above where they shall be found."
    st.warning(f"None of these queries can be run: no document has a text. {said}", icon=":material/article:")
    for name in without[:1]:
        columns_button(inbox(), name, "Choose the column of the texts")


def _usual_name() -> str:
    return next(iter(inbox().files), "My queries").rpartition(".")[0] or "My queries"


def _found(imported: Imported) -> str:
    results, raters = sum(map(len, imported.run.values())), len(imported.raters)
    judgments = imported.raters.values() if raters else [imported.judgments]
    rated = count(sum(len(own) for grades in judgments for own in grades.values()), "rating")
    label = READABLE[imported.kind].label if imported.kind else "unknown kind"
    parts = [label, count_queries(len(imported.query_ids))]
    if results:
        parts.append(count(results, "result"))
    elif imported.documents:
        parts.append(count(len(imported.documents), "document"))
    return ", ".join([*parts, f"{rated} by {raters:,} raters" if raters > 1 else rated])


def _is_empty(imported: Imported) -> bool:
    """Whether a file gave neither queries nor the texts that those of another file need."""
    return not imported.query_ids and not imported.documents


def _put(_name: str, _upload: uploads.Upload[Imported], again: bool) -> None:
    if not again:
        # the set is called like its first file until somebody says otherwise
        st.session_state.pop(keys.EVALUATE_NAME, None)


QUERY_FILES = uploads.UploadPlace[Imported](
    name="reading_queries",
    reading=uploads.FileReading[Imported](
        read=lambda context, files, columns, take: formats.read_files(context, files, columns, on_read=take),
        describe=_found,
        notes=lambda imported: imported.reading_notes,
        empty=_is_empty,
        endings=(
            "csv",
            "tsv",
            "xlsx",
            "txt",
            "json",
            "jsonl",
            "ndjson",
            "qrels",
            "run",
            "trec",
            "zip",
            "gz",
            "parquet",
        ),
        # collections are larger than a list of documents
        file_bytes=COLLECTION_LIMITS.file_bytes,
        roles=ROLES,
        kinds={"auto": "Detect", **{kind.id: kind.label for kind in READABLE.values()}},
    ),
    put=_put,
    removed=lambda _name: None,
    keep=lambda: True,
)
