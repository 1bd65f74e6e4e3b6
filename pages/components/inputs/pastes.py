"""What is pasted into a page: a small text is read at once, a large one by a job, with progress and Cancel like a file.

The text stays in its area all the while. A page says once what it does with what was read (`PastePlace`), calls
`changed` when the text or the way of reading has changed, `take_finished` before its widgets are drawn, and draws
`progress`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.components.display import errors
from pages.components.inputs.import_report import pasted_markup_as_text
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.session import keys, page_state
from rerank_core import documents
from rerank_core.documents import ParsedDocuments
from rerank_core.jobs import Job, JobContext


@dataclass(frozen=True)
class PastePlace:
    """A place to paste documents.

    `name` is a short word that no other place has, `key` that of its text area. `take` is what the page does with what
    was read. `mode` and `markup_as_text` say how it is to be read, as for `documents.parse_documents`.
    """

    name: str
    key: str
    take: Callable[[ParsedDocuments], object]
    mode: Callable[[], str] = lambda: "auto"
    markup_as_text: Callable[[], bool] = pasted_markup_as_text


class Pastes:
    """What is pasted into one place in one session: nothing, or the one text that is being read."""

    def __init__(self, place: PastePlace) -> None:
        self.place = place
        self._text = ""  # what is being read, or was to be
        self._stopped = False
        self._kind = JobKind[ParsedDocuments](
            place.name,
            "Reading what was pasted",
            "reading what was pasted",
            take=self._taken,
            missed=self._missed,
            cancel="Cancel reading",
            words=self._words,
        )

    @property
    def job(self) -> PageJob[ParsedDocuments]:
        """The reading under way in this session."""
        return self._kind.job()

    @property
    def busy(self) -> bool:
        """Whether what stands in the text area has not been read: it is being read, or that was stopped."""
        return self.job.running or self._stopped

    def changed(self) -> None:
        """Read what stands in the text area now. For a widget's callback. What was under way before is dropped."""
        self._drop()
        self._text, mode, as_text = self._there(), self.place.mode(), self.place.markup_as_text()
        if documents.is_small(self._text, mode):
            self.place.take(documents.parse_documents(self._text, mode, markup_as_text=as_text))
        else:
            self.job.start(Plan((Task(_read, (self._text, mode, as_text)),)))

    def take_finished(self) -> None:
        """Hand the page what has been read. Call it before the widgets are drawn."""
        if self.busy and self._there() != self._text:  # something else has taken its place, such as an example
            self._drop()
        self.job.take_finished()

    def progress(self) -> None:
        """Show what is being read, with a Cancel that works, and what became of it where that needs a word."""
        with st.container():
            self.job.progress(stay=False)
            if self._stopped:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.info(
                        "Reading was stopped. The text is still in its field, and was not read; the list below is as "
                        "it was before.",
                        icon=":material/stop_circle:",
                    )
                    st.button("Read it", key=keys.of(keys.UPLOAD, "again", self.place.name), on_click=self.changed)
            if self.job.error is not None:
                errors.show(self.job.error)

    def _there(self) -> str:
        return st.session_state.get(self.place.key) or ""

    def _drop(self) -> None:
        for job in self.job.jobs:
            job.cancel()
        self.job.forget()
        self._stopped = False

    def _taken(self, ended: Ended[ParsedDocuments]) -> None:
        if ended.result is not None:
            self.place.take(ended.result)

    def _missed(self, ended: Ended[ParsedDocuments]) -> None:
        self._stopped, self.job.error = ended.error is None, ended.error

    def _words(self, _job: Job[ParsedDocuments]) -> str:
        return f"Reading what was pasted, {len(self._text):,} characters"


def of(place: PastePlace) -> Pastes:
    """What is pasted into a place in this session."""
    return page_state.keep(f"pastes_{place.name}", lambda: Pastes(place))


def _read(context: JobContext, text: str, mode: str, markup_as_text: bool) -> ParsedDocuments:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    return documents.read_paste(context, text, mode, markup_as_text=markup_as_text)
