"""Everything as one file, and such a file taken in."""

from __future__ import annotations

import io

import streamlit as st

from pages.components.display.download import download
from pages.components.history.state import state
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.session import judge, keys, stores
from rerank_core.jobs import JobContext
from rerank_core.storage.history.bundle import TakenIn, history_bytes, read_history
from rerank_core.storage.history.store import HistoryStore

NAME = "rerank-playground.history.gz"


def _work(context: JobContext, data: bytes, store: HistoryStore) -> TakenIn:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    context.progress(0, 0, note="Taking in the file")
    return read_history(store, io.BytesIO(data))


def _take(ended: Ended[TakenIn]) -> None:
    found = ended.result
    if found is None:
        return
    known = f" {found.known:,} were here already." if found.known else ""
    current = state()
    current.message = f"{found.new:,} {'thing was' if found.new == 1 else 'things were'} taken in.{known}"
    current.files += 1


TAKE_IN = JobKind[TakenIn](
    "history_file",
    "Taking in a history",
    "taking in a history",
    take=_take,
    cancelled="Cancelled. What was in by then stays.",
)


def out_and_in() -> None:
    """The file of everything that this person lists, and the place for such a file."""
    job = TAKE_IN.job()
    box = st.popover("File", icon=":material/folder_zip:", key=keys.HISTORY_FILES, on_change="rerun")
    if not box.open:
        return
    with box:
        store = stores.history()
        st.caption(
            "Everything in this list with its documents, answers, ratings, names, notes and tags, and with who judges "
            "a query set and what was settled, as one file. It opens in the History of any Rerank Playground. No key "
            "is in it."
        )
        as_whom = judge.here().of_set
        download(
            "Save everything", lambda: history_bytes(store, as_whom=as_whom), NAME, keys.of(keys.HISTORY_FILE, "out")
        )
        given = st.file_uploader(
            "Take in such a file", type=["gz"], key=keys.of(keys.HISTORY_FILE, state().files), disabled=job.running
        )
        st.button(
            "Take it in",
            icon=":material/upload:",
            key=keys.of(keys.HISTORY_FILE, "in"),
            disabled=given is None or job.running,
            on_click=_start,
            args=(None if given is None else given.getvalue(), store),
            help="What is here already stays as it is.",
        )


def _start(data: bytes | None, store: HistoryStore) -> None:
    if data is not None:
        TAKE_IN.job().submit(lambda: Plan((Task(_work, (data, store)),)))
