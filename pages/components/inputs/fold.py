"""A page's inputs, folded to one line once there is a result, so that the sentence and the board are on the screen.

Folded inputs are drawn as ever and hidden by the browser: what was typed, chosen and uploaded stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components.display.board import shown
from pages.components.inputs import presenting
from pages.components.inputs.documents import inbox, read_fields
from pages.components.inputs.rank_fields import names_of, read_of
from pages.components.session import keys, page_state
from pages.components.session.texts import texts
from rerank_core.rank_fields import TITLE_AND_TEXT

QUERY_CHARACTERS = 160
_HIDDEN = (
    "<style>[data-testid=stLayoutWrapper]:has(> .st-key-inputs) {{display: {inputs} !important}} "
    # A phone has no room for what a story is about while its result is to be seen.
    "@media (max-width: 640px) {{[data-testid=stLayoutWrapper]:has(> .st-key-story) {{display: {inputs} !important}}}}"
    "</style>"
)


@dataclass
class Fold:
    """What one page does with its inputs: `opened` is whether somebody asked to see them since the last result."""

    opened: bool = False

    def is_folded(self, result: bool) -> bool:
        """Whether the inputs are folded; `result` says that there is one to be seen, or that one is on its way."""
        return result and not self.opened

    def turn(self) -> None:
        """Open what is folded, or fold what is open. For a button's callback."""
        self.opened = not self.opened


def of(page: str) -> Fold:
    """This session's fold of a page."""
    return page_state.of(Fold, page)


def hide(page: str, result: bool) -> None:
    """Hide the inputs where they are folded. Call it before they are drawn, so that they are not seen first."""
    st.html(_HIDDEN.format(inputs="none" if of(page).is_folded(result) else "flex"))


def line(
    page: str,
    result: bool,
    words: Sequence[str],
    *,
    stale: bool,
    change: str = "Change query and texts",
    present: bool = True,
) -> None:
    """The one line: what was asked, and the button that opens the inputs or folds them.

    Call it once it is known whether there is a `result`. Where that is `stale`, the inputs say something else than it
    does: they are open, with the price of bringing it up to date. `present` offers the presenter
    view. `words` may be anybody's text: first what was asked, then what about it is always to be seen.
    """
    mine = of(page)
    mine.opened |= stale
    hide(page, result)
    if not result or stale:
        return
    folded = mine.is_folded(result)
    with st.container(key=keys.FOLD, horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key=keys.FOLD_WORDS, horizontal=True, gap="xsmall"):
            for each in words if folded else ():
                st.text(each)
        st.button(
            change if folded else "Show the result only",
            key=keys.of(keys.FOLD_TURN, page),
            icon=":material/edit:" if folded else ":material/unfold_less:",
            on_click=of(page).turn,
        )
        if folded and present:
            st.button(
                "Present",
                key=keys.of(keys.PRESENT, page),
                icon=":material/slideshow:",
                on_click=presenting.start,
                help="Query, sentence and board fill the screen, in large type; keys go from story to story.",
            )


def of_texts(*more: str) -> tuple[str, str]:
    """What the line says of the query and the documents that several pages share; `more` follows: the model."""
    working, read = texts().working, read_fields()
    query = shown(st.session_state.get(keys.QUERY) or "", QUERY_CHARACTERS, one_line=True)
    usual = read_of(working.documents, TITLE_AND_TEXT, keys.DOCUMENTS)
    reads = [] if read == usual else [f"read: {names_of(read)}"]
    count = len(working.documents)
    about = " · ".join([f"{count:,} document{'' if count == 1 else 's'}", *more, *reads])
    return f"“{query}”", about


def reading() -> bool:
    """Whether files of the shared documents are being read: their progress stands with the inputs."""
    return inbox().busy
