"""The mark of an answer that was paid for before and costs nothing now, and the way to ask once more all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from pages.components.display.markdown import escaped


def saved_answer(answered: datetime, cost: str, again: Callable[[], None], *, key: str, which: str = "") -> None:
    """Say when the very same request was answered, and offer to send it again for about `cost`. `which` names the model
    where there are several; it is shown as it is."""
    when = answered.astimezone().strftime("%d %B %Y, %H:%M")
    of = f" of {which}" if which else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            escaped(
                f":material/inventory_2: **Saved answer**{of} from {when}: the very same was asked then. Nothing was "
                "sent now, and it cost $0."
            ),
            width="content",
        )
        st.button(
            "Run again",
            icon=":material/replay:",
            key=key,
            on_click=again,
            help=escaped(f"Sends it once more and keeps the new answer too. Estimated cost {cost}."),
        )
