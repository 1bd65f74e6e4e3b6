"""The figures as Quepid and Elasticsearch count them, and how ties, missing queries and the ideal are treated."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.display import glossary
from pages.components.evaluate.orders import orders, remembered
from pages.components.session import keys
from rerank_core.evaluation.measures.other_tools import COUNTING, as_other_tools_count
from rerank_core.evaluation.measures.summary import Summary


def other_tools(found: Summary) -> None:
    """A table of every order, behind an expander; it is worked out when that is open."""
    opened = st.expander(
        "As Quepid and Elasticsearch count it", icon=":material/calculate:", key=keys.OTHER_TOOLS, on_change="rerun"
    )
    if not opened.open:
        return
    rows = remembered(("other tools", found), lambda: _rows(found))
    with opened:
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%.4f", help=glossary.measure(_measure(name)))
                for name in rows[0]
                if name != "Order"
            },
            alt="Every order as this page, Quepid and Elasticsearch count it",
        )
        for name, meaning in COUNTING:
            st.text(f"{name}: {meaning}")


def _measure(column: str) -> str:
    """The measure that a column is of: "nDCG@10 in Quepid" is of nDCG@10, MRR of RR."""
    return column.partition(" ")[0].removeprefix("M")


def _rows(found: Summary) -> list[dict[str, object]]:
    k, judgments = found.settings.k, found.settings.judgments or {}
    rated = {query: judgments[query] for query in found.queries}
    runs, rows = orders(), []
    for row in found.rows:
        own = {query: runs[row.label][query] for query in found.queries}
        theirs = as_other_tools_count(rated, own, k=k, relevant=found.settings.relevant)
        rows.append(
            {
                "Order": row.label,
                f"{found.measure} here": row.means[found.measure],
                f"{found.measure} in Quepid": theirs.quepid_ndcg,
                f"{found.measure} in Elasticsearch": theirs.elasticsearch_ndcg,
                f"P@{k} in both": theirs.precision,
                f"MRR@{k} in both": theirs.reciprocal_rank,
            }
        )
    return rows
