"""Step 7: the report to take away: one HTML file for people, CSV files with every number."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.components.evaluate.answer.recommended import advice
from pages.components.evaluate.orders import filters, rankings, settings, worked_out
from pages.components.evaluate.run import under_way
from pages.components.evaluate.state import experiment, state
from pages.components.evaluate.summary import current_summary
from pages.components.session import connection as connections
from pages.components.session import keys, stores
from rerank_core import RerankError
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.evaluation.report.csv_files import report_csv, results_csv
from rerank_core.evaluation.report.report import Report, make_report, report_html
from rerank_core.exports import tables


def report_step(query_set: QuerySet) -> None:
    """What the report says, and its files."""
    found = current_summary(lambda summary: advice(summary).lead.text)
    if found is None:
        return
    filters(query_set)
    if under_way():
        st.caption("The run is not over: the report would hold what there is so far.")
    title = st.text_input(
        "Title of the report", placeholder=query_set.name, key=keys.REPORT_TITLE, max_chars=200, width=480
    )
    try:
        report = _made(title.strip())
    except RerankError as error:
        state().error = error
        return
    name = tables.slug(title or query_set.name) or "evaluation"
    with st.container(horizontal=True):
        for label, written, ending, mime, icon, key in (
            ("Report (HTML)", report_html, ".html", "text/html", "description", keys.REPORT_HTML),
            ("Every number (CSV)", report_csv, ".csv", "text/csv", "table", keys.REPORT_CSV),
            ("All results (CSV)", results_csv, "-results.csv", "text/csv", "format_list_numbered", keys.RESULTS_CSV),
        ):
            st.download_button(
                label,
                partial(written, report),
                file_name=name + ending,
                mime=mime,
                type="primary" if key == keys.REPORT_HTML else "secondary",
                icon=f":material/{icon}:",
                on_click="ignore",
                key=key,
            )
    st.caption(
        "The HTML report is one file that opens in any browser and prints. Its first page has the recommendation, "
        "three figures, and queries won and lost; then come charts, tables, data, method, prices with their date, and "
        "versions. It needs nothing from the internet."
    )
    st.caption(
        f":material/visibility: It holds the text of {len(found.queries):,} queries and the names of the raters. Look "
        "at it before you send it on."
    )


def _made(title: str) -> Report:
    query_set, shown = state().opened, experiment()
    assert shown is not None
    found, chosen, prices, kept = rankings(), settings(), connections.prices(), stores.query_sets().thresholds()
    marks = tuple((*key, one.score, one.how) for key, one in kept.items())
    return worked_out(
        ("report", query_set, found, chosen, marks, title, prices),
        lambda: make_report(
            query_set,
            found,
            chosen,
            prices=prices,
            progress=stores.experiments().progress(shown.id),
            thresholds=kept,
            title=title,
        ),
    )
