"""What to do, in a few words at the top of a step, with the figures that it rests on below."""

from __future__ import annotations

import streamlit as st

from pages.components.evaluate.orders import remembered
from rerank_core.evaluation.measures.recommendation import Advice, Recommendation, recommend
from rerank_core.evaluation.measures.summary import Summary


def advice(found: Summary) -> Advice:
    """The recommendation of a summary, worked out once."""
    return remembered(("advice", found), lambda: recommend(found))


def draw_reasons(found: Summary) -> None:
    """Why, with the figures of the model that is recommended, then what to do about the others."""
    advised = advice(found)
    st.text(advised.lead.reason)
    first = advised.lead.label or found.best
    for one in sorted(advised.models, key=lambda one: one.label != first):
        st.text(_sentence(found, one, said=one.label == advised.lead.label))


def _sentence(found: Summary, one: Recommendation, *, said: bool) -> str:
    """The figures of a model, after what to do about it where the headline has not `said` that."""
    sentence = found.sentences[one.label or ""]
    return sentence if said or one.verdict == "unknown" else f"{one.text}: {sentence}"
