"""A list of tickets: pasted or from files, gone through one by one, marked, and taken away as a file."""

from __future__ import annotations

import streamlit as st

from pages.components.display.download import download
from pages.components.inputs import pastes, uploads
from pages.components.inputs.controls import paste_area
from pages.components.inputs.document_files import PLAIN_DOCUMENT_FILES
from pages.components.inputs.import_report import report
from pages.components.inputs.uploads import Upload
from pages.components.search.run import SEARCH
from pages.components.search.state import DeskTicket, state
from pages.components.session import connection as connections
from pages.components.session import keys
from rerank_core import documents
from rerank_core.documents import ParsedDocuments
from rerank_core.exports.answers import answer_text
from rerank_core.exports.tickets import Mark, TicketRecord, tickets_csv
from rerank_core.models import Document
from rerank_core.rank_fields import TITLE_AND_TEXT, ranked_text
from rerank_core.ranking.orders import label_of

PASTED = ""
_PREVIEW = 100


def take_finished() -> None:
    """Take over the tickets that have been read. Call it before the widgets are drawn."""
    inbox().take_finished()
    pastes.of(PASTED_TICKETS).take_finished()


def inbox() -> uploads.Inbox[ParsedDocuments]:
    """The files of tickets."""
    return uploads.of(PLACE)


def list_input() -> None:
    """Where a list comes from: pasted, or from files."""
    with st.expander("Several tickets at once", icon=":material/list_alt:", key=keys.TICKETS_INPUT):
        paste_area("Tickets", keys.TICKETS_PASTED, "tickets", height=110)
        read = pastes.of(PASTED_TICKETS)
        typed = (st.session_state.get(keys.TICKETS_PASTED) or "").strip()
        st.button("Take these", icon=":material/playlist_add:", disabled=not typed, on_click=read.changed)
        read.progress()
        files = inbox()
        files.uploader("Or files of tickets", f"{documents.KIND_NAMES}; 20 MB each. A row, mail or page is a ticket.")
        files.progress()
        with st.container():
            for file in list(files.files):
                report(files, file)


def bar() -> None:
    """The list while there is one: where it stands, the way through it, and what was said of each."""
    current = state()
    tickets = current.tickets
    if not tickets:
        return
    counts = {mark: sum(one.mark == mark for one in tickets) for mark in ("answered", "not answered")}
    place = current.ticket
    with st.container(border=True, key=keys.TICKETS_BAR):
        with st.container(horizontal=True, vertical_alignment="center"):
            where = "" if place is None else f"Ticket {place + 1:,} of "
            said = ", ".join(f"{count:,} {mark}" for mark, count in counts.items())
            st.text(f"{where}{len(tickets):,} {'ticket' if len(tickets) == 1 else 'tickets'}: {said}", width="content")
            _step("Previous", ":material/arrow_back:", "P", None if place is None else place - 1)
            _step("Next", ":material/arrow_forward:", "N", 0 if place is None else place + 1)
            answered = place is not None and current.answer is not None and current.answer.run is not None
            _mark_button("Answered", "A", "answered", off=not answered)
            _mark_button("Not answered", "X", "not answered", off=place is None)
            records = tuple(one.record for one in tickets)
            download("CSV", lambda: tickets_csv(records), "tickets.csv", keys.TICKETS_CSV)
            with st.popover("Remove the list", icon=":material/delete:", type="tertiary"):
                st.text("Remove all tickets and what was said of them? Take the CSV first to keep it.")
                st.button("Yes, remove them", on_click=_forget)
        if place is not None:
            mark = tickets[place].mark
            st.caption(
                "The keys P, N, A and X do the same. A keeps the passage that is open as the answer."
                + (f" This one is marked: {mark}." if mark else "")
            )


def _step(label: str, icon: str, key: str, to: int | None) -> None:
    possible = to is not None and 0 <= to < len(state().tickets)
    st.button(label, icon=icon, shortcut=key, disabled=not possible, on_click=_open, args=(to,))


def _mark_button(label: str, key: str, mark: Mark, *, off: bool) -> None:
    place = state().ticket
    given = place is not None and state().tickets[place].mark == mark
    st.button(
        label,
        icon=":material/check:" if given else None,
        shortcut=key,
        disabled=off,
        on_click=_mark,
        args=(None if given else mark,),
        help="Takes the mark back." if given else "Marks this ticket and goes on to the next one without a mark.",
    )


def _mark(mark: Mark | None) -> None:
    current = state()
    if current.ticket is None:
        return
    ticket = current.tickets[current.ticket]
    row = None
    if mark == "answered" and current.answer is not None and current.answer.run is not None:
        results = current.answer.run.response.results
        row = next((one for one in results if str(one.index) == current.picked), results[0])
    place = current.answer.source_name if mark and current.answer is not None else ""
    ticket.record = TicketRecord(
        ticket.text,
        mark,
        "" if row is None else label_of(row.document),
        "" if row is None else str(row.document.metadata.get("url") or ""),
        "" if row is None else answer_text(row.document),
        place,
    )
    after = [*range(current.ticket + 1, len(current.tickets)), *range(current.ticket)]
    open_ones = [each for each in after if current.tickets[each].mark is None]
    if mark is not None and open_ones:
        _open(open_ones[0])


def _open(place: int) -> None:
    """Show a ticket: with its answer where there is one, else searched at once where that is free."""
    current = state()
    if current.ticket is not None and current.answer is not None:
        left = current.tickets[current.ticket]
        if current.answer.question == left.text:
            left.answer = current.answer
    current.ticket, current.picked = place, None
    ticket = current.tickets[place]
    st.session_state[keys.QUESTION] = ticket.text
    SEARCH.job().error, SEARCH.job().message = None, ""
    same = ticket.answer is not None and ticket.answer.source == st.session_state.get(keys.SOURCE)
    current.answer = ticket.answer if same else None
    current.wanted = not same and connections.current().provider.is_local


def _pasted(parsed: ParsedDocuments) -> None:
    _add(parsed.documents, PASTED)
    st.session_state[keys.TICKETS_PASTED] = ""


def _arrived(name: str, upload: Upload[ParsedDocuments], _again: bool) -> None:
    _drop(name)
    _add(upload.parsed.documents, name)


def _add(found: tuple[Document, ...], source: str) -> None:
    """Put tickets at the end of the list; one that is there already is not put there again."""
    current = state()
    known = {one.text for one in current.tickets}
    for document in found:
        text = ranked_text(document, TITLE_AND_TEXT).strip()
        if text and text not in known:
            known.add(text)
            current.tickets.append(DeskTicket(TicketRecord(text), source))
    if current.ticket is None and current.tickets:
        _open(0)


def _drop(source: str) -> None:
    """Take the tickets of a file out, but for those that somebody marked."""
    current = state()
    at = None if current.ticket is None else current.tickets[current.ticket]
    current.tickets = [one for one in current.tickets if one.source != source or one.mark is not None]
    current.ticket = next((place for place, one in enumerate(current.tickets) if one is at), None)


def _forget() -> None:
    current = state()
    current.tickets, current.ticket = [], None
    inbox().files.clear()


def _kept() -> dict[str, object]:
    return {keys.SOURCE: st.session_state[keys.SOURCE]} if keys.SOURCE in st.session_state else {}


PLACE = uploads.UploadPlace[ParsedDocuments](
    name="reading_tickets", reading=PLAIN_DOCUMENT_FILES, put=_arrived, removed=_drop, keep=_kept
)
PASTED_TICKETS = pastes.PastePlace("pasting_tickets", keys.TICKETS_PASTED, _pasted, markup_as_text=lambda: True)
