"""Files on their way onto a page: read by a job with progress and Cancel, reported, their columns chosen.

The Playground and the knowledge bases share this. A page draws `uploader`, takes what has been read with `collect`
and shows what is under way with `progress`; `report` says how the import of a file went. Work goes on when somebody
clicks elsewhere or goes to another page; while it does, the address names it, so that a reload finds it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.jobs.page_job import failure
from pages.components.session import page_state, query_params, stores
from pages.components.session.owner import owner
from rerank_core import Document, RerankError, documents
from rerank_core.documents import ParsedDocuments, Problem
from rerank_core.documents.limits import MAX_FILE_BYTES
from rerank_core.documents.tables.roles import by_role
from rerank_core.documents.working_list import showable_name, unused_name
from rerank_core.jobs import Job, JobContext
from rerank_core.storage.run_record import new_id

# Long enough that small files are there at once, short enough that a long read shows its progress.
_AT_ONCE_SECONDS = 0.9
_POLL_SECONDS = 0.5
SHOWN_PROBLEMS = 1000
NAME_CHARACTERS = 120
NO_COLUMN = "(none)"
ROLES = {
    "text": "Text to rank",
    "id": "ID",
    "title": "Title",
    "rank": "Initial rank",
    "score": "Initial score",
    "url": "Link",
}


@dataclass
class Upload:
    """A file as it came, kept so that its columns can be chosen again, and what was read from it."""

    name: str
    data: bytes
    parsed: ParsedDocuments
    # Choosers of columns begin afresh when another sheet brings other columns.
    generation: int = 0
    # The roles for which somebody chose no column.
    refused: tuple[str, ...] = ()

    def documents(self) -> tuple[Document, ...]:
        """What was read, with title, rank, score and link where a list of documents has them."""
        return by_role(self.parsed, self.refused)


@dataclass(frozen=True)
class Task:
    """Files to read; `again` is the name under which a file is known that is read anew, with other columns."""

    files: tuple[tuple[str, bytes], ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    again: str | None = None


class Delivery:
    """What a worker has read of a task so far. Whoever takes it counts, so that a reloaded page can take it again."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._lock = threading.Lock()
        self._read: list[Upload] = []

    def put(self, place: int, parsed: ParsedDocuments) -> None:
        """One file has been read."""
        name, data = self.task.files[place]
        with self._lock:
            self._read.append(Upload(name, data, parsed))

    def after(self, taken: int) -> list[Upload]:
        """The files that have been read, without the first `taken` of them."""
        with self._lock:
            return [replace(upload) for upload in self._read[taken:]]

    @property
    def left(self) -> tuple[str, ...]:
        """The names of the files that have not been read."""
        with self._lock:
            return tuple(name for name, _ in self.task.files[len(self._read) :])


@dataclass(frozen=True)
class Page:
    """What the page that an inbox belongs to does: `put` takes in a file by the name it goes by (and whether it was
    read anew), `keep` gives what a reload should find again, `taken` names that a new file may not get."""

    put: Callable[[str, Upload, bool], object]
    keep: Callable[[], Any]
    taken: Callable[[], set[str]] = set


@dataclass
class Inbox:
    """The files of one place on a page: those that have been read, and those that are being read.

    `place` is a short word that no other place has: it stands in the address and in the keys of widgets.
    """

    place: str
    files: dict[str, Upload] = field(default_factory=dict)
    version: int = 0
    waiting: list[Task] = field(default_factory=list)
    delivery: Delivery | None = None
    taken: int = 0
    job_id: str | None = None
    left: tuple[str, ...] = ()
    error: RerankError | None = None

    @property
    def busy(self) -> bool:
        """Whether files are being read."""
        return self.delivery is not None


@dataclass(frozen=True)
class Draft:
    """What stood on a page when reading began: its files, what is being read, and what the page wants to find again."""

    files: dict[str, Upload]
    delivery: Delivery
    kept: Any


def uploader(inbox: Inbox, page: Page, label: str, help_text: str) -> None:
    """The place to drop files. Small ones are read before the page is drawn again."""
    st.file_uploader(
        label,
        # "text" would be a group of kinds to Streamlit
        type=[kind for kind in documents.FILE_KINDS if kind != "text"],
        accept_multiple_files=True,
        max_upload_size=MAX_FILE_BYTES // 1_000_000,
        key=f"upload_{inbox.place}_{inbox.version}",
        on_change=_arrived,
        args=(inbox, page),
        help=help_text,
    )


