"""How far several raters agree, in words, and where they do not."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.display.board import shown
from rerank_core.evaluation.judging import agreement as raters
from rerank_core.evaluation.judging.settling import RULES
from rerank_core.evaluation.query_sets.query_set import QuerySet

SHOWN = 500


def agreement(query_set: QuerySet) -> None:
    """A sentence for every two raters who have rated something in common, and their differences."""
    judgments = {name: query_set.judgments[name] for name in query_set.raters}
    if len(judgments) < 2:
        return
    with st.expander("How far the raters agree", icon=":material/group:"):
        together = raters.group_agreement(judgments)
        for said in (*([together.text] if together else []), *(pair.text for pair in raters.agreement(judgments))):
            st.text(f"{said}.")
        st.caption(
            "Kappa is agreement beyond chance: 0 is chance, 1 is full agreement; weighted, so that 2 against 3 counts "
            "less than 0 against 3. Behind it stands where it lies with 95%. Where several people rated a document, "
            f"{RULES[query_set.rule]}, counts."
        )
        different = raters.disagreements(judgments)
        if not different:
            return
        texts = {query.id: query.text for query in query_set.queries}
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Query": shown(texts.get(one.query, ""), 200, one_line=True),
                        "Document": shown(_text(query_set, one.document), 200, one_line=True),
                        **{name: one.grades.get(name) for name in judgments},
                    }
                    for one in different[:SHOWN]
                ]
            ),
            hide_index=True,
            placeholder="",
            alt="Documents that raters see differently, the widest apart first",
        )


def _text(query_set: QuerySet, document: str) -> str:
    found = query_set.documents.get(document)
    return document if found is None else str(found.metadata.get("title") or found.text)
