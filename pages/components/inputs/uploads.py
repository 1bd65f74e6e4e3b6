"""Files on their way onto a page: dropped, read by a job with progress and Cancel, handed over one by one.

Documents and query sets come in this way; a `FileReading` says how files of one kind of content are read, an
`UploadPlace` what the page does with them. A page draws `uploader`, takes what has been read with `take_finished` and
shows what is under way with `progress`; `import_report` says how the import of a file went. Work goes on when somebody
clicks elsewhere or goes to another page; while it does, the address names it, so that a reload finds it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.server import upload_room
from pages.components.session import drafts, keys, page_state, query_params
from rerank_core.documents.working_list import showable_name, unused_name
from rerank_core.jobs import Job, JobContext

if TYPE_CHECKING:
    from rerank_core.documents import ParsedDocuments
    from rerank_core.evaluation.formats.imported import Imported

NAME_CHARACTERS = 120
_SHOWN_NAMES = 1000
_BYTES_A_TOKEN = 4


T = TypeVar("T", bound="ParsedDocuments | Imported")


@dataclass(frozen=True)
class FileReading(Generic[T]):
    """How files of one kind of content are read, and what is said of them.

    `read` runs on a worker thread: `read(context, files, columns, on_read)`, as `documents.read_files` does it.
    `describe` and `notes` say what a file holds and how it was read, `empty` whether that is nothing. `roles` are what
    a column can be, each with its label; those in `needed` cannot be left without one. `kinds` are what a file can be
    taken for, where that is a choice.
    """

    read: Callable[[JobContext, Sequence[tuple[str, bytes]], Mapping[str, str], Callable[[int, T], object]], object]
    describe: Callable[[T], str]
    notes: Callable[[T], Sequence[str]]
    empty: Callable[[T], bool]
    endings: Sequence[str]
    file_bytes: int
    roles: Mapping[str, str]
    needed: Collection[str] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Upload(Generic[T]):
    """A file as it came, kept so that it can be read again in another way, and what was read from it."""

    name: str
    data: bytes
    parsed: T
    # What somebody chose: columns by their role, sheet, first row, encoding, kind of file.
    requested: Mapping[str, str] = field(default_factory=dict)
    # Choosers begin afresh when another reading brings other columns.
    generation: int = 0


@dataclass(frozen=True)
class UploadPlace(Generic[T]):
    """A place for files on a page, and what the page does with them.

    `name` is a short word that no other place has: it stands in the address and in the keys of widgets. `put` takes in
    a file by the name it goes by (and whether it was read anew), `removed` is told that one has been taken out, `keep`
    gives what a reload should find again, `taken` names that a new file may not get. `by_page` says that more than
    files waits there to be used, so that the page keeps the address with `Inbox.link`.
    """

    name: str
    reading: FileReading[T]
    put: Callable[[str, Upload[T], bool], object]
    removed: Callable[[str], object]
    keep: Callable[[], Any]
    taken: Callable[[], set[str]] = set
    by_page: bool = False


@dataclass(eq=False)
class Delivery(Generic[T]):
    """Files to read, and what a worker has read of them so far. Whoever takes it counts, so that a reloaded page can
    take it again.

    `columns` says how they are to be read, `again` under which name a file is known that is read anew, in another way.
    """

    files: Sequence[tuple[str, bytes]]
    columns: Mapping[str, str] = field(default_factory=dict)
    again: str | None = None
    _read: list[Upload[T]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, place: int, parsed: T) -> None:
        """One file has been read."""
        name, data = self.files[place]
        with self._lock:
            self._read.append(Upload(name, data, parsed, self.columns))

    def after(self, taken: int) -> list[Upload[T]]:
        """The files that have been read, without the first `taken` of them."""
        with self._lock:
            return [replace(upload) for upload in self._read[taken:]]

    @property
    def left(self) -> tuple[str, ...]:
        """The names of the files that have not been read."""
        with self._lock:
            return tuple(name for name, _ in self.files[len(self._read) :])


@dataclass(frozen=True)
class Draft(Generic[T]):
    """What stands on a page: its files, what is being read of more, and what the page wants to find again."""

    files: dict[str, Upload[T]]
    delivery: Delivery[T] | None
    kept: Any


class Inbox(Generic[T]):
    """The files of one place in one session: those that have been read, and those that are being read."""

    def __init__(self, place: UploadPlace[T]) -> None:
        self.place = place
        self.files: dict[str, Upload[T]] = {}
        self._version = 0
        self._waiting: list[Delivery[T]] = []
        self._delivery: Delivery[T] | None = None
        self._taken = 0
        self._left: tuple[str, ...] = ()
        self._looked = self._gone = ""  # the drafts that a link named: the one that was looked at, and one that is gone
        self._kind = JobKind[None](
            place.name,
            "Reading files",
            "reading",
            take=self._ended,
            missed=self._ended,
            cancel="Cancel reading",
            words=self._words,
            caption=self._caption,
        )

    @property
    def job(self) -> PageJob[None]:
        """The reading under way in this session."""
        return self._kind.job()

    @property
    def busy(self) -> bool:
        """Whether files are being read."""
        return self._delivery is not None

    @property
    def held_bytes(self) -> int:
        """The size of all files that are kept here, read or not."""
        deliveries = [*self._waiting, *filter(None, [self._delivery])]
        kept = [upload.data for upload in list(self.files.values())]
        kept += [data for delivery in deliveries for _, data in delivery.files]
        return sum({id(data): len(data) for data in kept}.values())

    def uploader(self, label: str, help_text: str) -> None:
        """The place to drop files. Small ones are read before the page is drawn again. Where the last one was not let
        in, it is said why."""
        session = upload_room.session_id()
        upload_room.ROOM.holds(session, self)
        st.file_uploader(
            label,
            type=list(self.place.reading.endings),
            accept_multiple_files=True,
            max_upload_size=self.place.reading.file_bytes // 1_000_000,
            key=keys.of(keys.UPLOAD, self.place.name, self._version),
            on_change=self._arrived,
            help=help_text,
        )
        with st.container():
            if refused := upload_room.ROOM.refusal(session):
                st.warning(refused, icon=":material/block:")

    def left_behind(self) -> Any:
        """What stood on the page, before it was reloaded, as the address names it: when a reading began, or what had
        not been used yet; None where there is nothing. The inbox takes over the files that had been read by then."""
        link = query_params.get(self.place.name)
        if not link or link == self._looked or link in self.job.ids or drafts.is_own(link):
            return None
        self._looked = link
        draft = self.job.asked(link)
        if not isinstance(draft, Draft) or not self.job.watch([link]):
            draft = drafts.find(link)
        if not isinstance(draft, Draft):
            self._gone = link
            return None
        self.files, self._delivery, self._taken = dict(draft.files), draft.delivery, 0
        return draft.kept

    def link(self, *, waiting: bool, size: int = 0) -> str | None:
        """What the address says of this place: the reading under way; else, where something is `waiting` here to be
        used, where it is kept until then. `size` are the bytes of what is kept besides files."""
        if self.job.id or not waiting:
            return self.job.id
        size += sum(len(upload.data) for upload in self.files.values())
        return drafts.keep(self.place.name, Draft(dict(self.files), None, self.place.keep()), size)

    def take_finished(self) -> None:
        """Hand the page what has been read since the last time, and go on with what waits."""
        self._take_read()
        self.job.take_finished()

    def progress(self) -> None:
        """Show what is being read, with a Cancel that works, and what became of it where that needs a word."""
        with st.container():
            if self.job.id or not self.place.by_page:
                query_params.sync({self.place.name: self.link(waiting=bool(self.files))})
            self.job.progress(stay=False)
            if self._gone:
                st.info(
                    "The address names texts or files that had not been used yet. They are not here any more: the "
                    "server was started anew, or it was long ago. Upload them again.",
                    icon=":material/history_toggle_off:",
                )
            if self._left:
                st.info(
                    "Reading was stopped. The files named here were not read; upload them again when you want them.",
                    icon=":material/stop_circle:",
                )
                st.text("\n".join(shown(name, NAME_CHARACTERS, one_line=True) for name in self._left[:_SHOWN_NAMES]))
            if self.job.error is not None:
                errors.show(self.job.error)

    def read_again(self, name: str, columns: Mapping[str, str]) -> None:
        """Read a file anew, in the way that is requested now."""
        upload = self.files[name]
        self._add(Delivery([(upload.name, upload.data)], columns, again=name))

    def remove(self, name: str) -> None:
        """Take a file out."""
        self.files.pop(name, None)
        upload_room.ROOM.forget_refusal(upload_room.session_id())
        self.place.removed(name)

    def _arrived(self) -> None:
        files = st.session_state.get(keys.of(keys.UPLOAD, self.place.name, self._version)) or []
        if files:
            # The list keeps what was read; an empty uploader is ready for the next file.
            self._version += 1
            self._add(Delivery([(showable_name(file.name), file.getvalue()) for file in files]))
            upload_room.let_go(file.file_id for file in files)

    def _add(self, delivery: Delivery[T]) -> None:
        self._waiting.append(delivery)
        self._left, self.job.error = (), None
        if not self.busy:
            self._start()
        self.take_finished()

    def _start(self) -> None:
        """Hand the next files to a worker. One task at a time: files come in the order in which they were dropped."""
        self._delivery, self._taken = self._waiting.pop(0), 0
        draft = Draft(dict(self.files), self._delivery, self.place.keep())
        read = sum(len(data) for _, data in self._delivery.files) // _BYTES_A_TOKEN
        self.job.start(Plan((Task(_read, (self.place.reading, self._delivery), asked=draft, size=read),)))

    def _take_read(self) -> None:
        delivery = self._delivery
        if delivery is None:
            return
        for upload in delivery.after(self._taken):
            self._taken += 1
            self._take(upload, delivery.again)

    def _take(self, upload: Upload[T], again: str | None) -> None:
        if again is None:
            name = unused_name(upload.name, {*self.files, *self.place.taken()})
        elif again in self.files:
            name, before = again, self.files[again]
            guessed = not upload.requested.keys() & self.place.reading.roles.keys()
            upload.generation = before.generation + (guessed or before.parsed.columns != upload.parsed.columns)
        else:
            return  # it was removed meanwhile
        self.files[name] = upload
        self.place.put(name, upload, again is not None)

    def _ended(self, ended: Ended[None]) -> None:
        """Take what is left to take of a task that has ended, say what became of it, and begin the next one."""
        self._take_read()
        delivery, self._delivery = self._delivery, None
        if delivery is not None and delivery.again is None:
            self._left += delivery.left
        self.job.error = ended.error
        if self._waiting:
            self._start()

    def _words(self, job: Job[None]) -> str:
        delivery = self._delivery
        if delivery is None:
            return self._kind.doing
        if delivery.after(self._taken):
            st.rerun()  # a file of several has been read, and the page shows it while the others are read
        count, now = len(delivery.files), job.progress
        words = f"Reading files: {count - len(delivery.left):,} of {count:,} read" if count > 1 else "Reading the file"
        return f"{words}, about {now.eta:.0f} s left" if now.eta is not None and now.eta >= 1 else words

    def _caption(self) -> str:
        return "".join(shown(job.progress.note, NAME_CHARACTERS, one_line=True) for job in self.job.jobs)


def of(place: UploadPlace[T]) -> Inbox[T]:
    """This session's inbox of a place."""
    return page_state.keep(f"inbox_{place.name}", lambda: Inbox(place))


def _read(context: JobContext, reading: FileReading[T], delivery: Delivery[T]) -> None:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    reading.read(context, delivery.files, delivery.columns, delivery.put)
