"""What a comparison of one text with the rest found: the rest by likeness, next to the reference."""

from __future__ import annotations

import streamlit as st

from pages.components.display.download import download
from pages.components.display.response import open_in_playground, show_warnings
from pages.components.display.tabs import tabs
from pages.components.duplicates.input import name_of
from pages.components.duplicates.result import (
    MEASURES,
    meaning_of,
    selected_row,
    texts,
    threshold_control,
    title,
)
from pages.components.duplicates.state import Outcome
from pages.components.inputs.controls import segmented
from pages.components.session import keys, thresholds
from rerank_core import Document, pricing, provider
from rerank_core.duplicates import MEANING, WORDING, ComparedText, Measure, compared_csv, compared_json
from rerank_core.duplicates.measures import RELEVANCE_WARNING
from rerank_core.duplicates.reference import above, ranked
from rerank_core.rank_fields import ranked_text

RELEVANCE = "relevance"
SHOWN = 1_000


def result(outcome: Outcome) -> None:
    """Draw a finished comparison of one text with the rest."""
    for note in outcome.notes:
        st.text(note)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = _order_control(outcome)
        measure: Measure = MEANING if by == MEANING else WORDING
        threshold = threshold_control(measure, outcome.asked.local) if by != RELEVANCE else None
    rows = ranked(outcome.rows, by)
    with st.container(key=keys.HEADLINE):
        st.text(above(rows, by, threshold))
    if by == RELEVANCE:
        st.caption(RELEVANCE_WARNING)
    else:
        meaning_of(measure, outcome.asked.local)
    if outcome.run is not None:
        _bill(outcome)
    draw = {"Results": lambda: _results(outcome, rows, by), "Export": lambda: _files(outcome, rows, by, threshold)}
    tabs(draw, keys.DUPLICATES_ONE_TAB)


def _order_control(outcome: Outcome) -> str:
    options: dict[str, str] = {}
    if outcome.run is not None:
        options[RELEVANCE] = f"Relevance by {provider(outcome.run.connection).label}"
    if outcome.asked.local is not None:
        options[MEANING] = MEASURES[MEANING]
    options[WORDING] = MEASURES[WORDING]
    if st.session_state.get(keys.DUPLICATES_ORDER) not in options:
        st.session_state[keys.DUPLICATES_ORDER] = next(iter(options))
    return segmented("Order by", options, keys.DUPLICATES_ORDER, persist_state="session")


def _bill(outcome: Outcome) -> None:
    assert outcome.run is not None
    response = outcome.run.response
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.metric("Billed", pricing.money_text(response.cost.amount), width="content")
        st.metric("Latency", f"{response.latency_ms:,.0f} ms", width="content")
        open_in_playground(outcome.run, "texts")
    show_warnings(response.warnings)


def _results(outcome: Outcome, rows: tuple[ComparedText, ...], by: str) -> None:
    if not rows:
        st.info("There was nothing to compare the reference with.")
        return
    records: list[dict[str, object]] = []
    for rank, row in enumerate(rows[:SHOWN], 1):
        record: dict[str, object] = {"Rank": rank}
        if outcome.run is not None and any(each.relevance is not None for each in rows):
            record["Relevance"] = row.relevance
        if row.meaning is not None:
            record["Meaning"] = row.meaning
        record |= {"Wording": row.wording, "Text": _preview(row.document)}
        records.append(record)
    if len(rows) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(rows):,}; the files have all of them.")
    scale = thresholds.scale(outcome.run) if outcome.run is not None else None
    alt = "The texts by how much they are like the reference"
    chosen = selected_row(records, f"one_{outcome.id}_{by}", alt, scale)
    row = rows[chosen]
    facts = {"Relevance": row.relevance, "Meaning": row.meaning, "Wording": row.wording}
    both = outcome.asked.reference or "", ranked_text(row.document, outcome.asked.rank_fields)
    texts(both, ("The reference text", name_of(row.place, row.document)), facts, outcome.id)


def _preview(document: Document) -> str:
    name = document.metadata.get("title")
    return f"{title(document)}: {document.text[:300]}" if name else title(document)


def _files(outcome: Outcome, rows: tuple[ComparedText, ...], by: str, threshold: float | None) -> None:
    reference = outcome.asked.reference or ""
    model = outcome.asked.local if by == MEANING else None
    if by == RELEVANCE and outcome.run is not None:
        model = outcome.run.response.model
    with st.container(horizontal=True):
        download("CSV", lambda: compared_csv(reference, rows), "compared.csv", keys.DUPLICATES_CSV)
        download(
            "JSON",
            lambda: compared_json(reference, rows, measure=by, threshold=threshold, model=model),
            "compared.json",
            keys.DUPLICATES_JSON,
        )
    st.caption("All texts in this order, with every score, the reference first. Nothing here deletes anything.")
