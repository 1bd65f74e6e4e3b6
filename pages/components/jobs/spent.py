"""What the session has spent, in its place in the sidebar: drawn once in a run, by the page where that draws parts of
itself alone, else behind it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.display.markdown import escaped
from pages.components.jobs import budget_today
from pages.components.session import connection, page_state
from rerank_core.pricing.estimates import money_text


@dataclass
class SpentPlace:
    """Where in the sidebar it is drawn, and whether it has been since the page began."""

    place: DeltaGenerator | None = None
    drawn: bool = False


def here() -> None:
    """Keep the place for it. Call it once a run, in the sidebar."""
    current = page_state.of(SpentPlace)
    current.place, current.drawn = st.container(gap=None), False


def draw() -> None:
    """Draw it as it is now."""
    current = page_state.of(SpentPlace)
    if current.place is None:
        return
    current.drawn = True
    now = connection.budget().now()
    words = [
        f"of a limit of {money_text(now.limit)}" if now.limit is not None else "",
        "1 call" if now.calls == 1 else f"{now.calls:,} calls",
        f"{money_text(now.uncertain)} may have been billed as well" if now.uncertain else "",
        f"{now.unknown_calls:,} of unknown cost" if now.unknown_calls else "",
    ]
    with current.place:
        st.markdown(escaped(f"Spent this session **{money_text(now.spent)}**"))
        st.caption(escaped(", ".join(word for word in words if word)))
        budget_today.show()


def draw_last() -> None:
    """Draw it where the page has not."""
    if not page_state.of(SpentPlace).drawn:
        draw()
