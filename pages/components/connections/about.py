"""What is known of a service: its documentation, what its scores are, what it takes and bills, how it was tried."""

from __future__ import annotations

import streamlit as st

import rerank_core as rc
from pages.components.display.markdown import escaped
from rerank_core.providers.spec import SCALES


def show(spec: rc.ProviderSpec) -> None:
    """Draw the description, and the facts in an expander."""
    st.caption(escaped(spec.description))
    facts = spec.facts
    if facts is None:
        return
    listwise = [model.label for model in spec.models if model.listwise]
    together = (
        f"{' and '.join(listwise)}: documents are read together, so a request is never split." if listwise else ""
    )
    lines = {
        "Scores": f"{SCALES[facts.scale]} {together}".strip(),
        "Equal scores": facts.ties,
        "Blank documents": facts.blank,
        "Top N": facts.cut,
        "Limits": facts.limits,
        "Billed": facts.billed,
        "How it was checked": facts.checked,
    }
    with st.expander("What is known of this service", icon=":material/info:"):
        for name, words in lines.items():
            st.markdown(f"**{name}.** {escaped(words)}")
        read = f"{facts.read_on.day} {facts.read_on:%B %Y}"
        st.caption(f"Documentation read on {read}: {escaped(spec.docs_url)}")