def inbox(place: str) -> Inbox:
    """This session's inbox of a place."""
    return page_state.keep(f"inbox_{place}", lambda: Inbox(place))


def left_behind(inbox: Inbox) -> Any:
    """What the page kept when the reading began that the address names, before the page was reloaded; None where there
    is none. The inbox takes over the files that had been read by then."""
    asked = query_params.get(inbox.place)
    if not asked or asked == inbox.job_id:
        return None
    job = stores.jobs().get(asked, inbox.place)
    draft = job.asked if job is not None else None
    if not isinstance(draft, Draft):
        return None
    inbox.files, inbox.delivery, inbox.taken, inbox.job_id = dict(draft.files), draft.delivery, 0, asked
    return draft.kept


def collect(inbox: Inbox, page: Page) -> None:
    """Hand the page what has been read since the last time, and go on with what waits."""
    while inbox.delivery is not None:
        job, delivery = _job(inbox), inbox.delivery
        finished = job is None or job.finished
        for upload in delivery.after(inbox.taken):
            inbox.taken += 1
            _take(inbox, page, upload, delivery.task.again, delivery.task.columns)
        if not finished:
            return
        _finish(inbox, job, delivery)
        if inbox.waiting:
            _start(inbox, page)


def _take(inbox: Inbox, page: Page, upload: Upload, again: str | None, columns: Mapping[str, str]) -> None:
    if again is None:
        name = unused_name(upload.name, {*inbox.files, *page.taken()})
    elif again in inbox.files:
        name, before = again, inbox.files[again]
        upload.generation = before.generation + (before.parsed.columns != upload.parsed.columns)
    else:
        return  # it was removed meanwhile
    upload.refused = tuple(role for role, column in columns.items() if not column)
    inbox.files[name] = upload
    page.put(name, upload, again is not None)


def progress(inbox: Inbox) -> None:
    """Show what is being read, with a Cancel that works, and what became of it where that needs a word."""
    with st.container():
        if inbox.busy:
            query_params.sync({inbox.place: inbox.job_id})
            _progress(inbox)
        else:
            query_params.sync({inbox.place: None})
        if inbox.left:
            st.info(
                "Reading was stopped. The files named here were not read; upload them again when you want them.",
                icon=":material/stop_circle:",
            )
            st.text("\n".join(shown(name, NAME_CHARACTERS, one_line=True) for name in inbox.left[:SHOWN_PROBLEMS]))
        if inbox.error is not None:
            errors.show(inbox.error)


def report(
    inbox: Inbox, page: Page, name: str, removed: Callable[[str], object], roles: Mapping[str, str] = ROLES
) -> None:
    """How the import of one file went, its columns to choose from, and a button that removes it."""
    upload = inbox.files[name]
    key = f"{inbox.place}_{upload.generation}_{name}"
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.text(f"{shown(name, NAME_CHARACTERS, one_line=True)}: {documents.describe(upload.parsed)}")
            st.button(
                "Remove file",
                icon=":material/close:",
                type="tertiary",
                key=f"remove_{key}",
                on_click=_remove,
                args=(inbox, name, removed),
            )
        for note in upload.parsed.notes:
            st.text(note)
        problems(upload.parsed.problems, "This file")
        if upload.parsed.columns:
            with st.expander("Columns", icon=":material/view_column:"):
                _chooser(inbox, page, name, key, roles)


def problems(found: tuple[Problem, ...], what: str) -> None:
    """What was left out, by line and reason; `what` is a few words of ours."""
    if not found:
        return
    count = len(found)
    places = "1 place was left out or needs a look" if count == 1 else f"{count:,} places were left out or need a look"
    with st.expander(f"{what}: {places}", icon=":material/warning:"):
        st.dataframe(
            pd.DataFrame([{"Line": line, "Reason": reason} for line, reason in found[:SHOWN_PROBLEMS]]),
            hide_index=True,
            alt="Import report: line and reason of everything that was left out",
        )
        if count > SHOWN_PROBLEMS:
            st.caption(f"The first {SHOWN_PROBLEMS:,} are shown.")


