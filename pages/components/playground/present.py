"""The Playground presented: the sentence in large type, and the keys that go to another story or another model."""

from __future__ import annotations

import streamlit as st

from pages.components.display.presenter import Control, presenter
from pages.components.inputs import model as model_input
from pages.components.inputs import presenting
from pages.components.playground import run
from pages.components.playground.result import sentence
from pages.components.playground.state import state
from pages.components.session import connection as connections
from pages.components.session import keys
from pages.components.session.connection import Connection
from rerank_core import pricing
from rerank_core.providers.spec import ModelSpec

MODEL = Control("model", ("m",), "M", "next model")
RUN = Control("run", ("Enter",), "Enter", "rerank")


def head(connection: Connection, model: ModelSpec | None, top_n: int) -> None:
    """Draw the query, the sentence and the keys, where the page is presented. Call it once the run has been taken."""
    if not presenting.on():
        return
    current, working = state().run, run.RERANK.job().running
    shown = current.response.results if current is not None else ()
    controls = [presenting.NEXT, presenting.PREVIOUS]
    if len(connection.provider.models) > 1:
        controls.append(MODEL)
    controls += presenting.switches(any(row.relevance_score is not None for row in shown))
    to_do = "" if working else _to_do(connection, model)
    if to_do and connection.ready:
        controls.append(RUN)
    said = "Reranking…" if working else sentence(current, top_n) if current is not None else "Not reranked yet"
    presenter(
        st.session_state.get(keys.QUERY) or "",
        said,
        to_do,
        [*controls, presenting.LEAVE],
        key=keys.PRESENTER,
        on_press=_follow,
    )


def _to_do(connection: Connection, model: ModelSpec | None) -> str:
    """What brings the result up to date, with its price; empty where there is nothing to do."""
    if state().run is not None and run.changed(connection, model) is None:
        return ""
    if not connection.ready:
        return f"{connection.provider.label}: {connection.state}"
    cost = pricing.money_text(model_input.estimate(connection, model).amount)
    return f"Enter reranks this; estimated cost {cost}."


def _follow(action: str) -> None:
    connection = connections.current()
    if presenting.follow(action):
        pass
    elif action == "model":
        model_input.next_model(connection)
        state().wanted = connection.provider.is_local
    elif action == "run":
        state().wanted = True
    st.rerun()  # stories and models change the inputs, too
