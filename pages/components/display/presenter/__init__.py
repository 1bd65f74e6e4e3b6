"""The head of the presenter view: query and sentence in large type, and the keys that drive it.

A Streamlit component that writes text as text only. It listens to the keys of the whole page and leaves those alone
that somebody types into a field.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components.display.board import shown
from pages.components.display.component import component
from pages.components.session import keys

__all__ = ["Control", "presenter", "pressed_of"]

QUERY_CHARACTERS = 300
SENTENCE_CHARACTERS = 400

_PRESENTER = component("presenter", "theme.css", "elements.js")


@dataclass(frozen=True, slots=True)
class Control:
    """Something that a key does: `action` is told to the page, `keys` are its keys as a browser calls them (letters
    small), `cap` is how the legend shows them. `on` says of a switch how it stands; None is no switch."""

    action: str
    keys: tuple[str, ...]
    cap: str
    label: str
    on: bool | None = None


def pressed_of(sent: object, seen: int, controls: Sequence[str]) -> tuple[list[str], int]:
    """What a browser sent, checked like anything from outside: the actions after the number `seen`, and the last one.

    Presses that were heard before, and what is none of `controls`, are nothing.
    """
    found = []
    if isinstance(sent, list):
        for entry in sent:
            match entry:
                case [int(number), str(action)] if number > seen:
                    seen = number
                    if action in controls:
                        found.append(action)
    return found, seen


def presenter(
    query: str, sentence: str, note: str, controls: Sequence[Control], *, key: str, on_press: Callable[[str], None]
) -> None:
    """Draw query and sentence with the legend of the keys; `note` stands below where there is something to be said.

    `on_press` is called with an action before the page runs again, where widget values may still be set.
    """
    memory = st.session_state.setdefault(keys.of(key, "heard"), {"seen": int(time.time() * 1000)})

    def heard() -> None:
        sent = st.session_state.get(key, {}).get("presses")
        actions, memory["seen"] = pressed_of(sent, memory["seen"], [control.action for control in controls])
        for action in actions:
            on_press(action)

    data: dict[str, Any] = {
        "query": shown(query, QUERY_CHARACTERS, one_line=True),
        "sentence": shown(sentence, SENTENCE_CHARACTERS, one_line=True),
        "note": note,
        "seen": memory["seen"],
        "controls": [
            {"action": each.action, "keys": list(each.keys), "cap": each.cap, "label": each.label, "on": each.on}
            for each in controls
        ],
    }
    _PRESENTER(key=key, data=data, on_presses_change=heard)
