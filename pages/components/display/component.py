"""How a component of the browser is declared: from the files of its folder and from parts that several share."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_HERE = Path(__file__).parent


def component(folder: str, *shared: str, html: str = "") -> ComponentRenderer:
    """The component of a folder in this room; `shared` names files of `browser/` that stand before its own.

    The policy of the pages lets a component import nothing, so its script and its style are one text each, which is
    joined here, once. `html` stands in place of a file.
    """

    def text(ending: str) -> str:
        paths = [_HERE / "browser" / name for name in shared if name.endswith(ending)]
        return "\n".join(path.read_text("utf-8") for path in [*paths, *sorted((_HERE / folder).glob(f"*{ending}"))])

    return st.components.v2.component(f"rerank_{folder}", html=html or text(".html"), css=text(".css"), js=text(".js"))
