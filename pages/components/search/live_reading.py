"""What the model reads of the documents of a live search engine."""

from __future__ import annotations

import streamlit as st

from pages.components.inputs.collections import LIVE
from pages.components.inputs.rank_fields import chosen_of, rank_fields_control
from pages.components.search.state import SearchAnswer, state
from pages.components.session import keys
from rerank_core import Document
from rerank_core.rank_fields import TITLE_AND_TEXT


def choice() -> None:
    """What the model reads of the documents of a live engine, which are known once there was a search."""
    current, documents = state(), _live_documents(state().answer)
    if not documents:
        st.caption("The model reads title and text. Its other fields can be chosen after the first search.")
        return

    def change(fields: tuple[str, ...]) -> None:
        current.live_reading = fields

    rank_fields_control(documents, current.live_reading, change, keys.LIVE_INDEX)


def read_as_before(answer: SearchAnswer | None) -> None:
    """After a reload of the page: go on with what was read for the answer of a live engine that is shown again."""
    documents, current = _live_documents(answer), state()
    if documents and answer is not None and answer.run is not None and current.live_reading == TITLE_AND_TEXT:
        current.live_reading = chosen_of(documents, answer.run.request.rank_fields, keys.LIVE_INDEX)


def _live_documents(answer: SearchAnswer | None) -> tuple[Document, ...]:
    return answer.documents if answer is not None and answer.source == LIVE else ()
