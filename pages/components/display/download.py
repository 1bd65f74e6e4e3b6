"""Files to take away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_MIMES = {
    "csv": "text/csv",
    "gz": "application/gzip",
    "html": "text/html",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}


def download(label: str, data: Callable[[], bytes], file_name: str, key: str | None = None, **how: Any) -> None:
    """A button for a file that is made when it is pressed. Its kind follows the name's ending: csv, gz, html, json,
    svg, txt. What else is given goes to Streamlit."""
    mime = _MIMES[file_name.rpartition(".")[2]]
    how = {"icon": ":material/download:", **how}
    st.download_button(label, data, file_name, mime, key=key, on_click="ignore", **how)
