"""Compare presented: the sentence in large type, and the keys that go to another story."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components.compare import input, run
from pages.components.compare.result import sentence
from pages.components.compare.state import state
from pages.components.display.presenter import Control, presenter
from pages.components.inputs import presenting
from pages.components.session import keys
from rerank_core.ranking.contender import Contender

RUN = Control("run", ("Enter",), "Enter", "compare")


def head(chosen: Sequence[Contender], top_n: int) -> None:
    """Draw the query, the sentence and the keys, where the page is presented. Call it once the answers were taken."""
    if not presenting.on():
        return
    initial = bool(st.session_state.get(keys.COMPARE_INITIAL))
    controls = [
        presenting.NEXT,
        presenting.PREVIOUS,
        *presenting.switches(scores=False),
        Control("initial", ("i",), "I", "initial order", initial),
    ]
    to_do = ""
    if not state().under_way and (not state().answered or input.changed(chosen) is not None):
        to_do = f"Enter compares this; estimated cost {run.plan(chosen).cost.text}."
        controls.append(RUN)
    presenter(
        st.session_state.get(keys.QUERY) or "",
        sentence(top_n),
        to_do,
        [*controls, presenting.LEAVE],
        key=keys.PRESENTER,
        on_press=_follow,
    )


def _follow(action: str) -> None:
    if presenting.follow(action):
        return
    if action == "initial":
        st.session_state[keys.COMPARE_INITIAL] = not st.session_state.get(keys.COMPARE_INITIAL)
    elif action == "run":
        state().wanted = True
