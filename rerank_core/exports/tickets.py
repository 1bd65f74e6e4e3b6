"""A list of tickets that was worked through, as a file: which were answered, with what, and which were not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rerank_core.exports.tables import csv_file

Mark = Literal["answered", "not answered"]


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """One ticket: its text, what was said of it (None: nothing yet), what it was answered with (title, address and
    text, empty where it was not), and what was searched."""

    text: str
    mark: Mark | None = None
    title: str = ""
    url: str = ""
    answer: str = ""
    place: str = ""


def tickets_csv(tickets: Iterable[TicketRecord]) -> bytes:
    """A row for each ticket in its sequence: number (from 1), ticket, state ("answered", "not answered", "open"),
    answered_with, url, answer, searched_in. Texts are guarded so that no spreadsheet runs them."""
    rows = (
        (number, one.text, one.mark or "open", one.title, one.url, one.answer, one.place)
        for number, one in enumerate(tickets, start=1)
    )
    return csv_file(("number", "ticket", "state", "answered_with", "url", "answer", "searched_in"), rows)
