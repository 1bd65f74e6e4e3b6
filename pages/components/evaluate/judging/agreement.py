"""How far several raters agree, in words, and where they do not."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.display.board import shown
from pages.components.evaluate.orders import remembered
from rerank_core.evaluation.judging import agreement as raters
from rerank_core.evaluation.judging.agreement import Disagreement
from rerank_core.evaluation.judging.settling import RULES
from rerank_core.evaluation.measures.measure import Judgments
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, QuerySet

SHOWN = 500


def agreement(query_set: QuerySet) -> None:
    """A sentence for every two raters who have rated something in common, and their differences."""
    if len(query_set.raters) < 2:
        return
    with st.expander("How far the raters agree", icon=":material/group:"):
        in_words(query_set)
        different = raters.disagreements(_judgments(query_set))
        if not different:
            return
        texts = {query.id: query.text for query in query_set.queries}
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Query": shown(texts.get(one.query, ""), 200, one_line=True),
                        "Document": title_of(query_set, one.document),
                        **{name: one.grades.get(name) for name in query_set.raters},
                    }
                    for one in different[:SHOWN]
                ]
            ),
            hide_index=True,
            placeholder="",
            alt="Documents that raters see differently, the widest apart first",
        )


def in_words(query_set: QuerySet) -> None:
    """How far all of them agree, and every two."""
    for said in remembered(("agreement", query_set.judgments), lambda: _said(query_set)):
        st.text(f"{said}.")
    st.caption(
        "Kappa is agreement beyond chance: 0 is chance, 1 is full agreement; weighted, so that 2 against 3 counts "
        "less than 0 against 3. Behind it stands where it lies with 95%. Where several people rated a document and "
        f"nothing was settled, {RULES[query_set.rule]}, counts."
    )


def differences(query_set: QuerySet) -> tuple[Disagreement, ...]:
    """What people grade differently, the widest apart first; what came with a file is nobody's grade."""
    people = {name: own for name, own in _judgments(query_set).items() if name not in NO_PERSON}
    return remembered(("differences", query_set.judgments), lambda: raters.disagreements(people))


def title_of(query_set: QuerySet, document: str) -> str:
    """A document in a list: by its title, else by its text, else by its id."""
    found = query_set.documents.get(document)
    text = document if found is None else str(found.metadata.get("title") or found.text)
    return shown(text, 200, one_line=True)


def _judgments(query_set: QuerySet) -> dict[str, Judgments]:
    return {name: query_set.judgments[name] for name in query_set.raters}


def _said(query_set: QuerySet) -> tuple[str, ...]:
    judgments = _judgments(query_set)
    together = raters.group_agreement(judgments)
    return (*([together.text] if together else []), *(pair.text for pair in raters.agreement(judgments)))
