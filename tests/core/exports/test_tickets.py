"""Tickets as a file: each with its number, what was said of it and what it was answered with."""

from __future__ import annotations

import csv
import io

from rerank_core.exports.tickets import TicketRecord, tickets_csv


def test_a_row_for_each_ticket_in_its_sequence() -> None:
    data = tickets_csv(
        [
            TicketRecord("=my hub", "answered", "Hub", "https://x.test/1", "Turn it off.", "Help centre"),
            TicketRecord("stolen\nbike", "not answered", place="Help centre"),
            TicketRecord("later"),
        ]
    )
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    assert rows == [
        ["number", "ticket", "state", "answered_with", "url", "answer", "searched_in"],
        ["1", "'=my hub", "answered", "Hub", "https://x.test/1", "Turn it off.", "Help centre"],
        ["2", "stolen\nbike", "not answered", "", "", "", "Help centre"],
        ["3", "later", "open", "", "", "", ""],
    ]
