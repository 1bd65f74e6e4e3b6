"""The presenter view: sentence and board fill the screen, and keys go from story to story.

Whether it is on stands in the address, so that a reload stays in it. The inputs stay as they are, hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.components.display.presenter import Control
from pages.components.inputs.examples import load_example, story_shown
from pages.components.session import keys, page_state, query_params
from pages.components.session.texts import OWN, as_pasted_text, texts
from rerank_core import samples
from rerank_core.documents.working_list import WorkingList

_HIDDEN = (
    "<style>[data-testid=stSidebar], [data-testid=stHeader], [data-testid=stExpandSidebarButton], "
    "[data-testid=stLayoutWrapper]:has(> :is(.st-key-around, .st-key-inputs)) {display: none !important} "
    "[data-testid=stMainBlockContainer] {padding-top: .75rem !important; padding-bottom: 1rem !important}</style>"
)

NEXT = Control("next", ("ArrowRight", "n"), "→", "next story")
PREVIOUS = Control("previous", ("ArrowLeft", "p"), "←", "previous story")
LEAVE = Control("leave", ("Escape",), "Esc", "leave")


@dataclass(frozen=True)
class Own:
    """Texts of somebody's own, or a story they changed, as they stood before the next story took their place."""

    query: str
    working: WorkingList
    rank_fields: tuple[str, ...]


@dataclass
class PresenterView:
    """Whether the page is presented, None before the address was asked; what is switched on; and the own texts that
    the stories come back to."""

    active: bool | None = None
    lines: bool = True
    scores: bool = True
    own: Own | None = None


def of() -> PresenterView:
    """This session's presenter view."""
    return page_state.of(PresenterView)


def on() -> bool:
    """Whether the page is presented."""
    mine = of()
    if mine.active is None:
        mine.active = query_params.get(keys.PRESENTING) == "1"
    return mine.active


def start() -> None:
    """Present the page. For a button's callback."""
    of().active = True
    st.rerun()


def in_link() -> str | None:
    """What the address says of it."""
    return "1" if on() else None


def hide_the_rest() -> None:
    """Hide everything that is not presented. Call it first, so that it is not seen before."""
    if on():
        st.html(_HIDDEN)


def switches(scores: bool) -> list[Control]:
    """The keys for what can be seen; `scores` says that there are any."""
    mine = of()
    return [
        Control("lines", ("l",), "L", "lines", mine.lines),
        *([Control("scores", ("s",), "S", "scores", mine.scores)] if scores else []),
    ]


def follow(action: str) -> bool:
    """Do what is the same on every page; whether it was any of that. Call it before widgets are drawn."""
    mine = of()
    match action:
        case "next":
            _step(1)
        case "previous":
            _step(-1)
        case "lines":
            mine.lines = not mine.lines
        case "scores":
            mine.scores = not mine.scores
        case "leave":
            mine.active = False
        case _:
            return False
    return True


def _step(way: int) -> None:
    """Go to the story after or before this one, round and round; own texts have their place before the first."""
    shared, mine = texts(), of()
    query, story = st.session_state.get(keys.QUERY) or "", story_shown()
    changed = story is None or query != story.query or shared.working.documents != story.documents
    if changed and shared.working.documents:
        mine.own = Own(query, shared.working, shared.rank_fields)
    names = [*([OWN] if mine.own else []), *(example.id for example in samples.EXAMPLES)]
    here = OWN if changed else shared.example
    place = names.index(here) if here in names else -max(way, 0)
    name = names[(place + way) % len(names)]
    if name != OWN:
        load_example(name)
    elif mine.own is not None:
        st.session_state[keys.QUERY] = mine.own.query
        st.session_state[keys.DOCUMENTS] = as_pasted_text(mine.own.working.documents)
        shared.replace(mine.own.working, OWN)
        shared.rank_fields = mine.own.rank_fields
