"""What of a request was otherwise in the later of two things, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components.display.board import shown

_PREVIEW = 160


def changes_table(rows: Sequence[tuple[str, str, str]]) -> None:
    """Draw what changed, how it was and how it is; nothing where nothing did."""
    if rows:
        st.dataframe(
            pd.DataFrame(rows, columns=["What", "Earlier", "Later"]).map(
                lambda text: shown(text, _PREVIEW, one_line=True)
            ),
            hide_index=True,
            height="content",
            column_config={"What": st.column_config.TextColumn(width="small")},
            alt="What was asked otherwise, with how it was and is",
        )