def _chooser(inbox: Inbox, page: Page, name: str, key: str, roles: Mapping[str, str]) -> None:
    parsed = inbox.files[name].parsed
    with st.container(horizontal=True):
        if len(parsed.sheets) > 1:
            st.selectbox(
                "Sheet",
                [*parsed.sheets],
                index=parsed.sheets.index(parsed.sheet or parsed.sheets[0]),
                key=f"column_sheet_{key}",
                on_change=_sheet_chosen,
                args=(inbox, page, name, key),
                width=170,
            )
        for role, label in roles.items():
            options = [*parsed.columns] if role == "text" else [NO_COLUMN, *parsed.columns]
            chosen = parsed.chosen.get(role, NO_COLUMN)
            st.selectbox(
                label,
                options,
                index=options.index(chosen) if chosen in options else 0,
                key=f"column_{role}_{key}",
                on_change=_columns_chosen,
                args=(inbox, page, name, key, roles),
                width=170,
            )


def _arrived(inbox: Inbox, page: Page) -> None:
    files = st.session_state.get(f"upload_{inbox.place}_{inbox.version}") or []
    if not files:
        return
    # The list keeps what was read; an empty uploader is ready for the next file.
    inbox.version += 1
    _add(inbox, Task(tuple((showable_name(file.name), file.getvalue()) for file in files)), page)


def _columns_chosen(inbox: Inbox, page: Page, name: str, key: str, roles: Mapping[str, str]) -> None:
    if name not in inbox.files:
        return
    upload = inbox.files[name]
    columns = {"sheet": upload.parsed.sheet} if upload.parsed.sheet else {}
    for role in roles:
        column = st.session_state.get(f"column_{role}_{key}")
        columns[role] = "" if column in (NO_COLUMN, None) else column
    _add(inbox, Task(((upload.name, upload.data),), columns, again=name), page)


def _sheet_chosen(inbox: Inbox, page: Page, name: str, key: str) -> None:
    # Another sheet has columns of its own, which are guessed anew.
    if name not in inbox.files:
        return
    upload = inbox.files[name]
    columns = {"sheet": st.session_state[f"column_sheet_{key}"]}
    _add(inbox, Task(((upload.name, upload.data),), columns, again=name), page)


def _remove(inbox: Inbox, name: str, removed: Callable[[str], object]) -> None:
    inbox.files.pop(name, None)
    removed(name)


def _add(inbox: Inbox, task: Task, page: Page) -> None:
    inbox.waiting.append(task)
    inbox.left, inbox.error = (), None
    if not inbox.busy:
        _start(inbox, page)
        job = _job(inbox)
        if job is not None:
            job.wait(_AT_ONCE_SECONDS)
    collect(inbox, page)


def _start(inbox: Inbox, page: Page) -> None:
    """Hand the next task to a worker. One at a time: files come in the order in which they were dropped."""
    task = inbox.waiting.pop(0)
    delivery, job_id = Delivery(task), new_id()
    try:
        stores.jobs().submit(
            _read,
            delivery,
            owner=owner(),
            title=inbox.place,
            id=job_id,
            asked=Draft(dict(inbox.files), delivery, page.keep()),
        )
    except RerankError as error:
        inbox.error, inbox.left = error, tuple(name for name, _ in task.files)
        return
    inbox.delivery, inbox.job_id, inbox.taken = delivery, job_id, 0


def _finish(inbox: Inbox, job: Job[None] | None, delivery: Delivery) -> None:
    """Say what became of a task that has ended."""
    inbox.delivery = inbox.job_id = None
    if delivery.task.again is None:
        inbox.left += delivery.left
    if job is not None and job.state == "failed":
        inbox.error = failure(job, "reading")


def _job(inbox: Inbox) -> Job[None] | None:
    return stores.jobs().get(inbox.job_id, inbox.place) if inbox.job_id else None


def _read(context: JobContext, delivery: Delivery) -> None:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    task = delivery.task
    documents.read_files(context, task.files, task.columns, on_read=delivery.put)


@st.fragment(run_every=_POLL_SECONDS)
def _progress(inbox: Inbox) -> None:
    job, delivery = _job(inbox), inbox.delivery
    if job is None or delivery is None or job.finished or delivery.after(inbox.taken):
        st.rerun()
    now, count, left = job.progress, len(delivery.task.files), len(delivery.left)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            words = f"Reading files: {count - left:,} of {count:,} read" if count > 1 else "Reading the file"
            if now.eta is not None and now.eta >= 1:
                words += f", about {now.eta:.0f} s left"
            st.progress(now.fraction, text=words, width="stretch")
            stop = st.button(
                "Cancel reading",
                icon=":material/stop_circle:",
                disabled=job.cancel_requested,
                key=f"cancel_{inbox.place}",
            )
            if stop:
                job.cancel()
        if now.note:
            st.text(shown(now.note, NAME_CHARACTERS, one_line=True))
