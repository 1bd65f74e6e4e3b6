"""How much room uploads take in memory: per session and in all, from the request until the session lets go of them.

A file is counted three times over in its life, and never twice at once: while it is on its way, while Streamlit keeps
it, and while it stands on a page, which keeps it so that it can be read again in another way. Nothing has to be given
back: each look counts what is there, so that what has gone with its session is not counted any more.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from weakref import WeakSet

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components.server.limits import ServerLimits, limits
from rerank_core.documents.limits import megabytes

_MEGABYTE = 1_000_000


class Holder(Protocol):
    """Something of a session that keeps uploaded files."""

    @property
    def held_bytes(self) -> int:
        """How many bytes they have together."""
        ...


class Full(Exception):
    """There is no room for an upload; its text is the sentence for the person."""


def _kept_by_streamlit() -> dict[str, int]:
    if not runtime.exists():
        return {}
    storage: dict[str, dict[str, Any]] = getattr(runtime.get_instance().uploaded_file_mgr, "file_storage", {})
    return {session: sum(len(file.data) for file in list(files.values())) for session, files in list(storage.items())}


def _let_go_of_closed() -> None:
    """Drop what Streamlit keeps for tabs that were closed, in case they come back. What a page has taken over stays."""
    if runtime.exists():
        instance = runtime.get_instance()
        for session in _kept_by_streamlit():
            if not instance.is_active_session(session):
                instance.uploaded_file_mgr.remove_session_files(session)


class UploadRoom:
    """The room that uploads take; safe under threads. `kept` gives what Streamlit keeps, by session, in bytes."""

    def __init__(
        self,
        allowed: Callable[[], ServerLimits] = limits,
        kept: Callable[[], dict[str, int]] = _kept_by_streamlit,
        let_go_of_closed: Callable[[], object] = _let_go_of_closed,
    ) -> None:
        self._allowed, self._kept, self._let_go_of_closed = allowed, kept, let_go_of_closed
        self._lock = threading.Lock()
        self._coming: Counter[str] = Counter()
        self._holders: dict[str, WeakSet[Holder]] = {}
        self._refusals: dict[str, str] = {}

    @contextmanager
    def coming(self, session: str, size: int) -> Iterator[None]:
        """While an upload of `size` bytes is on its way. Raises Full where there is no room for it."""
        with self._lock:
            self._refusals.pop(session, None)
            if said := self._refusal(session, size):
                self._refusals[session] = said
                raise Full(said)
            self._coming[session] += size
        try:
            yield
        finally:
            with self._lock:
                self._coming[session] -= size
                self._coming = +self._coming  # sessions of which nothing is on its way are forgotten

    def holds(self, session: str, holder: Holder) -> None:
        """The session keeps its files in this from now on, as long as anybody has it."""
        with self._lock:
            self._holders.setdefault(session, WeakSet()).add(holder)

    def refusal(self, session: str) -> str:
        """Why the last upload of a session was not taken; "" where it was."""
        with self._lock:
            return self._refusals.get(session, "")

    def forget_refusal(self, session: str) -> None:
        """Something has changed: say no more of the last upload."""
        with self._lock:
            self._refusals.pop(session, None)

    def used(self) -> dict[str, int]:
        """What each session takes up now, in bytes; sessions that take up nothing are left out."""
        with self._lock:
            return self._used()

    def _used(self) -> dict[str, int]:
        self._holders = {session: held for session, held in self._holders.items() if len(held)}
        found = dict(self._kept())
        for session, size in self._coming.items():
            found[session] = found.get(session, 0) + size
        for session, held in self._holders.items():
            found[session] = found.get(session, 0) + sum(each.held_bytes for each in list(held))
        return {session: size for session, size in found.items() if size}

    def _refusal(self, session: str, size: int) -> str:
        allowed, used = self._allowed(), self._used()
        own, everybody = used.get(session, 0), sum(used.values())
        most = allowed.upload_megabytes_session * _MEGABYTE
        if own + size > most:
            there = f" besides the {megabytes(own)} that are here already" if own else ""
            cure = "Remove files that are not needed any more, or split it." if own else "Split it."
            return f"This upload has {megabytes(size)}{there}, and one tab may hold {megabytes(most)}. {cure}"
        if everybody + size > allowed.upload_megabytes_total * _MEGABYTE and not self._made_room(size, allowed):
            return (
                f"This upload has {megabytes(size)}, and the files of everybody who works here leave no room for it "
                "now. Try again later."
            )
        return ""

    def _made_room(self, size: int, allowed: ServerLimits) -> bool:
        """Whether there is room for so many bytes without what Streamlit keeps, for some minutes, of closed tabs."""
        self._let_go_of_closed()
        return sum(self._used().values()) + size <= allowed.upload_megabytes_total * _MEGABYTE


ROOM = UploadRoom()
"""The room of this server."""


def session_id() -> str:
    """The id of the session whose page is being drawn; "" outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id


def let_go(file_ids: Iterable[str]) -> None:
    """The page has taken over these files of its session: Streamlit need not keep them any more."""
    if runtime.exists():
        manager: Any = runtime.get_instance().uploaded_file_mgr
        for file_id in file_ids:
            manager.remove_file(session_id(), file_id)


def draw_again(session: str) -> None:
    """Have the page of a session drawn again, since the browser does not ask for it after an upload that was refused.

    Streamlit has no public way to do so from outside of a page; where it has another one some day, the sentence comes
    with the next thing that the person does.
    """
    with suppress(Exception):
        manager: Any = runtime.get_instance()._session_mgr
        manager.get_active_session_info(session).session.request_rerun(None)
